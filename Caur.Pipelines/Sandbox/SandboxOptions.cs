using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Sandbox;

/// <summary>What containers for scripts of source repositories are like.</summary>
internal sealed record SandboxOptions
{
    /// <summary>The engine's command, <c>docker</c> or <c>podman</c>.</summary>
    public string Command { get; init; } = "docker";

    /// <summary>Arguments before the engine's verb, such as podman's <c>--remote</c>.</summary>
    public IReadOnlyList<string> GlobalArguments { get; init; } = [];

    /// <summary>Variables for the engine's command, such as <c>DOCKER_HOST</c>. They do not reach the container.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The image: the builder image, or one with what scripts need (curl, git, jq, nvchecker, shfmt, rsync, pacman-contrib).</summary>
    public required string Image { get; init; }

    /// <summary>Who runs scripts in it. Default: the builder image's unprivileged user.</summary>
    public string User { get; init; } = "1000:1000";

    /// <summary>The engine's network. Default: <c>bridge</c>; with <c>none</c> no script reaches anything.</summary>
    public string Network { get; init; } = "bridge";

    /// <summary>Memory in bytes, without swap. Default: 2 GiB.</summary>
    public long Memory { get; init; } = 2L << 30;

    /// <summary>Processes at the same time. Default: 512.</summary>
    public int Processes { get; init; } = 512;

    /// <summary>Processors. Default: 2.</summary>
    public double Cpus { get; init; } = 2;

    /// <summary>What a script may write in all, in bytes: output and files. Default: 128 MiB.</summary>
    public int MaxBytes { get; init; } = 128 << 20;

    /// <summary>Labels of its containers, beside <c>caur.sandbox</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>What the folder may hold afterwards.</summary>
    public UpstreamLimits Limits { get; init; } = new();
}
