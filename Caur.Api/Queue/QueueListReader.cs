using Caur.Api.Events;
using Caur.Api.Paging;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Api.Queue;

/// <summary>Makes <c>GET /api/v1/queue</c> of the queues.</summary>
internal sealed class QueueListReader(QueueReader queues, TimeProvider clock)
{
    private static readonly BuildState[] States =
        [BuildState.Waiting, BuildState.Assigned, BuildState.Running, BuildState.Uploading, BuildState.Publishing];

    /// <summary>A page, the oldest first: that order does not change while builds come, start and end.</summary>
    /// <returns>The page, or what is wrong with the question, for people.</returns>
    public async Task<(QueuePage? Page, string? Problem)> ReadAsync(QueueListQuery query)
    {
        if (Check(query) is { } problem)
        {
            return (null, problem);
        }

        var archs = query.Arch is { Length: > 0 } only ? [only] : queues.Architectures;
        var needsStarts = query.States.Count == 0 || query.States.Contains(nameof(BuildState.Waiting), StringComparer.OrdinalIgnoreCase);
        var read = await Task.WhenAll(archs.Select(async arch => (
            Queue: await queues.Queue(arch).GetAsync(), Starts: needsStarts ? await queues.Queue(arch).GetStartsAsync() : [])));
        var starts = read.SelectMany(queue => queue.Starts).ToDictionary(start => start.Build);
        var positions = new Dictionary<BuildId, int>();
        foreach (var (queue, _) in read)
        {
            foreach (var (place, item) in queue.Items.Where(item => item.State == BuildState.Waiting).Index())
            {
                positions[item.Build] = place + 1;
            }
        }

        var cursor = query.After is { Length: > 0 } after ? BuildId.Parse(after) : default(BuildId?);
        var wanted = read.SelectMany(queue => queue.Queue.Items).Where(query.Wants).OrderBy(item => item.Build, Order);
        var (items, next) = Pager.Cut(
            wanted, item => cursor is not { } last || Order.Compare(item.Build, last) > 0, query.Limit ?? PageQuery.Default, item => item.Build.ToString());
        var now = clock.GetUtcNow();
        return (new QueuePage
        {
            Items = [.. items.Select(item => Body(item, positions, starts, now))],
            Next = next,
            Queues = [.. read.Select(queue => Count(queue.Queue))],
        }, null);
    }

    /// <summary>The queues in numbers.</summary>
    public async Task<IReadOnlyList<QueueCounts>> CountAsync(IEnumerable<string> archs) =>
    [
        .. (await Task.WhenAll(archs.Select(arch => queues.Queue(arch).GetOverviewAsync()))).Select(queue => new QueueCounts(
            queue.Arch, queue.Paused, queue.Waiting.Length, queue.Waiting.Count(build => build.Ready), queue.Active.Length)),
    ];

    /// <summary>The architectures meant; null when this farm has no such.</summary>
    public IReadOnlyList<string>? Architectures(string? arch) =>
        arch is not { Length: > 0 } ? queues.Architectures : queues.Architectures.Contains(arch) ? [arch] : null;

    /// <summary>What to say of an architecture that this farm does not have.</summary>
    public string NoArchitecture(string arch) =>
        $"arch is '{BuildStateNames.Shown(arch)}', and one of this farm's is wanted: {string.Join(", ", queues.Architectures)}";

    private static Comparer<BuildId> Order { get; } = Comparer<BuildId>.Create(static (one, other) =>
        one.Timestamp.CompareTo(other.Timestamp) is not 0 and var order ? order : string.CompareOrdinal(one.ToString(), other.ToString()));

    private string? Check(QueueListQuery query) =>
        query.States.FirstOrDefault(name => !BuildStateNames.TryParse(name, out var state) || !States.Contains(state)) is { } wrong
            ? $"state is '{BuildStateNames.Shown(wrong)}', and one or more of {string.Join(", ", States)} are wanted: what is over is in /api/v1/builds"
        : query.Waits.FirstOrDefault(name => !Enum.TryParse<WaitReason>(name, ignoreCase: true, out _) || !char.IsLetter(name[0])) is { } wait
            ? $"wait is '{BuildStateNames.Shown(wait)}', and one or more of {string.Join(", ", Enum.GetNames<WaitReason>())} are wanted"
        : query.Package is { Length: > 0 } package && !Names.IsValid(package)
            ? $"package is '{BuildStateNames.Shown(package)}', which is no name of a package folder"
        : query.Target is { Length: > 0 } target && !Names.IsValid(target) && !TargetId.TryParse(target, null, out _)
            ? $"target is '{BuildStateNames.Shown(target)}', and a repository is wanted: name or name/arch"
        : query.Arch is { Length: > 0 } arch && !queues.Architectures.Contains(arch) ? NoArchitecture(arch)
        : query.After is { Length: > 0 } after && !BuildId.TryParse(after, null, out _)
            ? $"after is '{BuildStateNames.Shown(after)}', and the next of the page before is wanted"
        : PageQuery.Problem(query.Limit);

    private static QueueCounts Count(QueueSnapshot queue)
    {
        var waiting = queue.Items.Count(item => item.State == BuildState.Waiting);
        var ready = queue.Items.Count(item => item.Wait is WaitReason.Turn or WaitReason.NoFittingBuilder);
        return new QueueCounts(queue.Arch, queue.Paused, waiting, ready, queue.Items.Length - waiting);
    }

    private static QueuedBuildBody Body(
        QueueItem item, Dictionary<BuildId, int> positions, Dictionary<BuildId, StartEstimate> starts, DateTimeOffset now) => new()
        {
            Build = item.Build,
            Request = item.Request,
            State = item.State,
            Wait = item.Wait,
            Explanation = item.Explanation,
            Builder = item.Builder,
            Attempts = item.Attempts,
            Position = positions.TryGetValue(item.Build, out var position) ? position : null,
            Start = item.State != BuildState.Waiting ? null
            : starts.TryGetValue(item.Build, out var start) ? StartBody.Of(start, now)
            : new StartBody(null, null, false, "it came while this was worked out; ask again"),
        };
}

/// <summary>Which builds of the queues are wanted. What it does not name is not looked at.</summary>
internal sealed record QueueListQuery
{
    public string? State { get; init; }

    public string? Wait { get; init; }

    public string? Package { get; init; }

    public string? Target { get; init; }

    public string? Arch { get; init; }

    public string? After { get; init; }

    public int? Limit { get; init; }

    public IReadOnlyList<string> States => field ??= Split(State);

    public IReadOnlyList<string> Waits => field ??= Split(Wait);

    public bool Wants(QueueItem item) =>
        (States.Count == 0 || States.Contains(item.State.ToString(), StringComparer.OrdinalIgnoreCase))
        && (Waits.Count == 0 || Waits.Contains(item.Wait.ToString(), StringComparer.OrdinalIgnoreCase))
        && (Package is not { Length: > 0 } || item.Build.Pkgbase == Package)
        && (Target is not { Length: > 0 } || item.Build.Target.Name == Target || item.Build.Target.ToString() == Target);

    private static IReadOnlyList<string> Split(string? text) =>
        (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
