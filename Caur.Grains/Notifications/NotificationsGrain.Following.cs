using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;
using Caur.Storage.Logs;
using Caur.Storage.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Grains.Notifications;

/// <summary>Takes in what happens.</summary>
internal sealed partial class NotificationsGrain
{
    /// <summary>What cannot be read now, which was said.</summary>
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    private const string Everything = "what happens on the farm";

    private IEnumerable<TargetId> Targets => _farm.TargetRepositories
        .SelectMany(static target => target.Value.Architectures.Select(arch => new TargetId(target.Key, arch)));

    /// <summary>Once a second: reads, writes, and has everybody told who waits.</summary>
    private async Task TickAsync(CancellationToken cancellationToken)
    {
        if (_isTicking)
        {
            return;
        }

        _isTicking = true;
        try
        {
            await FollowAsync();
            await CompareAsync();
            await LookForChangesAsync();
            await SaveAsync();
            await SweepAsync();
            Poke();
            _unreadable.Remove(Everything);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The activation ends.
        }
        catch (Exception exception)
        {
            NoteUnreadable(Everything, exception);
        }
        finally
        {
            _isTicking = false;
            _instruments.Report(Views());
        }
    }

    /// <summary>Says it once, not every second.</summary>
    private void NoteUnreadable(string what, Exception exception)
    {
        if (_unreadable.Add(what))
        {
            LogUnreadable(_logger, what, exception);
        }
    }

    /// <summary>Reads the events since the last time.</summary>
    private async Task FollowAsync()
    {
        var farm = GrainFactory.GetGrain<IFarmEventsGrain>(IFarmEventsGrain.Key);
        if (_run is null)
        {
            // The place first, the lists afterwards: what happens meanwhile is in both.
            var place = await farm.ReadAsync(null, null, 0);
            (_run, _lastEvent, _compareAt) = (place.Run, place.Last, DateTimeOffset.MinValue);
        }

        EventPage page;
        do
        {
            page = await farm.ReadAsync(_run, _lastEvent, PageSize);
            if (page.Gap || page.Run != _run)
            {
                _compareAt = DateTimeOffset.MinValue;
            }

            await TakeAsync(page.Events);
            (_run, _lastEvent) = (page.Run, page.Events.IsEmpty ? page.Last : page.Events[^1].Number);
        }
        while (_lastEvent < page.Last);
    }

    private async Task TakeAsync(ImmutableArray<FarmEvent> events)
    {
        foreach (var item in events)
        {
            if (item.Kind == FarmEventKind.Reset)
            {
                _compareAt = DateTimeOffset.MinValue;
            }
            else if (item.Publication is { Builds.IsEmpty: true })
            {
                _changesAt = DateTimeOffset.MinValue;
            }
        }

        var builds = events.Where(static item => item.Build is not null).ToList();
        await KnowAsync([.. builds.Select(static item => item.Build!.Build).Distinct().Where(build => _book.Find(build.ToString()) is null)]);
        foreach (var item in builds)
        {
            var change = item.Build!;
            if (_book.Find(change.Build.ToString()) is { } entry && (change.State.IsFinal() || item.Time >= entry.ListedAt))
            {
                _book.Observe(entry, change.State, item.Time, item.Reason, change.Attempts, change.Builder);
            }
        }
    }

    /// <summary>Learns what builds are of.</summary>
    private async Task KnowAsync(IReadOnlyCollection<BuildId> builds)
    {
        foreach (var arch in builds.GroupBy(static build => build.Arch))
        {
            var items = arch.Skip(ManyBuilds).Any()
                ? (await Queue(arch.Key).GetAsync()).Items.ToDictionary(static item => item.Build, static item => item.Request)
                : [];
            foreach (var some in arch.Chunk(AtOnce))
            {
                var requests = await Task.WhenAll(some.Select(async build => items.GetValueOrDefault(build) ?? await RequestAsync(build)));
                foreach (var (build, request) in some.Zip(requests))
                {
                    Begin(build, request);
                }
            }
        }
    }

    private async Task<BuildRequest?> RequestAsync(BuildId build)
    {
        try
        {
            if (await Queue(build.Arch).FindAsync(build) is { } item)
            {
                return item.Request;
            }
        }
        catch (Exception exception) when (StateDamage.Find(exception) is not null)
        {
            // The build's own record may be sound.
        }

        return (await ViewAsync(build)).View?.Request;
    }

    private NoticeEntry? Begin(BuildId build, BuildRequest? request)
    {
        var notice = new Notice
        {
            Build = build,
            Source = request?.SourceRepository ?? "",
            Commit = request?.Commit ?? "",
            Pipeline = request?.Pipeline,
        };
        return _book.Find(notice.Key) ?? (_book.IsOfInterest(notice) ? _book.Add(notice) : null);
    }

    private async Task<(BuildView? View, string Damage)> ViewAsync(BuildId build)
    {
        try
        {
            return (await Build(build).GetAsync(), "");
        }
        catch (Exception exception) when (StateDamage.Find(exception) is { } damage)
        {
            return (null, damage);
        }
    }

    /// <summary>Compares what is known with the lists: after a start, where events are missing, and now and then, because a source that is
    /// silent tells of no gap.</summary>
    private async Task CompareAsync()
    {
        var now = Now;
        if (now < _compareAt)
        {
            return;
        }

        // Should something be in the way, it is not asked every second.
        _compareAt = now + CompareAgain;
        var (queued, isWhole) = (new HashSet<BuildId>(), true);
        foreach (var arch in Targets.Select(static target => target.Arch).Distinct())
        {
            // From before the call: news of a moment are rather taken in twice than not at all.
            var listed = Now;
            ImmutableArray<QueueItem> items;
            try
            {
                items = (await Queue(arch).GetAsync()).Items;
                _unreadable.Remove($"queue {arch}");
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // The other queues' builds are told of all the same; of this one's, those that ended.
                NoteUnreadable($"queue {arch}", exception);
                isWhole = false;
                continue;
            }

            foreach (var item in items)
            {
                queued.Add(item.Build);
                if (Begin(item.Build, item.Request) is { } entry)
                {
                    entry.ListedAt = listed;
                    _book.Observe(entry, item.State, listed, item.Explanation, item.Attempts, item.Builder);
                }
            }
        }

        await SettleAsync([.. _book.Open.Select(static entry => entry.Notice.Build!.Value).Where(build => !queued.Contains(build))], isKnown: true);
        if (State.SeenUntil is { } seen && ServiceProvider.GetService<BuildLogIndex>() is { } logs)
        {
            var from = State.Floor is { } floor && floor > seen - Margin ? floor : seen - Margin;
            var keys = await Task.Run(logs.List);
            await SettleAsync(
                [.. keys.Where(key => key.Timestamp >= from.ToUnixTimeMilliseconds() && IsBuild(key)).Select(IdOf).Where(build => !queued.Contains(build) && _book.Find(build.ToString()) is null)],
                isKnown: false);
        }

        await SaveAsync();
        await ChangeStateAsync(state => state with { SeenUntil = now > state.SeenUntil ? now : state.SeenUntil ?? now, Floor = state.Floor ?? now });
        _compareAt = now + (isWhole ? CompareEvery : CompareAgain);
    }

    /// <summary>Asks builds that are in no queue how they ended.</summary>
    private async Task SettleAsync(IReadOnlyCollection<BuildId> builds, bool isKnown)
    {
        foreach (var some in builds.Chunk(AtOnce))
        {
            var views = await Task.WhenAll(some.Select(ViewAsync));
            foreach (var (build, (view, damage)) in some.Zip(views))
            {
                if (view is { } known && known.State.IsFinal() && Begin(build, known.Request) is { } entry)
                {
                    _book.Observe(entry, known.State, known.Finished ?? Now, known.Reason, known.Attempts.Length, known.Attempts.LastOrDefault()?.Builder);
                }
                else if (isKnown && damage.Length > 0 && _book.Find(build.ToString()) is { } damaged)
                {
                    _book.Observe(damaged, BuildState.SystemError, Now, $"the record of {build} cannot be read: {damage}");
                }
                else if (isKnown && view is null && damage.Length == 0 && _book.Find(build.ToString()) is { } lost && lost.Notice.Last.Time < Now - NoticeBook.Kept)
                {
                    // It never was more than an entry of a queue that lost it.
                    LogLost(_logger, build);
                    _book.Drop(lost);
                    await ClearAsync([lost]);
                }
            }
        }
    }

    private static bool IsBuild(LogKey key) => Names.IsValid(key.Target) && Names.IsValidArch(key.Arch) && Names.IsValid(key.Pkgbase);

    private static BuildId IdOf(LogKey key) => new(new PackageKey(new TargetId(key.Target, key.Arch), key.Pkgbase), key.Timestamp);

    /// <summary>Asks the target repositories for changes that ended; of refused ones there is no event.</summary>
    private async Task LookForChangesAsync()
    {
        if (Now < _changesAt)
        {
            return;
        }

        _changesAt = Now + ChangesEvery;
        var known = State.KnownChanges;
        foreach (var target in Targets)
        {
            ImmutableArray<RepositoryChangeView> ended;
            try
            {
                ended = await GrainFactory.GetGrain<ITargetRepositoryGrain>(target.ToString()).GetEndedChangesAsync();
                _unreadable.Remove($"repository {target}");
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // A record of it may be damaged, which is its own affair.
                NoteUnreadable($"repository {target}", exception);
                continue;
            }

            if (State.KnownChanges.TryGetValue(target.ToString(), out var before))
            {
                if (before.Length == ChangeHistory.Kept && !before.Contains(ended[0].Operation))
                {
                    LogChangesLost(_logger, target);
                }

                foreach (var view in ended.Where(view => !before.Contains(view.Operation) && _book.Find(Notice.KeyOf(view.Operation)) is null))
                {
                    Take(target, view);
                }
            }

            var now = ended.Select(static view => view.Operation).ToImmutableArray();
            if (before.IsDefault || !before.SequenceEqual(now))
            {
                known = known.SetItem(target.ToString(), now);
            }
        }

        if (known != State.KnownChanges)
        {
            // The notices first: a crash between the two finds them, and tells nothing twice.
            await SaveAsync();
            await ChangeStateAsync(state => state with { KnownChanges = known });
        }
    }

    private void Take(TargetId target, RepositoryChangeView view)
    {
        var notice = new Notice
        {
            Change = new ChangeNotice
            {
                Operation = view.Operation,
                Target = target,
                Kind = view.Kind,
                Generation = view.Generation,
                Removed = view.Removed,
                Added = view.Added,
                Changed = view.Changed,
            },
        }.With(view.State == RepositoryChangeState.Done ? BuildState.Published : BuildState.Failed, Now, view.Reason);
        if (_book.IsOfInterest(notice))
        {
            _book.Add(notice);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} could not be read for notifications; it is tried again")]
    private static partial void LogUnreadable(ILogger logger, string what, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "More changes of {Target} ended at once than it remembers: nobody is told of the first of them")]
    private static partial void LogChangesLost(ILogger logger, TargetId target);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Build} is in no queue and has no record: nobody is told how it ended")]
    private static partial void LogLost(ILogger logger, BuildId build);
}
