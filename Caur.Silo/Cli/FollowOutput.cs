using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Silo.Cli;

/// <summary>What somebody who waits for builds gets to see: a line for each change that means something, and what became of all.</summary>
internal sealed class FollowOutput(CliContext context, bool quiet)
{
    private readonly Dictionary<BuildId, string> _said = [];

    public void Note(string text) => context.Error.WriteLine($"note: {text}");

    public void Changed(BuildProgress status)
    {
        var line = Line(status);
        if (quiet || (_said.TryGetValue(status.Build, out var before) && before == line))
        {
            return;
        }

        _said[status.Build] = line;
        context.Out.WriteLine(line);
    }

    public void Summary(IReadOnlyList<BuildProgress> ends)
    {
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
}
