using Caur.Builder.Attempts;

namespace Caur.Builder.Agents;

internal sealed partial class BuilderAgent
{
    /// <summary>What is kept of the budget for the goodbye and for the removal of containers.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    /// <summary>What handing back takes at most of a budget that is long enough for more: the ladder of signals.</summary>
    private static readonly TimeSpan HandBackTime = TimeSpan.FromSeconds(20);

    /// <summary>Ends, finishes or leaves what runs, as configured, within the budget.</summary>
    private async Task EndRunsAsync()
    {
        var runs = Runs();
        LogEnding(_logger, runs.Count, _options.Shutdown);
        if (_options.Shutdown == ShutdownMode.Leave)
        {
            StopAll(StopKind.Left, "the agent restarts");
            await Task.WhenAll(runs);
            return;
        }

        if (_options.Shutdown == ShutdownMode.HandBack)
        {
            StopAll(StopKind.HandedBack, $"the agent of builder {_options.Name} ends");
        }

        var budget = _options.ShutdownBudget - LastWords;
        var handingBack = budget / 2 < HandBackTime ? budget / 2 : HandBackTime;
        if (_options.Shutdown == ShutdownMode.Finish && !await EndedWithinAsync(runs, budget - handingBack))
        {
            StopAll(StopKind.HandedBack, $"the agent of builder {_options.Name} ends");
            budget = handingBack;
        }

        if (!await EndedWithinAsync(runs, budget))
        {
            LogCutOff(_logger, Runs().Count);
            StopAll(StopKind.Lost, "the agent's time is up");
            await EndedWithinAsync(runs, LastWords);
        }

        if (!_hasJoined)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(LastWords, _time);
            await _session.GoodbyeAsync(limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception error)
        {
            LogNotJoined(_logger, error.Message);
        }
    }

    private IReadOnlyList<Task> Runs()
    {
        lock (_gate)
        {
            return [.. _runs.Values];
        }
    }

    private void StopAll(StopKind kind, string reason)
    {
        foreach (var control in _leases.Controls)
        {
            control.RequestStop(kind, reason);
        }
    }

    private async Task<bool> EndedWithinAsync(IReadOnlyList<Task> runs, TimeSpan limit)
    {
        var all = Task.WhenAll(runs);
        using var waiting = new CancellationTokenSource();
        await Task.WhenAny(all, Task.Delay(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, _time, waiting.Token));
        await waiting.CancelAsync();
        return all.IsCompleted;
    }
}
