using System.Collections.Immutable;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Builders;

/// <summary>One builder: its session, its leases, whether it drains. Durable is only what people decided: builder and attempt are in
/// the queue's records, and after a restart the queue tells whom to watch. It is reentrant, so that a slow answer of a queue never delays a
/// renewal; every decision is made on <see cref="BuilderLeases"/> without waiting in between.</summary>
[Reentrant]
internal sealed partial class BuilderGrain(
    TimeProvider clock,
    IOptions<FarmOptions> farm,
    LeaseInstruments instruments,
    ILogger<BuilderGrain> logger) : Grain, IBuilderGrain
{
    /// <summary>What a renewal may be late by.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(2);

    /// <summary>How long after it was last heard of a builder without leases is looked after; then its activation may go.</summary>
    private static readonly TimeSpan LookAfter = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly LivedTime _time = new(clock);
    private readonly BuilderLeases _leases = new();
    private readonly StepChain _drains = new();
    private readonly HashSet<BuildAttempt> _givingBack = [];
    private readonly HashSet<BuildAttempt> _accepting = [];
    private ReplaceableRecord<BuilderRecord> _record = null!;
    private ImmutableArray<BuildAttempt> _running = [];
    private IBuilderSessionObserver? _observer;
    private Guid? _session;
    private Guid? _boot;
    private BuilderProfile? _profile;
    private TimeSpan _seen;
    private TimeSpan _alive;
    private bool _stopped;
    private bool _leaving;
    private IGrainTimer? _sweep;

    private BuilderId Id => BuilderId.Parse(this.GetPrimaryKeyString());

    private DateTimeOffset Now => clock.GetUtcNow();

    private TimeSpan LeaseEnd => _time.Now + Lease;

    /// <summary>How long a lease lasts without renewal.</summary>
    private TimeSpan Lease => farm.Value.Lease;

    /// <summary>Who missed a renewal does not tell what it runs; and who is not heard of at all, not even by its link, is not there, and
    /// another one may have its place.</summary>
    private TimeSpan Presence => JoinReply.RenewEvery(Lease) + Late;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _record = new ReplaceableRecord<BuilderRecord>(storage, this.GetGrainId(), "builder");
        await _record.LoadAsync(damage => LogDamaged(logger, damage.Record, Id, damage.Error));
    }

    /// <summary>The next activation knows no session: who has one says hello to it now, not when it renews its leases.</summary>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        reason.ReasonCode != DeactivationReasonCode.ShuttingDown && _observer is { } observer ? observer.ResumeAsync() : Task.CompletedTask;

    public async Task<JoinReply> JoinAsync(BuilderJoin join, IBuilderSessionObserver session)
    {
        if (IsHere && _boot != join.BootId)
        {
            return new JoinReply(false, $"another agent is here as {Id} already; give this one an instance of its own", [], Lease);
        }

        var rebooted = _boot is not null && _boot != join.BootId;
        _session = join.Session;
        _boot = join.BootId;
        _observer = session;
        _profile = join.Profile with { Draining = _record.State.Draining };
        _seen = _time.Now;
        _running = join.Running;
        _stopped = false;
        _leaving = false;
        LookAfterIt();

        // What it does not run any more is handed out again now, not when its lease ends.
        var gone = _leases.All.Except(join.Running).ToImmutableArray();
        _leases.Renew(join.Running, LeaseEnd);
        await GiveBackAsync(gone, rebooted ? AttemptEnd.BuilderLost : AttemptEnd.HandedBack, "the builder came back without it");

        var (current, _) = await ConfirmAsync(join.Running);
        foreach (var attempt in current)
        {
            Grant(attempt);
        }

        LogJoined(logger, Id, join.Profile.Class, join.Profile.Slots, current.Length);
        await TellPresenceAsync();
        return new JoinReply(true, null, current, Lease);
    }

    public async Task<RenewResult> RenewAsync(Guid session, IBuilderSessionObserver observer, ImmutableArray<BuildAttempt> running)
    {
        if (session != _session || _leaving || _profile is null)
        {
            return new RenewResult(false, [], []);
        }

        _observer = _profile.Lost ? null : observer;
        _seen = _time.Now;
        _running = running;
        var notLeased = _leases.Renew(running, LeaseEnd);
        var (current, stale) = await ConfirmAsync(running);

        // Current for the queue and not leased here: this activation is younger than the attempt.
        foreach (var attempt in notLeased.Intersect(current))
        {
            Grant(attempt);
        }

        foreach (var attempt in stale)
        {
            _leases.Release(attempt);
        }

        // The word may have been lost.
        await ResumeAsync();
        await TellPresenceAsync();
        return new RenewResult(true, stale, _leases.Cancelled());
    }

    public Task AliveAsync(Guid session)
    {
        if (session == _session && _observer is not null)
        {
            _alive = _time.Now;
        }

        return Task.CompletedTask;
    }

    public async Task<ImmutableArray<QueueOffer>> TakeAsync(Guid session, int slots)
    {
        if (session != _session || _leaving || _profile is not { Draining: false } profile)
        {
            return [];
        }

        _seen = _time.Now;
        var offers = ImmutableArray.CreateBuilder<QueueOffer>();
        foreach (var arch in profile.Architectures.Where(HasQueue))
        {
            if (offers.Count < slots)
            {
                offers.AddRange(await Queue(arch).TakeAsync(profile, slots - offers.Count));
            }
        }

        return offers.ToImmutable();
    }

    public async Task<bool> AcceptAsync(Guid session, BuildAttempt attempt)
    {
        if (session != _session || attempt.Builder != Id || !HasQueue(attempt))
        {
            return false;
        }

        _accepting.Add(attempt);
        try
        {
            if (await Queue(attempt).AcceptAsync(attempt))
            {
                Grant(attempt);
                return true;
            }

            return false;
        }
        catch
        {
            // Nobody knows whether it became the builder's, and the agent does not start it: the next sweep gives it back.
            _leases.Grant(attempt, _time.Now);
            LookAfterIt();
            throw;
        }
        finally
        {
            _accepting.Remove(attempt);
        }
    }

    public async Task<bool> UploadingAsync(Guid session, BuildAttempt attempt) =>
        session == _session && _leases.Has(attempt) && await Queue(attempt).UploadingAsync(attempt);

    public async Task<bool> CompleteAsync(Guid session, AttemptReport report)
    {
        if (session != _session || report.Attempt.Builder != Id || !HasQueue(report.Attempt))
        {
            return false;
        }

        var current = await Queue(report.Attempt).CompleteAsync(report);
        _leases.Release(report.Attempt);
        return current;
    }

    public async Task LeaveAsync(Guid session)
    {
        if (session != _session)
        {
            return;
        }

        // A renewal that is under way must not make it known again behind this.
        _leaving = true;
        await GiveBackAsync([.. _leases.All], AttemptEnd.HandedBack, "the builder said goodbye");
        foreach (var arch in _profile?.Architectures.Where(HasQueue).ToList() ?? [])
        {
            // It may have joined again meanwhile, over another link.
            if (session == _session)
            {
                await Queue(arch).UnregisterAsync(Id);
            }
        }

        if (session != _session)
        {
            return;
        }

        LogLeft(logger, Id);
        _observer = null;
        _session = null;
        _boot = null;
        await TellPresenceAsync();
    }

    public async Task LinkLostAsync(Guid session)
    {
        if (session != _session || _profile is not { Lost: false } profile)
        {
            return;
        }

        // Nobody is there to be told anything, and another agent may have the place: one that was started anew after this one died.
        _observer = null;
        _profile = profile with { Lost = true };
        LogLost(logger, Id);
        await ConfirmAsync([]);
        await TellPresenceAsync();
    }

    public Task<AttemptStanding> StandingAsync(BuildAttempt attempt) => Task.FromResult(
        attempt.Builder != Id ? AttemptStanding.Stale
        : _leases.Has(attempt) ? AttemptStanding.Current
        : _observer is null ? AttemptStanding.Unknown
        : AttemptStanding.Stale);

    public Task PokeAsync() => _observer is { } observer ? observer.WorkAvailableAsync() : Task.CompletedTask;

    public Task CancelAsync(BuildAttempt attempt, string reason)
    {
        _leases.Cancel(attempt, reason);
        return _observer is { } observer ? observer.CancelAsync(attempt, reason) : Task.CompletedTask;
    }

    public async Task WatchAsync(ImmutableArray<BuildAttempt> attempts)
    {
        var gone = ImmutableArray.CreateBuilder<BuildAttempt>();
        foreach (var attempt in attempts.Where(attempt => !_leases.Has(attempt) && !_accepting.Contains(attempt)))
        {
            if (IsTelling && !_running.Contains(attempt))
            {
                gone.Add(attempt);
            }
            else
            {
                Grant(attempt);
            }
        }

        await GiveBackAsync(gone.ToImmutable(), AttemptEnd.HandedBack, "the builder does not run it");
    }

    public Task DrainAsync(bool draining) => _drains.RunAsync(() => DrainNowAsync(draining));

    private async Task DrainNowAsync(bool draining)
    {
        if (_record.State.Draining != draining)
        {
            try
            {
                await _record.WriteAsync(new BuilderRecord { Draining = draining });
            }
            catch
            {
                DeactivateOnIdle();
                throw;
            }
        }

        _profile = _profile is null ? null : _profile with { Draining = draining };
        await ConfirmAsync([]);
        if (draining && _observer is { } observer)
        {
            _stopped = true;
            await observer.DrainAsync();
        }

        await ResumeAsync();
        await TellPresenceAsync();
    }

    /// <summary>An agent that was told to drain asks for nothing until it has joined again.</summary>
    private Task ResumeAsync() =>
        _stopped && _profile is { Draining: false } && _observer is { } observer ? observer.ResumeAsync() : Task.CompletedTask;

    /// <summary>True while an agent is here that says in time what it runs.</summary>
    private bool IsTelling => _observer is not null && _time.Now - _seen < Presence;

    /// <summary>True while an agent is here: it says what it runs, or its link at least is alive.</summary>
    private bool IsHere => _observer is not null && SinceHeard < Presence;

    private TimeSpan SinceHeard => _time.Now - (_alive > _seen ? _alive : _seen);

    private void Grant(BuildAttempt attempt)
    {
        _leases.Grant(attempt, LeaseEnd);
        LookAfterIt();
    }

    /// <summary>Looks every second how the builder and its leases stand, for as long as there is something to look after.</summary>
    private void LookAfterIt() => _sweep ??= this.RegisterGrainTimer(SweepAsync, new GrainTimerCreationOptions
    {
        DueTime = SweepEvery,
        Period = SweepEvery,
        Interleave = true,
        KeepAlive = true,
    });

    /// <summary>True for what the farm has a queue for, or this builder something of. No other may be asked: a queue that is asked is there
    /// from then on, and what a builder names is what it likes.</summary>
    private bool HasQueue(string arch) =>
        farm.Value.TargetRepositories.Values.Any(target => target.Architectures.Contains(arch, StringComparer.Ordinal))
        || _leases.All.Any(attempt => attempt.Build.Arch == arch);

    private bool HasQueue(BuildAttempt attempt) => HasQueue(attempt.Build.Arch);

    private IBuildQueueGrain Queue(BuildAttempt attempt) => Queue(attempt.Build.Arch);

    private IBuildQueueGrain Queue(string arch) => GrainFactory.GetGrain<IBuildQueueGrain>(arch);

    /// <summary>Tells the queues of the builder's architectures that it is there.</summary>
    /// <returns>What of <paramref name="running"/> is current, and what is not. What is being given back is neither: it is not known yet
    /// what becomes of that.</returns>
    private async Task<(ImmutableArray<BuildAttempt> Current, ImmutableArray<BuildAttempt> Stale)> ConfirmAsync(ImmutableArray<BuildAttempt> running)
    {
        if (_profile is not { } profile)
        {
            return ([], []);
        }

        var unsettled = _givingBack.ToHashSet();
        var stale = running.Where(attempt => !HasQueue(attempt)).ToList();
        foreach (var arch in profile.Architectures.Union(running.Select(attempt => attempt.Build.Arch)).Where(HasQueue).ToList())
        {
            // Goodbye was said while a queue was asked.
            if (_leaving)
            {
                break;
            }

            stale.AddRange(await Queue(arch).RegisterAsync(profile, [.. running.Where(attempt => attempt.Build.Arch == arch)]));
        }

        unsettled.UnionWith(_givingBack);
        return ([.. running.Except(stale).Except(unsettled)], [.. stale]);
    }

    private async Task SweepAsync()
    {
        await TellPresenceAsync();
        var expired = _leases.Expired(_time.Now);
        if (expired.Length > 0)
        {
            // Only what a builder took with it when it vanished is a loss: not what it does not run though it is there, and not what
            // it had when the hub was restarted and it did not come back.
            LogLeaseEnded(logger, Id, expired.Length);
            instruments.OnLost(expired.Count(attempt => !_givingBack.Contains(attempt)));
            await (IsTelling ? GiveBackAsync(expired, AttemptEnd.HandedBack, $"{Id} does not run it")
                : _boot is null ? GiveBackAsync(expired, AttemptEnd.HandedBack, $"{Id} did not come back after a restart of the hub")
                : GiveBackAsync(expired, AttemptEnd.BuilderLost, $"{Id} did not renew its lease for {Lease.TotalSeconds:0} s"));
        }

        if (_leases.Count == 0 && (_session is null || SinceHeard > LookAfter))
        {
            _sweep?.Dispose();
            _sweep = null;
        }
    }

    private async Task GiveBackAsync(ImmutableArray<BuildAttempt> attempts, AttemptEnd end, string message)
    {
        foreach (var attempt in attempts)
        {
            if (!_givingBack.Add(attempt))
            {
                continue;
            }

            try
            {
                await Queue(attempt).CompleteAsync(new AttemptReport { Attempt = attempt, End = end, Message = message, Finished = Now });
                _leases.Release(attempt);
            }
            catch (Exception exception)
            {
                // The lease stays and has ended: the next sweep tries again.
                LogNotGivenBack(logger, attempt.Build, exception);
            }
            finally
            {
                _givingBack.Remove(attempt);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Builder {Builder} of class {Class} joined with {Slots} slots; it runs {Running} builds")]
    private static partial void LogJoined(ILogger logger, BuilderId builder, string @class, int slots, int running);

    [LoggerMessage(Level = LogLevel.Error, Message = "Record {Record} of builder {Builder} cannot be read: if it was drained, it has to be drained again")]
    private static partial void LogDamaged(ILogger logger, string record, BuilderId builder, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The link of builder {Builder} is lost; its leases go on to their end")]
    private static partial void LogLost(ILogger logger, BuilderId builder);

    [LoggerMessage(Level = LogLevel.Information, Message = "Builder {Builder} said goodbye")]
    private static partial void LogLeft(ILogger logger, BuilderId builder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Builder {Builder} let {Count} leases end; its builds are handed out again")]
    private static partial void LogLeaseEnded(ILogger logger, BuilderId builder, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Build} could not be given back yet")]
    private static partial void LogNotGivenBack(ILogger logger, BuildId build, Exception exception);
}
