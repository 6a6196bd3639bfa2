using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Upstream;

/// <summary>
/// Which addresses from a source repository git is given. What stands in a PKGBUILD or a config is somebody else's: <c>ext::</c> runs a command,
/// <c>file://</c> and paths read this machine, a leading dash is an option, and <c>ssh</c> would offer this machine's keys. A user or token in it would stand on command lines.
/// </summary>
internal sealed record GitUrlRules
{
    private static readonly string[] Network = ["https", "http", "git"];

    /// <summary>Whether <c>file://</c> is allowed: only where everything on the machine belongs to whoever wrote the address.</summary>
    public bool AllowFiles { get; init; }

    /// <summary>What git itself may use (<c>GIT_ALLOW_PROTOCOL</c>), also after a redirect.</summary>
    public string Protocols => string.Join(':', AllowFiles ? [.. Network, "file"] : Network);

    /// <summary>Why an address is refused; null when git may have it.</summary>
    public string? Refuse(string url)
    {
        var shown = Shown.Short(url, 120);
        if (url.Length is 0 or > 2000 || url.StartsWith('-') || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            return $"'{shown}' is no address";
        }

        // HELPER::ADDRESS is git's way to run a program; two colons may stand only in the address of a host, behind the scheme.
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0 || url[..scheme].Contains(':', StringComparison.Ordinal) || !Uri.TryCreate(url, UriKind.Absolute, out var uri))
        {
            return $"'{shown}' is no URL with a scheme";
        }

        if (uri.Scheme == Uri.UriSchemeFile)
        {
            return AllowFiles ? null : $"'{shown}' is a file of this machine";
        }

        return !Network.Contains(uri.Scheme, StringComparer.Ordinal) ? $"'{shown}' is neither https, http nor git"
            : uri.UserInfo.Length > 0 ? $"'{shown}' names a user or a token, which everybody could read in it"
            : uri.Host.Length == 0 || uri.Host.StartsWith('-') ? $"'{shown}' names no host"
            : null;
    }

    /// <summary>The host for which requests are paced; of files one for all.</summary>
    public static string HostOf(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.IdnHost.Length > 0 ? uri.IdnHost : "this machine";
}
