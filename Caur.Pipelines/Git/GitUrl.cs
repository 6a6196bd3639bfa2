using System.Text.RegularExpressions;

namespace Caur.Pipelines.Git;

/// <summary>Where git may be sent: <c>https://</c>, <c>http://</c>, <c>ssh://</c>, <c>git://</c>, <c>user@host:path</c>, and, where the
/// operator chose the address, a folder of this machine.</summary>
internal static partial class GitUrl
{
    private static readonly string[] Remote = ["https", "http", "ssh", "git"];

    /// <summary>What is wrong with an address, for people; null when git may be given it.</summary>
    /// <param name="url">The address.</param>
    /// <param name="mayBeLocal">Whether a folder of this machine may be meant: never in what others wrote.</param>
    public static string? Problem(string url, bool mayBeLocal)
    {
        var shown = GitText.Clean(url);
        if (string.IsNullOrWhiteSpace(url) || url.Any(c => char.IsControl(c) || (c == ' ' && !mayBeLocal)))
        {
            return $"'{shown}' is no address for git: it is empty, or has blanks or control characters";
        }

        if (url[0] == '-')
        {
            return $"'{shown}' is no address for git: it begins like an option";
        }

        if (Transport().IsMatch(url))
        {
            // transport::address runs git-remote-transport, ext:: any program.
            return $"'{shown}' is no address for git: helpers for other transports are not used";
        }

        if (Scheme().Match(url) is { Success: true, Groups: [_, { Value: var scheme }] })
        {
            return Remote.Contains(scheme, StringComparer.OrdinalIgnoreCase) ? HostProblem(url, shown)
                : scheme.Equals("file", StringComparison.OrdinalIgnoreCase)
                    ? mayBeLocal ? null : $"'{shown}' is a folder of this machine, which only the farm's configuration may name"
                : $"'{shown}' is no address for git: https, ssh, git and http are known";
        }

        return ScpLike().IsMatch(url) ? null
            : mayBeLocal ? null
            : $"'{shown}' is no address for git: https://host/path is one";
    }

    /// <summary>ssh takes a host with a dash in front for an option.</summary>
    private static string? HostProblem(string url, string shown) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Host.Length > 0 && uri.Host[0] != '-' && !uri.UserInfo.StartsWith('-')
            ? null
            : $"'{shown}' is no address for git: it has no host";

    [GeneratedRegex(@"^[A-Za-z0-9+.-]+::", RegexOptions.CultureInvariant)]
    private static partial Regex Transport();

    [GeneratedRegex(@"^([A-Za-z][A-Za-z0-9+.-]*)://", RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:-][^:]*$", RegexOptions.CultureInvariant)]
    private static partial Regex ScpLike();
}
