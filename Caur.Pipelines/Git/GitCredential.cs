namespace Caur.Pipelines.Git;

/// <summary>Name and password for one server. Git gets them through its environment, and tells them to that server alone.</summary>
internal sealed class GitCredential
{
    private GitCredential(string server, string user, string password) => (Server, User, Password) = (server, user, password);

    /// <summary>Scheme, host and port of the server.</summary>
    public string Server { get; }

    public string User { get; }

    public string Password { get; }

    /// <summary>Of a server that is reached over HTTP; null for one that is not, which is told no password.</summary>
    /// <param name="url">An address there.</param>
    /// <param name="user">The name; forges take any with a token.</param>
    /// <param name="password">Password or token.</param>
    /// <exception cref="FormatException">The password has a line end, or another character that no request can hold.</exception>
    public static GitCredential? For(string url, string user, string password)
    {
        if (password.Any(char.IsControl) || user.Any(char.IsControl))
        {
            throw new FormatException("a password for git holds a line end or another control character");
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new GitCredential(uri.GetLeftPart(UriPartial.Authority).Replace($"{uri.UserInfo}@", "", StringComparison.Ordinal), user, password)
            : null;
    }

    /// <summary>Never the password.</summary>
    public override string ToString() => $"{User} at {Server}";
}
