using System.Text.Json.Serialization;

namespace Caur.Builder.Engines;

// The members are named as on the wire: Docker Engine API 1.41, https://docs.docker.com/reference/api/engine/version/v1.41/

internal sealed record EngineVersion(string? Version, string? ApiVersion, string? MinAPIVersion, IReadOnlyList<EngineComponent>? Components)
{
    /// <summary>podman's compatible service differs in log drivers and in host names.</summary>
    [JsonIgnore]
    public bool IsPodman => Components?.Any(c => c.Name?.Contains("podman", StringComparison.OrdinalIgnoreCase) == true) == true;
}

internal sealed record EngineComponent(string? Name, string? Version);

internal sealed record EngineMessage([property: JsonPropertyName("message")] string? Message);

/// <summary>An image that is present.</summary>
internal sealed record ImageInspection(string Id, IReadOnlyList<string>? RepoDigests, IReadOnlyList<string>? RepoTags)
{
    /// <summary>What names this very image best: the registry's digest, or the local id where it came from no registry.</summary>
    [JsonIgnore]
    public string Digest => RepoDigests is [var first, ..] ? first : Id;
}

/// <summary>One line of a pull's answer.</summary>
internal sealed record PullProgress(
    [property: JsonPropertyName("status")] string? Status,
    [property: JsonPropertyName("id")] string? Id,
    [property: JsonPropertyName("error")] string? Error);

internal sealed record ContainerCreation
{
    public required string Image { get; init; }
    public required IReadOnlyList<string> Cmd { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyList<string> Env { get; init; } = [];
    public string? User { get; init; }
    public string? Hostname { get; init; }
    public bool Tty { get; init; }
    public bool OpenStdin { get; init; }
    public bool AttachStdout { get; init; } = true;
    public bool AttachStderr { get; init; } = true;
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public HostConfiguration HostConfig { get; init; } = new();
}

internal sealed record HostConfiguration
{
    public IReadOnlyList<ContainerMount>? Mounts { get; init; }
    public long? Memory { get; init; }
    public long? MemorySwap { get; init; }
    public long? CpuPeriod { get; init; }
    public long? CpuQuota { get; init; }
    public long? PidsLimit { get; init; }
    public IReadOnlyList<string>? CapDrop { get; init; }
    public IReadOnlyList<string>? CapAdd { get; init; }
    public IReadOnlyList<string>? SecurityOpt { get; init; }
    public IReadOnlyList<string>? ExtraHosts { get; init; }
    public string? NetworkMode { get; init; }
    public LogConfiguration? LogConfig { get; init; }
    public IReadOnlyList<ContainerUlimit>? Ulimits { get; init; }
    public bool AutoRemove { get; init; }
    public bool Privileged { get; init; }
}

internal sealed record ContainerMount(string Type, string Source, string Target, bool ReadOnly);

internal sealed record ContainerUlimit(string Name, long Soft, long Hard);

internal sealed record LogConfiguration(string Type, IReadOnlyDictionary<string, string> Config);

internal sealed record ContainerCreated(string Id, IReadOnlyList<string>? Warnings);

internal sealed record ContainerWait(int StatusCode);

internal sealed record ContainerInspection(string Id, string Name, ContainerState State, ContainerConfig? Config);

internal sealed record ContainerConfig(IReadOnlyDictionary<string, string>? Labels, bool Tty);

/// <param name="Status"><c>created</c>, <c>running</c>, <c>exited</c>, ...</param>
/// <param name="Running">A process runs in it.</param>
/// <param name="OOMKilled">The kernel ended a process of it for want of memory, not necessarily the first one.</param>
/// <param name="ExitCode">Means something only when it ran and does not any more.</param>
/// <param name="Error">Why it did not start.</param>
/// <param name="StartedAt">RFC 3339; the year 1 when it never started.</param>
internal sealed record ContainerState(string Status, bool Running, bool OOMKilled, int ExitCode, string? Error, DateTimeOffset? StartedAt);

/// <summary>One container of a list.</summary>
internal sealed record ContainerSummary(string Id, IReadOnlyList<string>? Names, IReadOnlyDictionary<string, string>? Labels, string? State);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EngineVersion))]
[JsonSerializable(typeof(EngineMessage))]
[JsonSerializable(typeof(ImageInspection))]
[JsonSerializable(typeof(PullProgress))]
[JsonSerializable(typeof(ContainerCreation))]
[JsonSerializable(typeof(ContainerCreated))]
[JsonSerializable(typeof(ContainerWait))]
[JsonSerializable(typeof(ContainerInspection))]
[JsonSerializable(typeof(IReadOnlyList<ContainerSummary>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string[]>))]
internal sealed partial class EngineJsonContext : JsonSerializerContext;
