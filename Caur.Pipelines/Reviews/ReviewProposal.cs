using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Reviews;

/// <summary>A change that somebody has to look at.</summary>
/// <param name="Pkgbase">The package, which is its folder's name.</param>
/// <param name="Old">The folder on main.</param>
/// <param name="New">The folder as it shall be.</param>
/// <param name="Change">What was found about the change.</param>
/// <param name="Why">Why somebody has to look, as <see cref="ReviewDecision"/> gives it.</param>
internal sealed record ReviewProposal(string Pkgbase, FolderTree Old, FolderTree New, PackageChange Change, string Why)
{
    /// <summary>Who kept the package when it was last taken over; null when that is not known.</summary>
    public IReadOnlyCollection<string>? KnownMaintainers { get; init; }

    /// <summary>Who keeps it now; null when that is not known.</summary>
    public IReadOnlyCollection<string>? Maintainers { get; init; }

    /// <summary>Whether nvchecker found the version.</summary>
    public bool IsNvchecker { get; init; }

    /// <summary>A user's number at GitLab: <c>CI_HUMAN_REVIEW_ASSIGNEE</c>.</summary>
    public long? Assignee { get; init; }
}

/// <summary>What became of a proposal.</summary>
internal enum ReviewState
{
    /// <summary>There is an open request, and it says what there is.</summary>
    Open,

    /// <summary>Somebody closed the request for just this change without taking it: nobody is asked twice.</summary>
    Rejected,

    /// <summary>The branch is there, the request is not.</summary>
    BranchOnly,

    /// <summary>Somebody else works on the branch, which stays as it is.</summary>
    TakenOver,

    /// <summary>The change is there already.</summary>
    Unneeded,

    /// <summary>There is no branch.</summary>
    Failed,
}

/// <summary>What became of a proposal.</summary>
/// <param name="Pkgbase">The package.</param>
/// <param name="State">How it is.</param>
/// <param name="Request">The request; null when there is none.</param>
/// <param name="Changed">Whether branch or request were made or changed.</param>
/// <param name="Words">What to tell, without secrets.</param>
internal sealed record ReviewOutcome(string Pkgbase, ReviewState State, Forges.ForgeRequest? Request, bool Changed, string Words);
