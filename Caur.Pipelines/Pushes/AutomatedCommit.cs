using System.Text.RegularExpressions;

namespace Caur.Pipelines.Pushes;

/// <summary>Which commits a run made, and so may replace.</summary>
internal static partial class AutomatedCommit
{
    /// <summary>Whether a commit is a run's: by its subject, in the format of 2024 or today's, and by its author and committer. A merged
    /// review has the subject and author too, but not the committer.</summary>
    public static bool Is(CommitFacts commit, GitIdentity identity) =>
        commit.Parents.Count == 1 && commit.AuthorEmail == identity.Email && commit.CommitterEmail == identity.Email && Subject().IsMatch(commit.Subject);

    [GeneratedRegex(@"^chore\((packages\): update packages|update\): \S.*?)( \[skip ci\])?$")]
    private static partial Regex Subject();
}
