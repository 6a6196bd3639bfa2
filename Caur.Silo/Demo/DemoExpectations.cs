using Caur.Contracts.Builds;

namespace Caur.Silo.Demo;

/// <summary>What is to become of each package. The file <c>demo.expect</c> of a source has one line per package: its pkgbase and a state,
/// where <c>Held</c> is a build that waits for a failed one and <c>Refused</c> one that was never queued; <c>#</c> begins a comment.</summary>
internal sealed class DemoExpectations
{
    public const string FileName = "demo.expect";

    private static readonly HashSet<string> States = [.. Enum.GetNames<BuildState>(), "Held", "Refused"];

    private readonly SortedDictionary<string, string> _states = new(StringComparer.Ordinal);

    private DemoExpectations()
    {
    }

    public IReadOnlyDictionary<string, string> ByPackage => _states;

    /// <exception cref="FormatException">A line cannot be read; the message names it.</exception>
    public static DemoExpectations Parse(string text)
    {
        var expectations = new DemoExpectations();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var words = line.Split('#')[0].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (words is not [var pkgbase, var state] || !States.Contains(state) || !expectations._states.TryAdd(pkgbase, state))
            {
                throw new FormatException($"{FileName}, line {number}: a pkgbase and one state are wanted, each pkgbase once: '{line.Trim()}'");
            }
        }

        return expectations;
    }

    /// <summary>True when it came out as expected. A version that a demo before published counts as published.</summary>
    public bool IsMet(string pkgbase, string state) =>
        _states.TryGetValue(pkgbase, out var expected)
        && (expected == state || (expected == nameof(BuildState.Published) && state == nameof(BuildState.AlreadyBuilt)));

    /// <summary>What came out differently, one sentence each.</summary>
    public IReadOnlyList<string> Mismatches(IReadOnlyDictionary<string, string> states) =>
    [
        .. _states.Where(expected => !states.ContainsKey(expected.Key))
            .Select(expected => $"{expected.Key} was not there, but was expected to end as {expected.Value}"),
        .. states.Where(state => !IsMet(state.Key, state.Value)).OrderBy(state => state.Key, StringComparer.Ordinal)
            .Select(state => _states.TryGetValue(state.Key, out var expected)
                ? $"{state.Key} ended as {state.Value}, but was expected to end as {expected}"
                : $"{state.Key} ended as {state.Value}, but {FileName} does not name it"),
    ];
}
