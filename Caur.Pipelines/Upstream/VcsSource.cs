using Caur.Pacman;

namespace Caur.Pipelines.Upstream;

/// <summary>Where the commits of a VCS package come from: the first <c>git+</c> source of its .SRCINFO.</summary>
/// <param name="Url">The address, without fragment and query; null when there is nothing to follow.</param>
/// <param name="Reference"><c>HEAD</c>, or <c>refs/heads/NAME</c>.</param>
/// <param name="Reason">Why there is nothing to follow.</param>
internal sealed record VcsSource(string? Url, string Reference, string Reason)
{
    private const string Mark = "git+";

    /// <summary>Whether a package's commits are followed, and why.</summary>
    /// <param name="pkgbase">The pkgbase.</param>
    /// <param name="config">Its <c>.CI/config</c>.</param>
    /// <param name="remembered">The commit in its state.</param>
    public static bool IsFollowed(string pkgbase, CiConfig config, string? remembered) =>
        pkgbase.EndsWith("-git", StringComparison.Ordinal) || config.IsTrue("CI_FORCE_VCS") || config["CI_GIT_COMMIT"] is not null || remembered is not null;

    /// <summary>
    /// Reads a package's sources. A fragment other than a branch names a commit or a tag: then its maintainer changes the PKGBUILD, and there
    /// is nothing to follow.
    /// </summary>
    public static VcsSource Of(Srcinfo srcinfo)
    {
        var source = srcinfo.Values("source").FirstOrDefault(value => value.Contains(Mark, StringComparison.Ordinal));
        if (source is null)
        {
            return Nothing("it has no git source");
        }

        var address = source[(source.LastIndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..];
        var hash = address.IndexOf('#', StringComparison.Ordinal);
        var url = Before(hash < 0 ? address : address[..hash], '?');
        var fragment = hash < 0 ? "" : Before(address[(hash + 1)..], '?');
        if (fragment.Length == 0)
        {
            return new VcsSource(url, "HEAD", "");
        }

        if (!fragment.StartsWith("branch=", StringComparison.Ordinal))
        {
            return Nothing($"its git source is pinned to {Polite.Shown.Short(fragment, 80)}");
        }

        var branch = fragment["branch=".Length..];
        return branch.Length == 0 || branch.Any(c => char.IsControl(c) || c is ' ' or '*' or '?' or '[' or '\\' or '^' or '~' or ':')
            ? Nothing("its git source names no branch that git allows")
            : new VcsSource(url, $"refs/heads/{branch}", "");
    }

    private static VcsSource Nothing(string reason) => new(null, "", reason);

    private static string Before(string text, char mark) => text.IndexOf(mark, StringComparison.Ordinal) is var at and >= 0 ? text[..at] : text;
}
