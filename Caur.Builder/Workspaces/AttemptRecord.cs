using Caur.Builder.Timing;
using System.Text.Json.Serialization;
using Caur.Protocol.Builders;

namespace Caur.Builder.Workspaces;

/// <summary>What the next agent process must know to take an attempt over.</summary>
internal sealed record AttemptRecord
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    public required BuildOrder Order { get; init; }

    public required string ContainerName { get; init; }

    public required string ImageDigest { get; init; }

    /// <summary>Just before its container was started; null in records of earlier versions.</summary>
    public BootMoment? Prepared { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(AttemptRecord))]
internal sealed partial class WorkspaceJsonContext : JsonSerializerContext;
