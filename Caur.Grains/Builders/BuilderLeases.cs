using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Grains.Builders;

/// <summary>The leases of one builder, in memory: builder and attempt are durable elsewhere, and after a restart everybody gets a full
/// lease again. Times are <see cref="LivedTime"/>.</summary>
internal sealed class BuilderLeases
{
    private readonly Dictionary<BuildId, (BuildAttempt Attempt, TimeSpan Until)> _leases = [];
    private readonly Dictionary<BuildAttempt, string> _cancelled = [];

    public int Count => _leases.Count;

    public IEnumerable<BuildAttempt> All => _leases.Values.Select(lease => lease.Attempt);

    public bool Has(BuildAttempt attempt) => _leases.TryGetValue(attempt.Build, out var lease) && lease.Attempt == attempt;

    public void Grant(BuildAttempt attempt, TimeSpan until) => _leases[attempt.Build] = (attempt, until);

    public void Release(BuildAttempt attempt)
    {
        if (Has(attempt))
        {
            _leases.Remove(attempt.Build);
        }

        _cancelled.Remove(attempt);
    }

    /// <summary>Renews what is leased.</summary>
    /// <returns>What of <paramref name="running"/> is not leased.</returns>
    public ImmutableArray<BuildAttempt> Renew(ImmutableArray<BuildAttempt> running, TimeSpan until)
    {
        foreach (var attempt in running.Where(Has))
        {
            Grant(attempt, until);
        }

        return [.. running.Where(attempt => !Has(attempt))];
    }

    /// <summary>The attempts whose lease ended.</summary>
    public ImmutableArray<BuildAttempt> Expired(TimeSpan now) =>
        [.. _leases.Values.Where(lease => lease.Until <= now).Select(lease => lease.Attempt)];

    /// <summary>Remembers a wish to end an attempt, until it ended: the message to the agent may be lost.</summary>
    public void Cancel(BuildAttempt attempt, string reason) => _cancelled[attempt] = reason;

    public ImmutableArray<BuildAttempt> Cancelled() => [.. _cancelled.Keys.Where(Has)];
}
