using System.Text.Json.Serialization;
using Caur.Api.Idempotency;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;

namespace Caur.Api.Repositories;

/// <summary>One of <c>GET /api/v1/repositories</c>.</summary>
public sealed record RepositoryReply
{
    /// <summary>Which: <c>name/arch</c>.</summary>
    public required TargetId Target { get; init; }

    /// <summary>The current generation's number; 0 before the first publication.</summary>
    public long Generation { get; init; }

    /// <summary>How many packages it has.</summary>
    public int Packages { get; init; }

    /// <summary>How many orders wait.</summary>
    public int Pending { get; init; }

    /// <summary>What is in the way, for people; empty when nothing is.</summary>
    public string Problem { get; init; } = "";

    /// <summary>The generations that are kept, the newest first: what a rollback can bring back.</summary>
    public IReadOnlyList<GenerationView> Generations { get; init; } = [];
}

/// <summary>What <c>POST .../remove</c>, <c>.../keep</c> and <c>.../rollback</c> take.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ChangeBody : IOperationBody
{
    /// <summary>remove: pkgbases that go (pkgnames with <see cref="Packages"/>). keep: all pkgbases that stay.</summary>
    public List<string?>? Names { get; init; }

    /// <summary>remove: the names are pkgnames of single packages. Default: false.</summary>
    public bool Packages { get; init; }

    /// <summary>keep: also when more than a fifth of the packages goes. Default: false.</summary>
    public bool Force { get; init; }

    /// <summary>rollback: which generation comes back.</summary>
    public int? Generation { get; init; }

    /// <summary>Only say what would be done. Default: false.</summary>
    [JsonPropertyName("dry_run")]
    public bool DryRun { get; init; }

    /// <summary>Repeating a call with the same operation id changes nothing twice. Default: a new one.</summary>
    public Guid? Operation { get; init; }

    /// <summary>Why, for the hub's log.</summary>
    public string? Reason { get; init; }

    IOperationBody IOperationBody.WithOperation(Guid operation) => this with { Operation = operation };
}
