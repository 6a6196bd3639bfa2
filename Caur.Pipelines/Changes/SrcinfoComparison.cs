using System.Text.RegularExpressions;

namespace Caur.Pipelines.Changes;

/// <summary>
/// What a .SRCINFO says that the farm goes by, and that versions alone cannot change: which packages there are, and from which hosts they
/// come. It is written by whoever writes the PKGBUILD, so it could say anything.
/// </summary>
internal static partial class SrcinfoComparison
{
    private const string Path = FolderTree.Srcinfo;

    public static IEnumerable<ChangeReason> Compare(string old, string @new)
    {
        var (before, after) = (Lines(old), Lines(@new));
        foreach (var key in (string[])["pkgbase", "pkgname"])
        {
            foreach (var reason in Differences(key, before, after, value => value))
            {
                yield return reason;
            }
        }

        foreach (var reason in Differences("source", before, after, HostOf))
        {
            yield return reason;
        }
    }

    private static IEnumerable<ChangeReason> Differences(
        string key, IReadOnlyList<(string Key, string Value, int Line)> before, IReadOnlyList<(string Key, string Value, int Line)> after, Func<string, string?> said)
    {
        var known = before.Where(IsKey).Select(line => said(line.Value)).ToHashSet(StringComparer.Ordinal);
        foreach (var line in after.Where(IsKey).DistinctBy(line => said(line.Value)))
        {
            if (said(line.Value) is { } text && !known.Contains(text))
            {
                yield return new ChangeReason(Path, line.Line, $"{key} has '{text}', which was not there");
            }
        }

        if (key == "pkgname")
        {
            var left = after.Where(IsKey).Select(line => line.Value).ToHashSet(StringComparer.Ordinal);
            foreach (var gone in before.Where(line => IsKey(line) && !left.Contains(line.Value)))
            {
                yield return new ChangeReason(Path, null, $"{key} '{gone.Value}' is gone");
            }
        }

        bool IsKey((string Key, string Value, int Line) line) => line.Key == key || (key == "source" && line.Key.StartsWith("source_", StringComparison.Ordinal));
    }

    private static string? HostOf(string source) => Host().Match(source) is { Success: true } match ? match.Groups["host"].Value.ToLowerInvariant() : null;

    private static List<(string Key, string Value, int Line)> Lines(string text) =>
    [
        .. text.Split('\n').Select((line, index) => (Parts: line.Split('=', 2), Line: index + 1))
            .Where(line => line.Parts.Length == 2 && !line.Parts[0].TrimStart().StartsWith('#'))
            .Select(line => (line.Parts[0].Trim(), line.Parts[1].Trim(), line.Line)),
    ];

    [GeneratedRegex(@"^(?:[^:]*::)?[A-Za-z0-9+.-]+://(?:[^/@\s]*@)?(?<host>[^/:?#\s]+)")]
    private static partial Regex Host();
}
