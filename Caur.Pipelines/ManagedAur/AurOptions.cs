using Caur.Pipelines.Pushes;

namespace Caur.Pipelines.ManagedAur;

/// <summary>Where and how packages are pushed to the AUR.</summary>
internal sealed record AurOptions
{
    /// <summary>The AUR's key as it publishes it (Ed25519, SHA256:RFzBCUItH9LZS0cKB5UE6ceAYhBD5C8GeOBip8Z11+4).</summary>
    public const string KnownHost = "aur.archlinux.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEuBKrPzbawxA/k2g6NcyV5jmqwJ2s+zpgZGZ7tpLIcN";

    /// <summary>The address in front of a package's <c>NAME.git</c>.</summary>
    public string Address { get; init; } = "ssh://aur@aur.archlinux.org/";

    /// <summary>The lines of a known_hosts file; one of them has to be the server's. Default: the AUR's key.</summary>
    public string KnownHosts { get; init; } = KnownHost;

    /// <summary>How often a push is tried while the AUR cannot be reached. Default: 2, as the original's clones.</summary>
    public int Tries { get; init; } = 2;

    /// <summary>The pause before another try. Default: 30 s, as the original's.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(30);

    public required GitIdentity Identity { get; init; }

    /// <summary>The page of the source repository's commits, without the package; null when there is none to name.</summary>
    public string? CommitsPage { get; init; }

    /// <summary>The page of the run; null when there is none.</summary>
    public string? RunPage { get; init; }
}
