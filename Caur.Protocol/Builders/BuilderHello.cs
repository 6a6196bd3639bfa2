namespace Caur.Protocol.Builders;

/// <summary>What an agent says of itself when it joins, and again whenever its session was made anew.</summary>
public sealed record BuilderHello
{
    /// <summary>The builder's name (<c>BUILDER_HOSTNAME</c>): shown in logs, and what a class by name means.</summary>
    public required string Name { get; init; }

    /// <summary>Which of several agents of that name this is; kept over restarts of the agent.</summary>
    public required string Instance { get; init; }

    /// <summary>New at each start of the agent process. Another boot id tells the control plane that whatever ran before and is not
    /// listed in <see cref="Running"/> is gone.</summary>
    public required Guid BootId { get; init; }

    /// <summary>A number (builds of this class and lower fit) or a name (only builds that ask for this name fit).
    /// The manual's <c>BUILDER_CLASS</c>; its default is 2.</summary>
    public string Class { get; init; } = "2";

    /// <summary>The architectures this builder can build for, as pacman names them. A build for <c>any</c> fits every builder.</summary>
    public required IReadOnlyList<string> Architectures { get; init; }

    /// <summary>Free words that a build may ask for.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>What one build may have of the memory, in MiB; 0 when that is not known.</summary>
    public int MemoryMiB { get; init; }

    /// <summary>What is free on the disk that builds use, in MiB; 0 when that is not known.</summary>
    public int DiskMiB { get; init; }

    /// <summary>Why no build can run here now, for people: no image, no container engine. Empty when builds can run. The agent says
    /// hello again when this changes.</summary>
    public string Problem { get; init; } = "";

    /// <summary>How many builds run here at the same time; 1 or more.</summary>
    public required int Slots { get; init; }

    /// <summary>The attempts whose containers were found or are still running here.</summary>
    public IReadOnlyList<AttemptRef> Running { get; init; } = [];

    /// <summary>The agent's version, for people.</summary>
    public string Version { get; init; } = "";
}

/// <summary>The control plane's answer to a hello.</summary>
public sealed record HelloReply
{
    /// <summary>False when the builder may not join; <see cref="Reason"/> says why, and the agent must not take work.</summary>
    public required bool Accepted { get; init; }

    /// <summary>For people; set when refused.</summary>
    public string? Reason { get; init; }

    /// <summary>How long a lease lasts without renewal.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the agent renews all its leases in one call.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Which of <see cref="BuilderHello.Running"/> are still current: the agent goes on with these and ends the others.</summary>
    public IReadOnlyList<AttemptRef> Current { get; init; } = [];
}
