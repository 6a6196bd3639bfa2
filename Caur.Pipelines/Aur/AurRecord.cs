using System.Text.Json.Serialization;
using Caur.Pacman;

namespace Caur.Pipelines.Aur;

/// <summary>A package as the RPC interface and the metadata write it, as far as it matters here (aurweb, doc/rpc; version 5).</summary>
internal sealed record AurRecord
{
    public string? PackageBase { get; init; }

    public long? LastModified { get; init; }

    public string? Maintainer { get; init; }

    /// <summary>Only in <c>multiinfo</c> and in the <c>-ext-</c> metadata, and there only since 2023.</summary>
    public IReadOnlyList<string?>? CoMaintainers { get; init; }

    /// <summary>Null when it is no package of a name that pacman knows, or has no time.</summary>
    public AurPackage? ToPackage() => PackageName.IsValid(PackageBase) && LastModified is > 0 and < 1L << 40
        ? new AurPackage(PackageBase!, LastModified.Value, Maintainer, CoMaintainers is null ? null : [.. CoMaintainers.OfType<string>()])
        : null;
}

/// <summary>An answer of the RPC interface.</summary>
internal sealed record AurReply
{
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    [JsonPropertyName("error")]
    public string? Error { get; init; }

    [JsonPropertyName("results")]
    public IReadOnlyList<AurRecord>? Results { get; init; }
}

[JsonSerializable(typeof(AurRecord))]
[JsonSerializable(typeof(AurReply))]
[JsonSourceGenerationOptions(MaxDepth = 16)]
internal sealed partial class AurJson : JsonSerializerContext;
