using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Silo.Cli;

/// <summary>What somebody who waits for builds gets to see: a line for each change that means something, what became of all, and on a
/// terminal how they stand.</summary>
internal sealed class FollowOutput(CliContext context, bool quiet) : IDisposable
{
    private readonly Dictionary<BuildId, string> _said = [];
    private readonly Dictionary<BuildId, BuildProgress> _known = [];
    private readonly LiveLine _live = new(context, quiet);
    private readonly long _begun = context.Time.GetTimestamp();

    public void Note(string text)
    {
        _live.Clear();
        context.Error.WriteLine($"note: {text}");
    }

    public void Changed(BuildProgress status)
    {
        var before = _known.GetValueOrDefault(status.Build);
        _known[status.Build] = status;
        var line = Line(status);
        if (quiet || IsCountdown(before, status) || (_said.TryGetValue(status.Build, out var said) && said == line))
        {
            return;
        }

        _said[status.Build] = line;
        _live.Clear();
        context.Out.WriteLine(line);
    }

    /// <summary>Shows how all of them stand.</summary>
    public void Stand()
    {
        var settled = _known.Values.Count(status => status.IsSettled);
        var waiting = _known.Values.Count(status => status is { State: BuildState.Waiting, IsSettled: false });
        _live.Show(string.Create(
            CultureInfo.InvariantCulture,
            $"{settled} of {_known.Count} done, {_known.Count - settled - waiting} with builders, {waiting} waiting, {Durations.Text(context.Time.GetElapsedTime(_begun))}"));
    }

    public void Summary(IReadOnlyList<BuildProgress> ends)
    {
        _live.Clear();
        foreach (var group in ends.GroupBy(end => end.Word).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            context.Out.WriteLine($"{group.Count(),5}  {group.Key}");
        }
    }

    /// <summary>One line: package, where it is, and what is worth knowing of that.</summary>
    public static string Line(BuildProgress status)
    {
        var more = status switch
        {
            { State: BuildState.Waiting, Wait: WaitReason.Turn or WaitReason.None } => "",
            { State: BuildState.Waiting } => status.Reason,
            { IsFinal: true } => status.Reason,
            { Builder: { } builder } => $"on {builder}{(status.Attempts > 1 ? $", attempt {status.Attempts}" : "")}",
            _ => "",
        };
        return $"{status.Build.Pkgbase}: {status.Word}{(more.Length > 0 ? $": {more}" : "")}";
    }

    public void Dispose() => _live.Dispose();

    /// <summary>The seconds until the next attempt are in the reason: that they pass means nothing.</summary>
    private static bool IsCountdown(BuildProgress? before, BuildProgress now) =>
        before is { State: BuildState.Waiting, Wait: WaitReason.RetryPause } && now is { State: BuildState.Waiting, Wait: WaitReason.RetryPause }
        && before.Attempts == now.Attempts;
}
