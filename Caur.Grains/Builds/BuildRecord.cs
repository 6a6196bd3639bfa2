using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Builds;

namespace Caur.Grains.Builds;

/// <summary>What is durable of one build, from its acceptance on.</summary>
public sealed record BuildRecord
{
    /// <summary>What was asked for; null before anything happened.</summary>
    public BuildRequest? Request { get; init; }

    /// <summary>Where the build is; Waiting between two attempts.</summary>
    public BuildState State { get; init; } = BuildState.Waiting;

    /// <summary>Why, for people.</summary>
    public string Reason { get; init; } = "";

    /// <summary>At most one attempt without an end, the last.</summary>
    public ImmutableArray<AttemptView> Attempts { get; init; } = [];

    /// <summary>What the last attempt brought to the landing zone.</summary>
    public ImmutableArray<LandedArchive> Archives { get; init; } = [];

    /// <summary>The generation that has it.</summary>
    public long? Generation { get; init; }

    /// <summary>When it became final.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The number of the last attempt, 0 before the first.</summary>
    [JsonIgnore]
    public int AttemptCount => Attempts.IsDefaultOrEmpty ? 0 : Attempts[^1].Number;

    /// <summary>True when this is the attempt that runs now.</summary>
    public bool IsRunning(BuildAttempt attempt) =>
        !State.IsFinal() && State != BuildState.Publishing && IsLast(attempt) && Attempts[^1].End is null;

    /// <summary>True when this is the newest attempt, ended or not.</summary>
    public bool IsLast(BuildAttempt attempt) =>
        AttemptCount == attempt.Number && attempt.Number > 0 && Attempts[^1].Builder == attempt.Builder;
}
