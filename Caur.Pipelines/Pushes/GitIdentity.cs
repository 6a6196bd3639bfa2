namespace Caur.Pipelines.Pushes;

/// <summary>As whom commits are made: <c>GIT_AUTHOR_NAME</c>, <c>GIT_AUTHOR_EMAIL</c> of <c>.ci/config</c>.</summary>
internal sealed record GitIdentity
{
    /// <param name="name">What git leaves out of names is left out: angle brackets and control characters.</param>
    /// <param name="email">Likewise.</param>
    public GitIdentity(string name, string email) => (Name, Email) = (Plain(name), Plain(email));

    public string Name { get; }

    public string Email { get; }

    private static string Plain(string text) => string.Concat(text.Where(c => c is not ('<' or '>') && !char.IsControl(c))).Trim();
}
