using Caur.Pipelines.Bumps;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>How looking for something went.</summary>
internal enum FindingKind
{
    /// <summary>There was nothing to look for.</summary>
    NotAsked,

    /// <summary>Nothing is new.</summary>
    Same,

    /// <summary>Something is.</summary>
    New,

    /// <summary>It was looked at for the first time, so that nothing can be said to be new.</summary>
    First,

    /// <summary>It could not be looked at.</summary>
    Failed,
}

/// <summary>What one look brought.</summary>
/// <param name="Kind">How it went.</param>
/// <param name="Words">For the reason of a decision; empty when there is nothing worth saying.</param>
internal sealed record Finding(FindingKind Kind, string Words)
{
    /// <summary>There was nothing to look for, and nothing to say of it.</summary>
    public static Finding None { get; } = new(FindingKind.NotAsked, "");
}

/// <summary>All that a run learnt of one package.</summary>
internal sealed record Learnt
{
    /// <summary>Of <c>CI_PKGBUILD_SOURCE</c>, or of nvchecker, which takes its place.</summary>
    public Finding Source { get; init; } = Finding.None;

    /// <summary>The change in the AUR that was looked at, in seconds since 1970; null when none was.</summary>
    public long? AurTimestamp { get; init; }

    /// <summary>The commit upstream that was looked at.</summary>
    public string? UpstreamCommit { get; init; }

    /// <summary>Who decides whether somebody has to look at what is new of it.</summary>
    public ReviewRule Review { get; init; }

    /// <summary>Of its git source.</summary>
    public Finding Vcs { get; init; } = Finding.None;

    /// <summary>The newest commit of its git source; null when there is none to follow any more.</summary>
    public string? GitCommit { get; init; }

    /// <summary>Of <c>.CI/update.sh</c>.</summary>
    public Finding Hook { get; init; } = Finding.None;

    /// <summary>The folder with all that is new; null when it stayed as it was.</summary>
    public FileTree? Files { get; init; }

    /// <summary>The libraries of its <c>CI_REBUILD_TRIGGERS</c> that have other versions now.</summary>
    public IReadOnlyList<LibraryChange> Libraries { get; init; } = [];

    /// <summary>The bump for them; null when there are none.</summary>
    public BumpResult? Bump { get; init; }

    /// <summary>Those of its triggers that no followed database has.</summary>
    public IReadOnlyList<string> UnknownTriggers { get; init; } = [];
}
