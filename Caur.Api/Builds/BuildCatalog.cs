using System.Collections.Concurrent;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Storage.Logs;
using Caur.Storage.State;
using Orleans;

namespace Caur.Api.Builds;

/// <summary>All builds that are known: those in the queues, and those that still have a log. Grains cannot be listed, so the index of logs
/// is the list of what ended, and each build's own record says how.</summary>
internal sealed class BuildCatalog(QueueReader queues, BuildLogIndex logs, IGrainFactory grains)
{
    /// <summary>So many builds are looked into for one page at most; when fewer than the limit are found, the page ends there all the
    /// same, and the next goes on.</summary>
    public const int MostLookedInto = 2_000;

    private const int AtOnce = 64;

    /// <summary>What ended does not change: so many are remembered.</summary>
    private const int Remembered = 20_000;

    private readonly ConcurrentDictionary<BuildId, BuildSummary> _ended = new();
    private Sorted _sorted = new([], []);

    /// <summary>The newest first; of the same time by id.</summary>
    public static Comparer<BuildId> Order { get; } = Comparer<BuildId>.Create(static (one, other) =>
        other.Timestamp.CompareTo(one.Timestamp) is not 0 and var order ? order : string.CompareOrdinal(one.ToString(), other.ToString()));

    /// <summary>The pkgbases that ever had a build, or have one queued.</summary>
    public async Task<IReadOnlySet<string>> PkgbasesAsync() =>
        SortedLogs().Select(build => build.Pkgbase)
            .Concat((await queues.ReadAsync()).SelectMany(queue => queue.Items).Select(item => item.Build.Pkgbase))
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The newest build of each pkgbase, as far as one is known.</summary>
    public async Task<IReadOnlyDictionary<string, BuildSummary>> LatestAsync(IReadOnlyCollection<string> pkgbases)
    {
        var wanted = pkgbases.ToHashSet(StringComparer.Ordinal);
        var queued = (await queues.ReadAsync()).SelectMany(queue => queue.Items)
            .Where(item => wanted.Contains(item.Build.Pkgbase))
            .ToDictionary(item => item.Build);
        var newest = Merge(SortedLogs().Where(build => wanted.Contains(build.Pkgbase) && !queued.ContainsKey(build)), queued.Keys.Order(Order))
            .DistinctBy(build => build.Pkgbase);
        var known = await Task.WhenAll(newest.Select(build => DescribeAsync(build, queued)));
        return known.OfType<BuildSummary>().ToDictionary(build => build.Pkgbase, StringComparer.Ordinal);
    }

    /// <summary>A page of builds, the newest first.</summary>
    public async Task<Page<BuildSummary>> ListAsync(BuildListQuery query)
    {
        var queued = (await queues.ReadAsync()).SelectMany(queue => queue.Items).ToDictionary(item => item.Build);
        var candidates = Candidates(query, queued);
        var found = new List<BuildSummary>();
        var looked = 0;
        foreach (var some in candidates.Chunk(AtOnce))
        {
            var known = await Task.WhenAll(some.Select(build => DescribeAsync(build, queued)));
            foreach (var (build, summary) in some.Zip(known))
            {
                looked++;
                if (summary is not null && query.Is(summary))
                {
                    found.Add(summary);
                }

                if (found.Count == query.Limit || looked == MostLookedInto)
                {
                    return new Page<BuildSummary> { Items = found, Next = looked < candidates.Count ? build.ToString() : null };
                }
            }
        }

        return new Page<BuildSummary> { Items = found };
    }

    /// <summary>A build that is not in a queue, as its record says; null when there is none.</summary>
    public async Task<BuildSummary?> DescribeAsync(BuildId build)
    {
        if (_ended.TryGetValue(build, out var known))
        {
            return known;
        }

        BuildView? view;
        try
        {
            view = await grains.GetGrain<IBuildGrain>(build.ToString()).GetAsync();
        }
        catch (Exception error) when (StateDamage.Find(error) is { } damage)
        {
            return Damaged(build, damage);
        }

        if (view is null)
        {
            return null;
        }

        var summary = Of(view);
        if (summary.Final)
        {
            if (_ended.Count >= Remembered)
            {
                _ended.Clear();
            }

            _ended[build] = summary;
        }

        return summary;
    }

    private Task<BuildSummary?> DescribeAsync(BuildId build, Dictionary<BuildId, QueueItem> queued) =>
        queued.TryGetValue(build, out var item) ? Task.FromResult<BuildSummary?>(Of(item)) : DescribeAsync(build);

    private List<BuildId> Candidates(BuildListQuery query, Dictionary<BuildId, QueueItem> queued)
    {
        var behind = SortedLogs().Where(build => query.MayBe(build) && !queued.ContainsKey(build));
        var waiting = queued.Keys.Where(query.MayBe).Order(Order);
        return [.. Merge(behind, waiting).Where(build => query.After is not { } after || Order.Compare(build, after) > 0)];
    }

    private static IEnumerable<BuildId> Merge(IEnumerable<BuildId> one, IEnumerable<BuildId> other)
    {
        using var left = one.GetEnumerator();
        using var right = other.GetEnumerator();
        var (hasLeft, hasRight) = (left.MoveNext(), right.MoveNext());
        while (hasLeft || hasRight)
        {
            if (hasLeft && (!hasRight || Order.Compare(left.Current, right.Current) < 0))
            {
                yield return left.Current;
                hasLeft = left.MoveNext();
            }
            else
            {
                yield return right.Current;
                hasRight = right.MoveNext();
            }
        }
    }

    private BuildId[] SortedLogs()
    {
        var keys = logs.List();
        var sorted = Volatile.Read(ref _sorted);
        if (!ReferenceEquals(sorted.Of, keys))
        {
            BuildId[] builds = [.. keys.Select(IdOf).OfType<BuildId>()];
            Array.Sort(builds, Order);
            Volatile.Write(ref _sorted, sorted = new Sorted(keys, builds));
        }

        return sorted.Builds;
    }

    /// <summary>A file that somebody put there need not be a build's.</summary>
    private static BuildId? IdOf(LogKey key) =>
        Names.IsValid(key.Target) && Names.IsValidArch(key.Arch) && Names.IsValid(key.Pkgbase)
            ? new BuildId(new PackageKey(new TargetId(key.Target, key.Arch), key.Pkgbase), key.Timestamp)
            : null;

    /// <summary>A build in a queue.</summary>
    public static BuildSummary Of(QueueItem item) => new()
    {
        Build = item.Build,
        Pkgbase = item.Build.Pkgbase,
        Target = item.Build.Target,
        Source = item.Request.SourceRepository,
        Commit = item.Request.Commit,
        State = item.State,
        Final = false,
        Reason = item.Explanation,
        Builder = item.Builder,
        Attempts = item.Attempts,
        Queued = item.Build.QueuedAt,
    };

    private static BuildSummary Of(BuildView view) => new()
    {
        Build = view.Build,
        Pkgbase = view.Build.Pkgbase,
        Target = view.Build.Target,
        Source = view.Request.SourceRepository,
        Commit = view.Request.Commit,
        State = view.State,
        Final = view.State.IsFinal(),
        Reason = view.Reason,
        Builder = view.Attempts.LastOrDefault()?.Builder,
        Attempts = view.Attempts.Length,
        Queued = view.Build.QueuedAt,
        Finished = view.Finished,
        Generation = view.Generation,
    };

    private static BuildSummary Damaged(BuildId build, string damage) => new()
    {
        Build = build,
        Pkgbase = build.Pkgbase,
        Target = build.Target,
        Source = "",
        Commit = "",
        State = BuildState.SystemError,
        Final = true,
        Reason = $"the record of {build} cannot be read: {damage}",
        Queued = build.QueuedAt,
    };

    private sealed record Sorted(IReadOnlyList<LogKey> Of, BuildId[] Builds);
}
