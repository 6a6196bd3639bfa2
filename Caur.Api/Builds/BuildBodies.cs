using System.Text.Json.Serialization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Builds;

/// <summary>One of <c>GET /api/v1/builds</c>.</summary>
public sealed record BuildSummary
{
    /// <summary>Its id.</summary>
    public required BuildId Build { get; init; }

    /// <summary>Of which package folder.</summary>
    public required string Pkgbase { get; init; }

    /// <summary>For which repository.</summary>
    public required TargetId Target { get; init; }

    /// <summary>From which source repository.</summary>
    public required string Source { get; init; }

    /// <summary>Of which commit.</summary>
    public required string Commit { get; init; }

    /// <summary>Where it is.</summary>
    public required BuildState State { get; init; }

    /// <summary>Nothing changes any more.</summary>
    public required bool Final { get; init; }

    /// <summary>Why, for people.</summary>
    public required string Reason { get; init; }

    /// <summary>Who has it, or had it last; null when nobody had.</summary>
    public BuilderId? Builder { get; init; }

    /// <summary>How many attempts there were.</summary>
    public int Attempts { get; init; }

    /// <summary>When it was queued.</summary>
    public required DateTimeOffset Queued { get; init; }

    /// <summary>When it reached its final state.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The generation of the repository that has it first.</summary>
    public long? Generation { get; init; }
}

/// <summary>What <c>POST /api/v1/builds/.../retry</c> takes; it may be left out.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RetryBody
{
    /// <summary>Repeating a call with the same operation id queues nothing twice. Default: a new one.</summary>
    public Guid? Operation { get; init; }
}

/// <summary>What <c>POST /api/v1/builds/.../retry</c> answers.</summary>
/// <param name="Build">The new build.</param>
/// <param name="Of">The build that it repeats.</param>
/// <param name="Commit">The commit that is built.</param>
/// <param name="Replaced">The waiting or running build whose place it took, if any.</param>
public sealed record RetryReply(BuildId Build, BuildId Of, string Commit, BuildId? Replaced);
