using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Api.Auth;
using Caur.Api.Idempotency;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Queue;

/// <summary><c>GET /api/queue/stats</c>.</summary>
public sealed record QueueStats(CountedPackages<ActivePackage> Active, CountedPackages<WaitingPackage> Waiting, CountedNodes Idle)
{
    internal static CountedPackages<T> Of<T>(IEnumerable<T> packages) => new([.. packages]);

    internal static CountedNodes OfNodes(IEnumerable<IdleNode> nodes) => new([.. nodes]);
}

/// <summary>Packages and how many there are.</summary>
public sealed record CountedPackages<T>(IReadOnlyList<T> Packages)
{
    /// <summary>How many.</summary>
    public int Count => Packages.Count;
}

/// <summary>Builders and how many there are.</summary>
public sealed record CountedNodes(IReadOnlyList<IdleNode> Nodes)
{
    /// <summary>How many.</summary>
    public int Count => Nodes.Count;
}

/// <summary>A build that a builder has.</summary>
public sealed record ActivePackage(
    string Name,
    string Node,
    [property: JsonPropertyName("build_class")] object? BuildClass,
    [property: JsonPropertyName("liveLog"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? LiveLog);

/// <summary>A build that waits.</summary>
public sealed record WaitingPackage(string Name, [property: JsonPropertyName("build_class")] object BuildClass);

/// <summary>A builder that would take a build now.</summary>
public sealed record IdleNode(string Name, [property: JsonPropertyName("build_class")] object BuildClass);

/// <summary><c>GET /api/queue/metrics</c>: how builds ended since the hub started.</summary>
/// <param name="BuilderQueue">What builders made of them.</param>
/// <param name="DatabaseQueue">What became of the publications.</param>
public sealed record QueueMetrics(
    [property: JsonPropertyName("builder_queue")] QueueMetricsCounts BuilderQueue,
    [property: JsonPropertyName("database_queue")] QueueMetricsCounts DatabaseQueue);

/// <summary>Counts of one step.</summary>
/// <param name="Completed">Done as asked.</param>
/// <param name="Failed">Not.</param>
public sealed record QueueMetricsCounts(long Completed, long Failed);

/// <summary>One of <c>GET /api/queue/packages</c>.</summary>
public sealed record QueuedPackage(
    string Arch, [property: JsonPropertyName("build_class")] object BuildClass, string Srcrepo, long Timestamp);

/// <summary><c>POST /api/queue/schedule</c>.</summary>
public sealed record ScheduleBody : ITargetBody, IOperationBody
{
    /// <summary>Default: x86_64.</summary>
    public string Arch { get; init; } = "x86_64";

    /// <summary>The source repository's id.</summary>
    [JsonPropertyName("source_repo")]
    public string SourceRepo { get; init; } = "";

    /// <summary>The target repository's name.</summary>
    [JsonPropertyName("target_repo")]
    public string TargetRepo { get; init; } = "";

    /// <summary>A commit, branch or tag; what stands behind a colon is a pipeline's id, which commit statuses name.</summary>
    public string? Commit { get; init; }

    /// <summary>The id behind the colon; null when there is none, or what stands there is none.</summary>
    internal string? Pipeline => Commit?.Split(':', 2) is [_, { Length: > 0 and <= 100 } id] && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? id : null;

    /// <summary>All package folders.</summary>
    public bool All { get; init; }

    /// <summary>The package folders wanted.</summary>
    public List<ScheduleBodyPackage>? Packages { get; init; }

    /// <summary>Repeating a call with the same operation id queues nothing twice.</summary>
    public Guid? Operation { get; init; }

    /// <summary>Why; default: a person asks.</summary>
    public BuildPriority? Priority { get; init; }

    /// <summary>What depends on what, in the manual's form; for folders whose own files do not tell.</summary>
    public string? Deptree { get; init; }

    /// <summary>The deptree given decides, also where the commit's own files say otherwise.</summary>
    [JsonPropertyName("deptree_wins")]
    public bool DeptreeWins { get; init; }

    string ITargetBody.TargetName => TargetRepo;

    string ITargetBody.TargetArch => Arch;

    IOperationBody IOperationBody.WithOperation(Guid operation) => this with { Operation = operation };
}

/// <summary><c>POST /api/queue/promote</c>.</summary>
public record PromoteBody
{
    /// <summary>The build; or pkgbase, arch and target repository.</summary>
    public BuildId? Build { get; init; }

    /// <summary>The folder's name.</summary>
    public string Pkgbase { get; init; } = "";

    /// <summary>Default: x86_64.</summary>
    public string Arch { get; init; } = "x86_64";

    /// <summary>The target repository's name.</summary>
    [JsonPropertyName("target_repo")]
    public string TargetRepo { get; init; } = "";
}

/// <summary><c>POST /api/v1/queue/promote</c>: the same, and nothing that it does not know.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record StrictPromoteBody : PromoteBody;

/// <summary>One package wanted.</summary>
public sealed record ScheduleBodyPackage
{
    /// <summary>The folder's name.</summary>
    public string Pkgbase { get; init; } = "";

    /// <summary>A number or a builder's name.</summary>
    [JsonPropertyName("build_class")]
    public JsonElement? BuildClass { get; init; }

    /// <summary>What it makes and provides, as today's pipelines send it; the same as an entry of a deptree.</summary>
    public List<string>? Pkgnames { get; init; }

    /// <summary>What it depends on, by names; the same as an entry of a deptree.</summary>
    public List<string>? Dependencies { get; init; }

    /// <summary>The class as text; null when none is asked for.</summary>
    internal string? ClassText => BuildClass switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        { ValueKind: JsonValueKind.String } text when text.GetString() is { Length: > 0 } value => value,
        { ValueKind: JsonValueKind.Null or JsonValueKind.String } or null => null,
        { } other => other.GetRawText(),
    };
}
