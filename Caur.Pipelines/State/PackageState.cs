namespace Caur.Pipelines.State;

/// <summary>What is remembered of a package between runs.</summary>
internal sealed record PackageState
{
    /// <summary>Nothing.</summary>
    public static PackageState None { get; } = new();

    /// <summary><c>CI_GIT_COMMIT</c>: the newest commit of its git source when a run looked last.</summary>
    public string? GitCommit { get; init; }

    /// <summary><c>CI_PKGBUILD_TIMESTAMP</c>: the time of the change in the AUR that was looked at last, in seconds since 1970.</summary>
    public long? AurTimestamp { get; init; }

    /// <summary>The commit of the git repository of its <c>CI_PKGBUILD_SOURCE</c> that was looked at last. The templates do not remember it.</summary>
    public string? UpstreamCommit { get; init; }

    /// <summary>Git's id of the folder as the AUR has it, of a package that is kept there (<c>CI_MANAGE_AUR</c>). The templates do not remember it.</summary>
    public string? PublishedTree { get; init; }

    /// <summary>Libraries that changed when it could not be looked at, as <see cref="Rebuilds.MissedLibraries"/> writes them; null for none. The
    /// templates do not remember it.</summary>
    public string? Missed { get; init; }
}
