using System.Collections.Concurrent;
using Caur.Builder.Attempts;
using Caur.Builder.Timing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Leases;

/// <summary>Renews the leases of all running attempts in one call, and passes on what the answers say about them.</summary>
internal sealed partial class LeaseKeeper(IBuilderSession session, BuilderOptions options, TimeProvider time, ILogger<LeaseKeeper> logger) : IDisposable
{
    private readonly ConcurrentDictionary<AttemptRef, AttemptControl> _held = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Pulse _joined = new();
    private TimeSpan _lease = TimeSpan.FromSeconds(30);
    private TimeSpan _every = TimeSpan.FromSeconds(10);
    private long _lastAnswer = time.GetTimestamp();

    /// <summary>Called when the control plane does not know this session.</summary>
    public Action? SessionUnknown { get; set; }

    /// <summary>The attempts whose leases are wanted.</summary>
    public IReadOnlyList<AttemptRef> Running => [.. _held.Values.Where(control => !control.IsReported).Select(control => control.Attempt)];

    /// <summary>Also those that are only being cleaned up after.</summary>
    public IReadOnlyList<AttemptRef> Held => [.. _held.Keys];

    public AttemptControl? Find(AttemptRef attempt) => _held.GetValueOrDefault(attempt);

    public IReadOnlyList<AttemptControl> Controls => [.. _held.Values];

    public void Dispose() => _turn.Dispose();

    /// <returns>False when it runs here already.</returns>
    public bool TryHold(AttemptControl control) => _held.TryAdd(control.Attempt, control);

    public void Release(AttemptControl control) => _held.TryRemove(new(control.Attempt, control));

    /// <summary>A hello was answered: its terms hold from now on.</summary>
    public void Joined(HelloReply terms)
    {
        (_lease, _every) = (terms.Lease, terms.RenewEvery);
        Volatile.Write(ref _lastAnswer, time.GetTimestamp());
        _joined.Set();
    }

    /// <summary>Renews now, for a container that is about to start.</summary>
    /// <returns>False when the attempt is not this builder's any more.</returns>
    public async Task<bool> RenewNowAsync(AttemptControl control, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(time);
        while (true)
        {
            if (await TryRenewAsync(cancellationToken) is { Known: true })
            {
                return !control.Silenced.IsCancellationRequested;
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Renews until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var joined = _joined.Next;
            await Task.WhenAny(joined, Task.Delay(_every, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();

            // A call that failed is tried again well within the lease.
            var backoff = new Backoff(time);
            while (await TryRenewAsync(cancellationToken) is null)
            {
                GiveUpAfterGrace();
                await backoff.WaitAsync(cancellationToken);
            }
        }
    }

    private async Task<RenewReply?> TryRenewAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // An answer that takes longer than the next renewal is due is not waited for.
            var asked = time.GetTimestamp();
            using var limit = new CancellationTokenSource(_every < options.CallTimeout ? _every : options.CallTimeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var reply = await session.RenewAsync(Running, linked.Token).WaitAsync(linked.Token);
            Apply(reply, asked);
            return reply;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotRenewed(logger, time.GetElapsedTime(Volatile.Read(ref _lastAnswer)), error.Message);
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Apply(RenewReply reply, long asked)
    {
        if (!reply.Known)
        {
            SessionUnknown?.Invoke();
            return;
        }

        // The lease counts from when it was asked for, not from when the answer came.
        Volatile.Write(ref _lastAnswer, asked);
        foreach (var lost in reply.Lost)
        {
            Find(lost)?.RequestStop(StopKind.Lost, "the control plane gave it to somebody else");
        }

        foreach (var cancelled in reply.Cancelled)
        {
            Find(cancelled)?.RequestStop(StopKind.Cancelled, "the control plane asked for it");
        }
    }

    private void GiveUpAfterGrace()
    {
        var silence = time.GetElapsedTime(Volatile.Read(ref _lastAnswer));
        if (silence <= _lease + options.LeaseGrace)
        {
            return;
        }

        foreach (var control in Controls)
        {
            control.RequestStop(StopKind.Lost, $"no word from the control plane for {silence}");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leases could not be renewed, the last time they were was {Silence} ago: {Problem}")]
    private static partial void LogNotRenewed(ILogger logger, TimeSpan silence, string problem);
}
