using System.Collections.Immutable;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Pushes;

namespace Caur.Pipelines.Schedules;

/// <summary>What a run of the on-schedule pipeline is to do.</summary>
internal sealed record OnScheduleOptions
{
    /// <summary>The branch that is looked at; null for the other side's default one.</summary>
    public string? Branch { get; init; }

    /// <summary>The tag that marks up to where everything was handed over.</summary>
    public string Tag { get; init; } = OnCommitOptions.DefaultTag;

    /// <summary>For which architectures; at least one.</summary>
    public ImmutableArray<string> Architectures { get; init; } = ["x86_64"];

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary><c>TRIGGER</c>: only packages of this <c>CI_ON_TRIGGER</c> are scheduled, and nothing else is done; null for an ordinary run.</summary>
    public string? Trigger { get; init; }

    /// <summary>The id of the CI pipeline; null for none.</summary>
    public string? Pipeline { get; init; }

    /// <summary>What is the same when a run is repeated because it was ended, and differs for any other one: the orders of a trigger are made of
    /// it. Null for a run that nobody repeats.</summary>
    public string? RunId { get; init; }

    /// <summary>The web page of the CI job; null for none.</summary>
    public string? Page { get; init; }

    /// <summary>How pushes ask the other side to start no CI.</summary>
    public CiSkip Skip { get; init; } = CiSkip.Marker;

    /// <summary>Whom packages are learnt of, and how; its <c>.editorconfig</c> is set from the commit.</summary>
    public required ScheduleHostOptions Host { get; init; }

    /// <summary>Where requests are made; null for a repository at no forge, or without a token.</summary>
    public IForge? Forge { get; init; }

    /// <summary>How managed packages reach the AUR; null when they are not pushed.</summary>
    public ManagedAurSetup? Aur { get; init; }

    /// <summary>Told of each commit before it is pushed; null for nobody.</summary>
    public Action<string>? Made { get; init; }
}

/// <summary>How managed packages reach the AUR.</summary>
/// <param name="Key">The text of <c>AUR_KEY</c>.</param>
internal sealed record ManagedAurSetup(string Key)
{
    /// <summary>In front of a package's <c>NAME.git</c>; null for the AUR.</summary>
    public string? Address { get; init; }

    /// <summary>The lines of a known_hosts file; null for the AUR's key.</summary>
    public string? KnownHosts { get; init; }

    /// <summary>The page of the source repository's commits, without the package; null when there is none to name.</summary>
    public string? CommitsPage { get; init; }
}
