namespace Caur.Protocol.Builders;

/// <summary>Everything an agent needs to know to run one attempt. Nothing in it is secret.</summary>
public sealed record BuildOrder
{
    /// <summary>The attempt this order is for.</summary>
    public required AttemptRef Attempt { get; init; }

    /// <summary>The package folder's name and what its PKGBUILD builds.</summary>
    public required string Pkgbase { get; init; }

    /// <summary>The target repository's name; the first part of the pacman repository <c>name/arch</c>.</summary>
    public required string TargetRepository { get; init; }

    /// <summary>The architecture to build for, as pacman names it.</summary>
    public required string Arch { get; init; }

    /// <summary>The source repository's id in the farm's configuration.</summary>
    public required string SourceRepository { get; init; }

    /// <summary>Where <c>git</c> fetches the source repository from.</summary>
    public required string SourceUrl { get; init; }

    /// <summary>The commit to build, 40 or 64 hexadecimal digits; never a branch.</summary>
    public required string Commit { get; init; }

    /// <summary>The container image's reference.</summary>
    public required string Image { get; init; }

    /// <summary>How long the container may run. The manual's <c>BUILDER_TIMEOUT</c>, 3,600 s unless configured.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long the container may say nothing before it counts as stalled; zero turns the check off.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The repositories that dependencies come from, in pacman's order; their signatures are required.</summary>
    public IReadOnlyList<PacmanRepository> Repositories { get; init; } = [];

    /// <summary>ASCII-armoured public keys that the container trusts.</summary>
    public IReadOnlyList<string> TrustedKeys { get; init; } = [];

    /// <summary>Addresses of packages that bring key rings, installed and trusted before anything else (<c>extra_keyrings</c>).</summary>
    public IReadOnlyList<string> Keyrings { get; init; } = [];

    /// <summary>The version whose pkgrel is raised while the PKGBUILD has it, and by what: <c>VERSION/COUNT</c>
    /// (<c>CI_PACKAGE_BUMP</c>); null for none.</summary>
    public string? PackageBump { get; init; }

    /// <summary>Let the packages keep their <c>replaces</c> and <c>groups</c> (<c>BUILDER_ALLOW_PROHIBITED</c>).</summary>
    public bool AllowProhibited { get; init; }

    /// <summary>File names of this pkgbase's archives that the target repository already has; equal results are not built again.</summary>
    public IReadOnlyList<string> Published { get; init; } = [];

    /// <summary>Keep downloaded sources between builds of this pkgbase (<c>BUILDER_CACHE_SOURCES</c>).</summary>
    public bool CacheSources { get; init; }

    /// <summary>The span that the attempt belongs below, as W3C Trace Context's header <c>traceparent</c> has it; null when nobody traces
    /// it.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Its <c>tracestate</c>; null for none.</summary>
    public string? TraceState { get; init; }

    /// <summary>Further environment variables for the build container.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>One pacman repository as a build container sees it.</summary>
/// <param name="Name">The section's name in <c>pacman.conf</c>.</param>
/// <param name="Servers">Its <c>Server</c> lines in order; a <c>host.docker.internal</c> in them means the builder's own host.</param>
/// <param name="DatabaseSigned">Whether its database must be signed; its packages must be in any case.</param>
public sealed record PacmanRepository(string Name, IReadOnlyList<string> Servers, bool DatabaseSigned = true);
