using Caur.Pacman;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>What a schedule run decided for a package.</summary>
internal enum DecisionKind
{
    /// <summary>Nothing is new.</summary>
    Nothing,

    /// <summary>Its files change.</summary>
    Update,

    /// <summary>Only its <c>CI_PACKAGE_BUMP</c> changes.</summary>
    Bump,

    /// <summary>Nothing of the source repository changes, but its upstream has: it is built again.</summary>
    Rebuild,

    /// <summary>It could not be looked at, or not wholly.</summary>
    Skipped,
}

/// <summary>Who decides whether somebody has to look at an update first.</summary>
internal enum ReviewRule
{
    /// <summary>Nobody: the farm itself made it, from the repository's own scripts and settings.</summary>
    None,

    /// <summary>What it changes: a minor change goes on, a major one is reviewed, as <c>CI_HUMAN_REVIEW</c> and trust say.</summary>
    ByChange,

    /// <summary>It is reviewed, whatever it changes (<c>CI_NVCHECKER_REVIEW</c>).</summary>
    Always,
}

/// <summary>What a schedule run decided for a package, and why.</summary>
internal sealed record PackageDecision
{
    public required string PkgBase { get; init; }

    public required DecisionKind Kind { get; init; }

    /// <summary>Why, one sentence each, in the order of looking. Never empty.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>Whether it is to be built now. An update that is reviewed is built when it is merged instead.</summary>
    public bool Schedule { get; init; }

    /// <summary>The folder to commit, whole, with its config; null when only <see cref="Config"/> changes, or nothing.</summary>
    public FileTree? Files { get; init; }

    /// <summary>The <c>.CI/config</c> to commit; null when it stays as it is.</summary>
    public CiConfigText? Config { get; init; }

    /// <summary>Whether <see cref="Files"/> hold what is new of its source, and not only what the farm itself made.</summary>
    public bool TakesSource { get; init; }

    /// <summary>Who decides on a review of <see cref="Files"/>.</summary>
    public ReviewRule Review { get; init; }

    /// <summary>What is remembered.</summary>
    public required PackageState State { get; init; }
}
