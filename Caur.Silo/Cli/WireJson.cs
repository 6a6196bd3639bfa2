using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Api.Farm;
using Caur.Api.Queue;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;

namespace Caur.Silo.Cli;

/// <summary>What <c>caur schedule</c> sends and reads, known when it is compiled: to learn it by reflection takes a third of the command's
/// processor time. The other verbs' messages are learned when they are needed. Its names are those of <see cref="JsonText.Wire"/>, whose policy
/// cannot stand in an attribute.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(FarmReply))]
[JsonSerializable(typeof(ScheduleBody), GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(ScheduleAnswer))]
internal sealed partial class WireJson : JsonSerializerContext;

/// <summary>A <see cref="ScheduleReply"/> as it is read: of texts and arrays, for which nothing has to be compiled first.</summary>
internal sealed record ScheduleAnswer : IJsonOnDeserialized
{
    public string Commit { get; init; } = "";

    public QueuedAnswer[] Builds { get; init; } = [];

    public RefusedPackage[] Refused { get; init; } = [];

    public string[] Notes { get; init; } = [];

    [JsonIgnore]
    public ScheduleReply Reply { get; private set; } = new();

    /// <exception cref="JsonException">It names a build as no build is named.</exception>
    void IJsonOnDeserialized.OnDeserialized() => Reply = new ScheduleReply
    {
        Commit = Commit,
        Builds = [.. Builds.Select(build => new QueuedBuild(Id(build?.Build), build!.Replaced is { } replaced ? Id(replaced) : null, [.. build.DependsOn]))],
        Refused = [.. Refused],
        Notes = [.. Notes],
    };

    private static BuildId Id(string? text) => BuildId.TryParse(text, null, out var id) ? id : throw new JsonException($"'{text}' is no build id");
}

/// <summary>A <see cref="QueuedBuild"/> as it is read.</summary>
internal sealed record QueuedAnswer
{
    public string Build { get; init; } = "";

    public string? Replaced { get; init; }

    public string[] DependsOn { get; init; } = [];
}
