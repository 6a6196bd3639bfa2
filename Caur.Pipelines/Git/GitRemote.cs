namespace Caur.Pipelines.Git;

/// <summary>Another side of a repository: its address without a password, and the password.</summary>
/// <param name="Address">What git is given: a URL, a folder, or the name of a remote that a checkout is configured with.</param>
/// <param name="Credential">Null when git is told none.</param>
internal sealed record GitRemote(string Address, GitCredential? Credential)
{
    /// <summary>Takes name and password out of a URL, so that they stand in no command line.</summary>
    public static GitRemote Parse(string url)
    {
        var clean = WithoutUser(url, out var userInfo);
        var parts = userInfo.Split(':', 2);
        return parts is [var user, var password]
            ? new GitRemote(clean, GitCredential.For(clean, Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)))
            : userInfo.Length > 0 && clean != url
                // A token alone, as some forges take it.
                ? new GitRemote(clean, GitCredential.For(clean, Uri.UnescapeDataString(userInfo), ""))
                : new GitRemote(url, null);
    }

    /// <summary>The same address with another password; where no password is sent, the address alone.</summary>
    public static GitRemote With(string url, string user, string password)
    {
        var clean = WithoutUser(url, out _);
        return new GitRemote(clean, GitCredential.For(clean, user, password));
    }

    private static string WithoutUser(string url, out string userInfo)
    {
        userInfo = "";
        var begin = url.IndexOf("://", StringComparison.Ordinal) + 3;
        if (begin < 3 || !(url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase)))
        {
            return url;
        }

        var end = url.IndexOf('/', begin) is >= 0 and var slash ? slash : url.Length;
        var at = url.LastIndexOf('@', end - 1, end - begin);
        if (at < 0)
        {
            return url;
        }

        userInfo = url[begin..at];
        return url[..begin] + url[(at + 1)..];
    }
}
