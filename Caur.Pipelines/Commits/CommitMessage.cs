namespace Caur.Pipelines.Commits;

/// <summary>A commit and what its author wrote.</summary>
/// <param name="Commit">Its id, in full.</param>
/// <param name="Text">The whole message.</param>
internal sealed record CommitMessage(string Commit, string Text)
{
    /// <summary>So much of an id names a commit for people.</summary>
    public const int Shown = 10;

    /// <summary>The commit for people.</summary>
    public string Short => ShortOf(Commit);

    /// <summary>A commit for people.</summary>
    public static string ShortOf(string commit) => commit.Length > Shown ? commit[..Shown] : commit;
}
