using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;

namespace Caur.Grains.Notifications;

/// <summary>What is durable of one build, or of one change of a repository, as far as others are told of it: the states that not everybody
/// knows yet, and how far each one knows. Both outbox and ledger, so that nothing is in one and not in the other.</summary>
internal sealed record Notice
{
    /// <summary>So many states wait at most; a build that is given back again and again has no end of them.</summary>
    public const int MostSteps = 64;

    /// <summary>The build; null for a change.</summary>
    public BuildId? Build { get; init; }

    /// <summary>The change; null for a build.</summary>
    public ChangeNotice? Change { get; init; }

    /// <summary>The source repository's id; empty when the build's record could not be read.</summary>
    public string Source { get; init; } = "";

    public string Commit { get; init; } = "";

    public string? Pipeline { get; init; }

    /// <summary>The states, the oldest first; the newest is always there.</summary>
    public ImmutableArray<NoticeStep> Steps { get; init; } = [];

    /// <summary>The number of the newest state that each one who is told was told, or that was given up for it.</summary>
    public ImmutableDictionary<string, int> Told { get; init; } = ImmutableDictionary<string, int>.Empty;

    [JsonIgnore]
    public string Key => Build?.ToString() ?? KeyOf(Change!.Operation);

    [JsonIgnore]
    public TargetId Target => Build?.Target ?? Change!.Target;

    [JsonIgnore]
    public NoticeStep Last => Steps[^1];

    /// <summary>Nothing changes any more.</summary>
    [JsonIgnore]
    public bool IsFinal => !Steps.IsEmpty && Last.State.IsFinal();

    public static string KeyOf(Guid operation) => $"change/{operation:n}";

    public int ToldTo(string channel) => Told.GetValueOrDefault(channel);

    /// <summary>With another state; the same when it is in that already, or came to its end.</summary>
    public Notice With(BuildState state, DateTimeOffset time, string reason = "", int attempts = 0, BuilderId? builder = null)
    {
        // An offer that is not accepted yet is nothing to tell.
        state = state == BuildState.Assigned ? BuildState.Waiting : state;
        if (!Steps.IsEmpty && (IsFinal || Last.State == state))
        {
            return this;
        }

        var step = new NoticeStep
        {
            Number = Steps.IsEmpty ? 1 : Last.Number + 1,
            State = state,
            Time = time,
            Reason = reason,
            Attempts = attempts,
            Builder = builder,
        };
        var steps = Steps.Add(step);
        return this with { Steps = steps.Length > MostSteps ? steps.RemoveAt(0) : steps };
    }

    /// <summary>Told of a state and all before it. What everybody knows is forgotten.</summary>
    /// <param name="channel">Who was.</param>
    /// <param name="number">The state's number.</param>
    /// <param name="all">All that are told.</param>
    public Notice WithTold(string channel, int number, IReadOnlyCollection<string> all)
    {
        if (ToldTo(channel) >= number)
        {
            return this;
        }

        var told = Told.SetItem(channel, number);
        var known = all.Min(one => told.GetValueOrDefault(one));
        return this with { Told = told, Steps = Steps.RemoveAll(step => step.Number <= known && step.Number < Last.Number) };
    }
}

/// <summary>A state of a build; of a change how it ended, as <see cref="BuildState.Published"/> or <see cref="BuildState.Failed"/>.</summary>
internal sealed record NoticeStep
{
    /// <summary>From 1, in the order of time; names the state for whoever is told twice.</summary>
    public required int Number { get; init; }

    public required BuildState State { get; init; }

    public required DateTimeOffset Time { get; init; }

    public string Reason { get; init; } = "";

    public int Attempts { get; init; }

    public BuilderId? Builder { get; init; }
}

/// <summary>A change of a repository that ended.</summary>
internal sealed record ChangeNotice
{
    public required Guid Operation { get; init; }

    public required TargetId Target { get; init; }

    public required RepositoryChangeKind Kind { get; init; }

    public long? Generation { get; init; }

    public int Removed { get; init; }

    public int Added { get; init; }

    public int Changed { get; init; }

    [JsonIgnore]
    public bool IsRemoval => Kind is RepositoryChangeKind.Remove or RepositoryChangeKind.Keep;
}

/// <summary>What is durable beside the notices. Bounded: by the target repositories, and by who is told of what.</summary>
internal sealed record NotificationState
{
    /// <summary>Everything up to this time was seen; null before the first time.</summary>
    public DateTimeOffset? SeenUntil { get; init; }

    /// <summary>Builds that were queued before this are known, also those whose notices are forgotten.</summary>
    public DateTimeOffset? Floor { get; init; }

    /// <summary>The changes of each target repository that are known, as far as the repository remembers them.</summary>
    public ImmutableDictionary<string, ImmutableArray<Guid>> KnownChanges { get; init; } = ImmutableDictionary<string, ImmutableArray<Guid>>.Empty;

    /// <summary>What was too much to be told one by one: who is to be told, of what, and how many.</summary>
    public ImmutableDictionary<string, ImmutableDictionary<string, int>> Merged { get; init; } =
        ImmutableDictionary<string, ImmutableDictionary<string, int>>.Empty;

    public NotificationState WithMerged(string channel, string group, int count)
    {
        var groups = Merged.GetValueOrDefault(channel) ?? ImmutableDictionary<string, int>.Empty;
        var next = groups.GetValueOrDefault(group) + count;
        return this with { Merged = Merged.SetItem(channel, next > 0 ? groups.SetItem(group, next) : groups.Remove(group)) };
    }
}
