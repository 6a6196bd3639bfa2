using System.Text.Json;
using Caur.Silo.StateTransfer;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>Who is in the cluster, by the table that its silos keep in Redis.</summary>
internal sealed class OrleansMembers(IConnectionMultiplexer redis, string cluster, TimeProvider time)
{
    /// <summary>A silo says every ten seconds that it lives.</summary>
    private static readonly TimeSpan Sign = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Silent = 6 * Sign;

    private readonly IDatabase _database = redis.GetDatabase();
    private readonly HashSet<Member> _dead = [];

    /// <summary>Completes when no silo lives.</summary>
    /// <exception cref="StateTransferException">One does, or may.</exception>
    public async Task RefuseRunningAsync(CancellationToken cancellationToken)
    {
        var here = await ReadAsync();
        here.ExceptWith(_dead);
        var now = time.GetUtcNow();
        if (here.FirstOrDefault(member => (now - member.AliveAt).Duration() < Silent) is { } lives)
        {
            throw Running(lives);
        }

        if (here.Count == 0)
        {
            return;
        }

        // It says that it lives and has not said so for long: it died without a farewell, or its clock is not ours.
        await Task.Delay(2.5 * Sign, time, cancellationToken);
        _dead.UnionWith(here);
        here = await ReadAsync();
        here.ExceptWith(_dead);
        if (here.FirstOrDefault() is { } moved)
        {
            throw Running(moved);
        }
    }

    private static StateTransferException Running(Member member) => new(
        $"the cluster runs: its silo {member.Name} said at {member.AliveAt:HH:mm:ss} UTC that it lives. Stop all of its silos first; of those that were killed it is known after {Silent.TotalSeconds:0} s");

    private static Member? Read(string row)
    {
        try
        {
            using var document = JsonDocument.Parse(row);
            var entry = document.RootElement;
            return entry.GetProperty("Status").GetInt32() == (int)SiloStatus.Dead ? null
                : new Member(entry.GetProperty("SiloName").GetString() ?? "", entry.GetProperty("StartTime").GetDateTimeOffset(), entry.GetProperty("IAmAliveTime").GetDateTimeOffset());
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new StateTransferException($"the cluster's table of members cannot be read: {error.Message}", error);
        }
    }

    private async Task<HashSet<Member>> ReadAsync()
    {
        var rows = await OrleansStateStore.Guard(() => _database.HashGetAllAsync($"{cluster}/members/{cluster}"));
        return [.. rows.Where(static row => row.Name != "Version").Select(static row => Read(row.Value!)).OfType<Member>()];
    }

    private sealed record Member(string Name, DateTimeOffset StartedAt, DateTimeOffset SaidAt)
    {
        /// <summary>One that has only just started has not said so yet.</summary>
        public DateTimeOffset AliveAt => SaidAt > StartedAt ? SaidAt : StartedAt;
    }
}
