using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    /// <summary>A builder says that it is there and what it runs.</summary>
    /// <returns>What of it is not its current attempt.</returns>
    public ImmutableArray<BuildAttempt> Register(BuilderProfile builder, ImmutableArray<BuildAttempt> running, DateTimeOffset now)
    {
        // A builder may still have builds of an architecture that it builds for no longer.
        if (builder.Architectures.Contains(_arch, StringComparer.Ordinal))
        {
            var known = Meet(builder, now);
            if (!known.Poked && !Paused && HasRoom(known) && _ready.Any(builder))
            {
                Poke(known);
            }
        }
        else
        {
            Unregister(builder.Builder);
        }

        var stale = ImmutableArray.CreateBuilder<BuildAttempt>();
        foreach (var attempt in running)
        {
            if (Current(attempt) is { } entry)
            {
                // The wish to end it may have been lost on its way.
                AskForEnd(entry);
            }
            else
            {
                ForgiveLoss(attempt);
                stale.Add(attempt);
            }
        }

        return stale.ToImmutable();
    }

    /// <summary>Who still runs an attempt that counted as lost was cut off, not dead: that does not count.</summary>
    private void ForgiveLoss(BuildAttempt attempt)
    {
        if (Find(attempt.Build) is { } entry && entry.Durable.LostAttempt == attempt.Number && attempt.Number > 0
            && entry.Durable.LostBy == attempt.Builder)
        {
            Change(entry, entry.Durable with { Losses = Math.Max(0, entry.Durable.Losses - 1), LostAttempt = 0, LostBy = null });
        }
    }

    /// <summary>A builder is gone. What it had stays its own until its lease ends or it is given back.</summary>
    public void Unregister(BuilderId builder)
    {
        if (_builders.Remove(builder))
        {
            Touch();
        }

        Withdraw(_offered.Where(entry => entry.OfferedTo == builder).ToList());
    }

    /// <summary>Withdraws offers that were not accepted in time, wakes builds whose pause is over, forgets silent builders.</summary>
    public void Sweep(DateTimeOffset now)
    {
        Withdraw(_offered.Where(entry => entry.OfferedUntil <= now).ToList());

        // The clock may have been set back while nobody looked.
        var awake = _resting.Where(entry => entry.NotBefore <= now || entry.NotBefore > now + LongestPause).ToList();
        foreach (var entry in awake)
        {
            Touch();
            entry.NotBefore = null;
            _resting.Remove(entry);
        }

        foreach (var silent in _builders.Values
            .Where(known => now - known.Seen > BuilderSilence * 10 && BusyOf(known.Profile.Builder) == 0)
            .Select(known => known.Profile.Builder)
            .ToList())
        {
            Touch();
            _builders.Remove(silent);
        }

        foreach (var known in _builders.Values)
        {
            // A poke can be lost: whoever did not come is poked again.
            known.Poked = false;
        }

        Settle(awake);
    }

    /// <summary>The wall clock was set: offers and pauses end, and builders fall silent, when they would have.</summary>
    public void OnClockSet(TimeSpan step)
    {
        foreach (var offered in _offered)
        {
            offered.OfferedUntil += step;
        }

        foreach (var resting in _resting)
        {
            resting.NotBefore += step;
            Change(resting, resting.Durable with { NotBefore = resting.NotBefore });
        }

        foreach (var entry in _byBuild.Values)
        {
            entry.Started += step;
            entry.PublishingSince = entry.PublishingSince == default ? default : entry.PublishingSince + step;
        }

        foreach (var known in _builders.Values)
        {
            known.Seen += step;
        }

        Touch();
    }

    /// <summary>Resumes handing out builds.</summary>
    public void Resume()
    {
        Paused = false;
        PokeBuilders();
    }

    /// <summary>The attempts that builders had when the queue was restored, by builder.</summary>
    public IEnumerable<(BuilderId Builder, ImmutableArray<BuildAttempt> Attempts)> Held() =>
        _byBuilder.Select(pair => (
            pair.Key,
            pair.Value.Where(entry => entry.IsActive && entry.Attempt is not null).Select(entry => entry.Attempt!.Value).ToImmutableArray()));

    private void Withdraw(List<QueueEntry> offers)
    {
        foreach (var entry in offers)
        {
            Free(entry);
            _changes.Tell(entry, BuildState.Waiting, "its builder did not accept it in time");
        }

        Settle(offers);
    }

    private KnownBuilder Meet(BuilderProfile builder, DateTimeOffset now)
    {
        if (!_builders.TryGetValue(builder.Builder, out var known))
        {
            _builders[builder.Builder] = known = new KnownBuilder(builder);
            Touch();
        }

        if (!ReferenceEquals(known.Profile, builder) || now - known.Seen > BuilderSilence)
        {
            Touch();
        }

        known.Profile = builder;
        known.Seen = now;
        return known;
    }

    private void PokeBuilders()
    {
        if (Paused || _ready.Count == 0)
        {
            return;
        }

        foreach (var known in _builders.Values)
        {
            if (!known.Poked && HasRoom(known) && _ready.Any(known.Profile))
            {
                Poke(known);
            }
        }
    }

    private void Poke(KnownBuilder known)
    {
        known.Poked = true;
        _changes.Poke(known.Profile.Builder);
    }

    private bool HasRoom(KnownBuilder known) => known.Profile.CanTake && BusyOf(known.Profile.Builder) < known.Profile.Slots;

    private int BusyOf(BuilderId builder) => _byBuilder.TryGetValue(builder, out var busy) ? busy.Count : 0;

    private void Occupy(BuilderId builder, QueueEntry entry)
    {
        if (!_byBuilder.TryGetValue(builder, out var busy))
        {
            _byBuilder[builder] = busy = [];
        }

        busy.Add(entry);
        Touch();
    }

    /// <summary>Takes an entry from its builder, offered or accepted.</summary>
    private void Free(QueueEntry entry)
    {
        if ((entry.OfferedTo ?? entry.Durable.Builder) is { } builder && _byBuilder.TryGetValue(builder, out var busy))
        {
            busy.Remove(entry);
            if (busy.Count == 0)
            {
                _byBuilder.Remove(builder);
            }

            if (_builders.TryGetValue(builder, out var known) && !known.Poked && !Paused && HasRoom(known) && _ready.Any(known.Profile))
            {
                Poke(known);
            }
        }

        entry.Offered = false;
        entry.OfferedTo = null;
        _offered.Remove(entry);
        Touch();
    }

    private sealed class KnownBuilder(BuilderProfile profile)
    {
        public BuilderProfile Profile { get; set; } = profile;

        public DateTimeOffset Seen { get; set; }

        /// <summary>Told of work and not come yet; told once, not once per build.</summary>
        public bool Poked { get; set; }
    }
}
