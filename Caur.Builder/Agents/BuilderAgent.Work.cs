using Caur.Builder.Attempts;
using Caur.Builder.Timing;
using Caur.Builder.Tracing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Agents;

internal sealed partial class BuilderAgent
{
    private int FreeSlots
    {
        get
        {
            lock (_gate)
            {
                // What is only being cleaned up after takes no slot; when the engine does not get done with that, no more is begun.
                var free = Math.Min(Slots - _busy.Count, (2 * Slots) - _runs.Count);
                return Math.Max(0, Math.Min(free, _options.Builds > 0 ? _options.Builds - _begun : int.MaxValue));
            }
        }
    }

    private int Slots => _options.Builds > 0 ? Math.Min(_options.Slots, _options.Builds) : _options.Slots;

    /// <summary>True when all the builds that the agent was to run have ended.</summary>
    private bool IsDone
    {
        get
        {
            lock (_gate)
            {
                return _options.Builds > 0 && _begun >= _options.Builds && _runs.Count == 0;
            }
        }
    }

    /// <summary>Takes orders whenever there is a free slot and a poke, a freed slot or the clock says to look; joins again when asked to.</summary>
    private async Task TakeWorkAsync(AttemptServices services, CancellationToken cancellationToken)
    {
        while (true)
        {
            var wake = _wake.Next;
            await LookAfterItselfAsync(cancellationToken);
            if (_mustJoin)
            {
                await JoinAgainAsync(services, cancellationToken);
            }

            if (IsDone)
            {
                return;
            }

            var free = FreeSlots;
            if (free > 0 && !_draining && _fitness.Problem.Length == 0 && await TakeAsync(free, cancellationToken) is { Count: > 0 } orders)
            {
                var accepted = await Task.WhenAll(orders.Select(order => AcceptAsync(order, cancellationToken)));
                foreach (var (order, _) in orders.Zip(accepted).Where(pair => pair.Second))
                {
                    Start(services, order, adopted: null);
                }

                continue;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(wake, Task.Delay(Backoff.Jitter(_options.TakeEvery), _time, waiting.Token));
            await waiting.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Sees to it that the control plane knows what can run here.</summary>
    private async Task LookAfterItselfAsync(CancellationToken cancellationToken)
    {
        var problem = _fitness.Problem;
        if (problem.Length > 0 && await _fitness.CheckAsync(cancellationToken))
        {
            problem = "";
            LogFit(_logger);
        }

        if (problem != _toldProblem)
        {
            if (problem.Length > 0)
            {
                LogUnfit(_logger, problem);
            }

            _mustJoin = true;
        }
        else if (_told.IsStale(BuilderCapacity.Of(_options)))
        {
            _mustJoin = true;
        }
    }

    private async Task JoinAgainAsync(AttemptServices services, CancellationToken cancellationToken)
    {
        var running = _leases.Running;
        var reply = await HelloAsync(() => _leases.Running, () => LoseAllAsync(services), services.Workspace, cancellationToken);
        foreach (var lost in running.Except(reply.Current))
        {
            _leases.Find(lost)?.RequestStop(StopKind.Lost, "it was not current any more when the builder joined again");
        }
    }

    private Task LoseAllAsync(AttemptServices services)
    {
        StopAll(StopKind.Lost, $"the control plane refuses builder {services.Options.Name}");
        return Task.CompletedTask;
    }

    private async Task<IReadOnlyList<BuildOrder>> TakeAsync(int free, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.CallTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        lock (_gate)
        {
            // A session may let the call wait for work; joining again and draining do not wait for that.
            _taking = linked;
        }

        try
        {
            return await _session.TakeAsync(free, linked.Token).WaitAsync(linked.Token);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTaken(_logger, error.Message);
            return [];
        }
        finally
        {
            lock (_gate)
            {
                _taking = null;
            }
        }
    }

    /// <summary>Accepts within the time in which an order stands. When it stays unknown whether that arrived, the attempt is handed back,
    /// so that the control plane need not wait for a lease that nobody renews.</summary>
    private async Task<bool> AcceptAsync(BuildOrder order, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AcceptWithin, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var backoff = new Backoff(_time);
        var problem = "";
        while (!limit.IsCancellationRequested)
        {
            try
            {
                if (!await _session.AcceptAsync(order.Attempt, linked.Token).WaitAsync(linked.Token))
                {
                    LogWithdrawn(_logger, order.Attempt);
                    return false;
                }

                if (OrderCheck.Problem(order) is not { } wrong)
                {
                    return true;
                }

                LogBadOrder(_logger, order.Attempt, wrong);
                await RefuseAsync(order.Attempt, AttemptOutcome.SystemError, $"The order cannot be carried out: {wrong}.", cancellationToken);
                return false;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                problem = error.Message;
            }

            await Task.WhenAny(backoff.WaitAsync(linked.Token));
        }

        cancellationToken.ThrowIfCancellationRequested();
        LogNotAccepted(_logger, order.Attempt, problem);
        await RefuseAsync(order.Attempt, AttemptOutcome.HandedBack, "Handed back: the order came too late.", cancellationToken);
        return false;
    }

    private async Task RefuseAsync(AttemptRef attempt, AttemptOutcome outcome, string message, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(AcceptWithin, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var result = new AttemptResult { Attempt = attempt, Outcome = outcome, Message = message, Finished = _time.GetUtcNow() };
            await _session.CompleteAsync(result, linked.Token).WaitAsync(linked.Token);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // The lease, renewed by nobody, ends by itself.
            LogNotAccepted(_logger, attempt, error.Message);
        }
    }

    private void Start(AttemptServices services, BuildOrder order, AdoptedAttempt? adopted)
    {
        var control = new AttemptControl(order.Attempt);
        if (!_leases.TryHold(control))
        {
            // An order that came twice runs once.
            return;
        }

        lock (_gate)
        {
            _begun++;
            _busy.Add(order.Attempt);
            _runs[order.Attempt] = Task.Run(() => RunAsync(services, order, adopted, control));
        }
    }

    private async Task RunAsync(AttemptServices services, BuildOrder order, AdoptedAttempt? adopted, AttemptControl control)
    {
        var start = _time.GetTimestamp();
        AttemptOutcome? outcome = null;
        using var span = AttemptSpans.Attempt(order, _options.Name, adopted is not null);
        _instruments.OnAttemptStarted();
        try
        {
            await using var run = new AttemptRun(services, order, control, () => Free(order.Attempt));
            outcome = await run.RunAsync(adopted);
        }
        finally
        {
            await CountAsync(order.Attempt, outcome, control);
            _instruments.OnAttemptEnded(outcome, _time.GetElapsedTime(start));
            AttemptSpans.End(span, outcome);
            _leases.Release(control);
            lock (_gate)
            {
                _runs.Remove(order.Attempt);
                _busy.Remove(order.Attempt);
            }

            _wake.Set();
        }
    }

    private void Free(AttemptRef attempt)
    {
        lock (_gate)
        {
            _busy.Remove(attempt);
        }

        _wake.Set();
    }

    /// <summary>An agent that is to end after some builds has built none when the attempt was lost, and cannot when it handed back of its own
    /// accord.</summary>
    private async Task CountAsync(AttemptRef attempt, AttemptOutcome? outcome, AttemptControl control)
    {
        if (_options.Builds == 0)
        {
            return;
        }

        var asTold = control.Stop.IsCompleted && (await control.Stop).Kind == StopKind.HandedBack;
        lock (_gate)
        {
            if (outcome is null && !control.IsLeft)
            {
                _begun--;
            }
            else if (outcome == AttemptOutcome.HandedBack && !asTold)
            {
                _unbuilt ??= $"{attempt.Build} was handed back: {_fitness.Problem}";
            }
        }
    }
}
