using Microsoft.Extensions.Logging;

namespace Caur.Grains.Notifications;

/// <summary>Sends what waits.</summary>
internal sealed partial class NotificationsGrain
{
    /// <summary>After so many in a row that somebody does not know, it is taken to know none.</summary>
    private const int MostDeferrals = 3;

    /// <summary>Has those told who may be told now.</summary>
    private void Poke()
    {
        foreach (var lane in _book.Lanes.Where(lane => !lane.IsSending && lane.NotBefore <= Now && HasWork(lane)))
        {
            _timers[lane].Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private bool HasWork(NotificationLane lane) => lane.Ready(Now).Any() || MergedOf(lane).Count > 0;

    /// <summary>Sends one receiver what waits for it, one request after the other, with its pauses.</summary>
    private async Task PumpAsync(NotificationLane lane, CancellationToken cancellationToken)
    {
        if (lane.IsSending)
        {
            return;
        }

        lane.IsSending = true;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var now = Now;
                if (lane.NotBefore > now)
                {
                    _timers[lane].Change(lane.NotBefore - now, Timeout.InfiniteTimeSpan);
                    return;
                }

                if (lane.Channel.Compose(new NotificationBacklog(lane.Ready(now), MergedOf(lane), lane.Most, now)) is not { } delivery)
                {
                    return;
                }

                var answer = await Task.Run(() => _sender.SendAsync(delivery.Request, cancellationToken), cancellationToken);
                lane.NotBefore = Now + lane.Channel.Pace;
                await SettleAsync(lane, delivery, lane.Channel.Judge(answer));
            }
        }
        catch (OperationCanceledException)
        {
            // The hub ends; it may have been sent, and is sent again.
        }
        catch (Exception exception)
        {
            LogNotSent(_logger, lane.Channel.Key, exception);
            lane.NotBefore = Now + Backoff.After(++lane.Failures, Random.Shared.NextDouble());
        }
        finally
        {
            lane.IsSending = false;
        }
    }

    private async Task SettleAsync(NotificationLane lane, Delivery delivery, Verdict verdict)
    {
        if (verdict.Kind == VerdictKind.Done)
        {
            _instruments.OnSent(lane.Channel.Kind, delivery.Covers.Length);
            await DoneAsync(lane, delivery);
            return;
        }

        _instruments.OnFailed(lane.Channel.Kind, verdict.Kind);
        switch (verdict.Kind)
        {
            case VerdictKind.Retry:
                Wait(lane, Backoff.After(++lane.Failures, Random.Shared.NextDouble()), verdict);
                break;
            case VerdictKind.Closed:
                Close(lane, verdict);
                break;
            case VerdictKind.Defer:
                foreach (var (entry, _) in delivery.Covers)
                {
                    lane.Defer(entry, Now + Backoff.Closed);
                }

                if (++lane.Deferrals >= MostDeferrals)
                {
                    Close(lane, verdict);
                }
                else
                {
                    LogDeferred(_logger, lane.Channel.Key, Named(delivery), verdict.Text, Backoff.Closed);
                }

                break;
            case VerdictKind.Refused when delivery.Covers.Length > 1:
                // One of them is not taken; which, shows when there are fewer.
                lane.Most = delivery.Covers.Length / 2;
                break;
            default:
                LogRefused(_logger, lane.Channel.Key, Named(delivery), verdict.Text);
                _instruments.OnGivenUp(lane.Channel.Kind, GiveUpCause.Refused, delivery.Covers.Length);
                await ForgetAsync(lane, delivery);
                break;
        }
    }

    private async Task DoneAsync(NotificationLane lane, Delivery delivery)
    {
        if (lane.Problem.Length > 0)
        {
            LogWorks(_logger, lane.Channel.Key, lane.Count);
        }

        (lane.Failures, lane.Deferrals, lane.Problem, lane.Closed) = (0, 0, "", false);
        lane.Most = lane.Most < int.MaxValue / 2 ? lane.Most * 2 : int.MaxValue;
        await ForgetAsync(lane, delivery);
    }

    /// <summary>Nothing of a delivery is to be sent any more.</summary>
    private async Task ForgetAsync(NotificationLane lane, Delivery delivery)
    {
        foreach (var (entry, number) in delivery.Covers)
        {
            _book.Tell(lane, entry, number);
        }

        await SaveAsync();
        if (delivery.Merged.Length > 0)
        {
            await ChangeStateAsync(state => delivery.Merged.Aggregate(
                state, (next, group) => next.WithMerged(lane.Channel.Key, group.Group, -group.Count)));
        }
    }

    private void Wait(NotificationLane lane, TimeSpan pause, Verdict verdict)
    {
        pause = verdict.After is { } wish && wish > pause ? wish : pause;
        if (lane.Failures == 1 || lane.Closed)
        {
            LogWaits(_logger, lane.Channel.Key, verdict.Text, pause, lane.Count);
        }

        (lane.Problem, lane.Closed, lane.NotBefore) = (verdict.Text, false, Now + pause);
    }

    private void Close(NotificationLane lane, Verdict verdict)
    {
        var pause = Backoff.Closed * (1 + (Random.Shared.NextDouble() / 4));
        if (!lane.Closed)
        {
            LogClosed(_logger, lane.Channel.Key, verdict.Text, Backoff.Closed, lane.Count);
        }

        (lane.Problem, lane.Closed, lane.NotBefore, lane.Deferrals) = (verdict.Text, true, Now + pause, 0);
    }

    /// <summary>What waits too long is given up, of what is too much the oldest is counted, and what everybody knows is forgotten.</summary>
    private async Task SweepAsync()
    {
        foreach (var lane in _book.Lanes)
        {
            await CrowdAsync(lane);
        }

        var now = Now;
        if (now < _sweepAt)
        {
            return;
        }

        _sweepAt = now + SweepEvery;
        foreach (var lane in _book.Lanes)
        {
            var expired = NoticeBook.Expired(lane, now - _options.GiveUpAfter);
            if (expired.Count > 0)
            {
                LogExpired(_logger, lane.Channel.Key, expired.Count, expired[0].Entry.Notice.Key, _options.GiveUpAfter, lane.Problem);
                _instruments.OnGivenUp(lane.Channel.Kind, GiveUpCause.Age, expired.Count);
                expired.ForEach(item => _book.Tell(lane, item.Entry, item.Number));
            }
        }

        await SaveAsync();
        if (State.SeenUntil is { } seen)
        {
            var (forgotten, floor) = _book.Forget(now - NoticeBook.Kept, seen - Margin);
            if (forgotten.Count > 0)
            {
                // First that they are known, then that they are gone: otherwise they would be found and told anew.
                await ChangeStateAsync(state => state with { Floor = floor > state.Floor ? floor : state.Floor });
                await ClearAsync(forgotten);
            }

            if (now - seen >= SeenEvery)
            {
                await ChangeStateAsync(state => state with { SeenUntil = now });
            }
        }
    }

    private async Task CrowdAsync(NotificationLane lane)
    {
        var crowd = NoticeBook.TooMany(lane, _options.MostWaiting);
        if (crowd.Count == 0)
        {
            return;
        }

        var steps = crowd.SelectMany(entry => lane.Pending(entry.Notice).Select(step => lane.Channel.GroupOf(entry.Notice, step))).ToList();
        var groups = steps.OfType<string>().CountBy(static group => group).ToList();
        LogCrowd(_logger, lane.Channel.Key, _options.MostWaiting, crowd.Count, groups.Count > 0 ? "are counted in one line" : "are not told any more", lane.Problem);
        _instruments.OnGivenUp(lane.Channel.Kind, GiveUpCause.Crowd, crowd.Count);
        await ChangeStateAsync(state => groups.Aggregate(state, (next, group) => next.WithMerged(lane.Channel.Key, group.Key, group.Value)));
        foreach (var entry in crowd)
        {
            _book.Tell(lane, entry, entry.Notice.Last.Number);
        }

        await SaveAsync();
    }

    private static string Named(Delivery delivery) => delivery.Covers.IsEmpty ? "a count" : delivery.Covers[0].Entry.Notice.Key;

    [LoggerMessage(Level = LogLevel.Error, Message = "Notifications to {Receiver} could not be sent; it is tried again")]
    private static partial void LogNotSent(ILogger logger, string receiver, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Notifications to {Receiver} wait: {Problem}; tried again in {Pause}, {Waiting} wait")]
    private static partial void LogWaits(ILogger logger, string receiver, string problem, TimeSpan pause, int waiting);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Receiver} refuses notifications: {Problem}; its settings have to be changed. It is tried again every {Pause}, {Waiting} wait")]
    private static partial void LogClosed(ILogger logger, string receiver, string problem, TimeSpan pause, int waiting);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Receiver} takes notifications again; {Waiting} wait")]
    private static partial void LogWorks(ILogger logger, string receiver, int waiting);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Receiver} does not know what {Build} is of: {Problem}; tried again in {Pause}")]
    private static partial void LogDeferred(ILogger logger, string receiver, string build, string problem, TimeSpan pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Receiver} does not take the notification of {Build}, and is not told: {Problem}")]
    private static partial void LogRefused(ILogger logger, string receiver, string build, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Receiver} is not told of {Count} builds or changes any more, the first of them {Build}: they waited for {Age}. {Problem}")]
    private static partial void LogExpired(ILogger logger, string receiver, int count, string build, TimeSpan age, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "More than {Most} notifications to {Receiver} wait: {Count} of them {Fate}. {Problem}")]
    private static partial void LogCrowd(ILogger logger, string receiver, int most, int count, string fate, string problem);
}
