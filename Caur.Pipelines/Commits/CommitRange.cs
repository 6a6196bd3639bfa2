using System.Collections.Immutable;

namespace Caur.Pipelines.Commits;

/// <summary>What came since everything was handed over last.</summary>
/// <param name="From">The commit up to which everything was handed over; null when there is none.</param>
/// <param name="Head">The commit up to which it is now.</param>
/// <param name="Kind">How the two lie to each other.</param>
/// <param name="Messages">The commits whose messages count, the newest first.</param>
/// <param name="Files">The files that differ.</param>
internal sealed record CommitRange(
    string? From, string Head, RangeKind Kind, ImmutableArray<CommitMessage> Messages, ImmutableArray<ChangedFile> Files)
{
    /// <summary>The range in words.</summary>
    public string Text => Kind switch
    {
        RangeKind.HeadAlone => $"{CommitMessage.ShortOf(Head)} alone",
        RangeKind.Nothing => $"nothing since {CommitMessage.ShortOf(Head)}",
        RangeKind.Forward => $"{CommitMessage.ShortOf(From!)}..{CommitMessage.ShortOf(Head)}",
        RangeKind.Rewritten => $"{CommitMessage.ShortOf(From!)} and {CommitMessage.ShortOf(Head)}, as the history was rewritten between them",
        _ => $"{CommitMessage.ShortOf(From!)} and {CommitMessage.ShortOf(Head)}, which have no common history",
    };
}

/// <summary>How the commit that was handled last lies to the head.</summary>
internal enum RangeKind
{
    /// <summary>None was handled yet: the head counts, and nothing before it.</summary>
    HeadAlone,

    /// <summary>It is the head.</summary>
    Nothing,

    /// <summary>The head was made on top of it.</summary>
    Forward,

    /// <summary>It is not below the head any more; they have older commits in common.</summary>
    Rewritten,

    /// <summary>They have none in common. Of messages only the head's counts: the others are of all times.</summary>
    Unrelated,
}
