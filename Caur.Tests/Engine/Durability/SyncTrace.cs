using System.Globalization;
using System.Text.RegularExpressions;

namespace Caur.Tests.Engine.Durability;

/// <summary>
/// The system calls of <see cref="EngineLoad"/> as strace -f -y wrote them, and which answers were not durable when they were given: between
/// the writing of a record to the log and its answer there must lie a whole sync of the log.
/// </summary>
internal sealed partial class SyncTrace
{
    private readonly List<Call> _writes = [];
    private readonly List<Call> _syncs = [];
    private readonly List<(string Key, long Number, int Begin)> _answers = [];

    /// <param name="lines">What strace wrote.</param>
    /// <param name="log">The path of the database's log.</param>
    public SyncTrace(IEnumerable<string> lines, string log)
    {
        // A call that another thread's came between is written in two parts, and counts from the first to the last.
        var unfinished = new Dictionary<string, (string Name, string Path, string Text, int Begin)>();
        var position = 0;
        foreach (var line in lines)
        {
            position++;
            if (Begun().Match(line) is { Success: true } begun)
            {
                var (thread, name, path, text) = (begun.Groups[1].Value, begun.Groups[2].Value, begun.Groups[3].Value, begun.Groups[4].Value);
                if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
                {
                    unfinished[thread] = (name, path, text, position);
                }
                else
                {
                    Add(name, path, text, text, position, position, log);
                }
            }
            else if (Resumed().Match(line) is { Success: true } resumed && unfinished.Remove(resumed.Groups[1].Value, out var first))
            {
                Add(first.Name, first.Path, first.Text, resumed.Groups[2].Value, first.Begin, position, log);
            }
        }
    }

    /// <summary>How many answers can be judged: those of operations that write a text of their own.</summary>
    public int Answers => _answers.Count;

    /// <summary>The answers that were given too early, in words.</summary>
    public IReadOnlyList<string> Violations()
    {
        var violations = new List<string>();
        foreach (var (key, number, answered) in _answers)
        {
            foreach (var text in TextsOf(key, number))
            {
                var written = _writes.Find(write => write.Text.Contains(text, StringComparison.Ordinal));
                if (written is null || written.End >= answered)
                {
                    violations.Add($"{text} was answered before it was written to the log");
                }
                else if (!_syncs.Exists(sync => sync.Begin > written.End && sync.End < answered))
                {
                    violations.Add($"{text} was answered before the log was synced");
                }
            }
        }

        return violations;
    }

    private static IEnumerable<string> TextsOf(string key, long number) =>
        (key.StartsWith("slots", StringComparison.Ordinal) ? Enumerable.Range(0, LoadGrain.Slots).Select(slot => $"{key}/{slot}") : [key])
        .Select(name => string.Create(CultureInfo.InvariantCulture, $"{name}:{number};"));

    private void Add(string name, string path, string text, string end, int begin, int position, string log)
    {
        var isDone = Result().Match(end) is { Success: true } result && !result.Groups[1].Value.StartsWith('-');
        if (name is "fsync" or "fdatasync")
        {
            if (path == log && isDone)
            {
                _syncs.Add(new Call(text, begin, position));
            }
        }
        else if (path == log)
        {
            _writes.Add(new Call(text, begin, position));
        }
        else if (Answer().Match(text) is { Success: true } answer && WritesAText(answer.Groups[1].Value))
        {
            // From its beginning the reader may have it.
            _answers.Add((answer.Groups[1].Value, long.Parse(answer.Groups[2].Value, CultureInfo.InvariantCulture), begin));
        }
    }

    private static bool WritesAText(string key) => key.Split('-')[0] is "note" or "count" or "slots";

    [GeneratedRegex(@"^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$")]
    private static partial Regex Begun();

    [GeneratedRegex(@"^(\d+) +<\.\.\. \w+ resumed>(.*)$")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"\) += (-?\d+)")]
    private static partial Regex Result();

    [GeneratedRegex(@"^, ""answered ([a-z]+-\d+) (\d+)\\n""")]
    private static partial Regex Answer();

    private sealed record Call(string Text, int Begin, int End);
}
