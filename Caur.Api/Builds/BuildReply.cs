using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Api.Builds;

/// <summary>One build as <c>GET /api/v1/builds/...</c> shows it.</summary>
public sealed record BuildReply
{
    /// <summary>Its id.</summary>
    public required BuildId Build { get; init; }

    /// <summary>Where it is.</summary>
    public required BuildState State { get; init; }

    /// <summary>Nothing changes any more.</summary>
    public required bool Final { get; init; }

    /// <summary>Why, for people.</summary>
    public required string Reason { get; init; }

    /// <summary>Why it waits, if it does.</summary>
    public WaitReason Wait { get; init; }

    /// <summary>When it will probably start; null when it does not wait.</summary>
    public StartBody? Start { get; init; }

    /// <summary>Its attempts and results, once a builder had it.</summary>
    public BuildView? View { get; init; }
}
