using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Orleans.Runtime;

namespace Caur.Tests.Publication;

/// <summary>Hubs in a process of their own, each of which publishes what it was told and stops for ever at the point that it was told. It says
/// when everything has stopped or ended, and is there to be killed.</summary>
[SupportedOSPlatform("linux")]
internal static class PublicationChild
{
    /// <summary>The line that says that work begins, in every hub.</summary>
    public const string Begun = "begun";

    /// <summary>The line that says that nothing more will happen, in no hub.</summary>
    public const string Ready = "ready";

    /// <summary>Waits until a child says a line; false when it ended without.</summary>
    public static async Task<bool> SaysAsync(Process child, string line)
    {
        while (await child.StandardOutput.ReadLineAsync() is { } said)
        {
            if (said == line)
            {
                return true;
            }
        }

        return false;
    }

    public static string JobsPath(string data) => Path.Combine(data, "jobs.json");

    /// <summary>The arguments: gpg's home, then for each hub its data folder and its kill point.</summary>
    public static string[] Arguments(string gpg, params IEnumerable<(string Data, string Point)> hubs) =>
        [gpg, .. hubs.SelectMany(hub => new[] { hub.Data, hub.Point })];

    public static async Task RunAsync(string[] arguments)
    {
        var hubs = await Task.WhenAll(arguments.Skip(1).Chunk(2).Select(hub => KilledHub.StartAsync(arguments[0], hub[0], hub[1])));
        await SayAsync(Begun);
        await Task.WhenAll(hubs.Select(hub => hub.RunAsync()));
        await SayAsync(Ready);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    public static async Task ApplyAsync(string data, string gpg, PlannedPublication planned, RepositoryStoreOptions options, IPublicationProbe? probe)
    {
        var signer = new GpgSigner(new GpgOptions { Home = gpg }, Storage.Support.TestGpg.Processes);
        using var store = new RepositoryStore(
            Path.Combine(data, "repos"), planned.Target, "x86_64", signer, TimeProvider.System, options, probe);
        (await store.ApplyAsync(planned.Plan, CancellationToken.None)).Status
            .ShouldBeOneOf(PublicationStatus.Published, PublicationStatus.AlreadyPublished);
    }

    private static async Task SayAsync(string line)
    {
        await Console.Out.WriteLineAsync(line);
        await Console.Out.FlushAsync();
    }

    /// <summary>One of the hubs and its work.</summary>
    private sealed class KilledHub(string gpg, string data, PublicationJobs jobs, StopForEver stop, PublicationHub hub)
    {
        public static async Task<KilledHub> StartAsync(string gpg, string data, string point)
        {
            var jobs = JsonSerializer.Deserialize<PublicationJobs>(await File.ReadAllBytesAsync(JobsPath(data)))!;
            var stop = new StopForEver(point, jobs.Orders.Count + jobs.Plans.Count);
            return new KilledHub(gpg, data, jobs, stop, await PublicationHub.StartAsync(data, new GpgOptions { Home = gpg }, new PublicationHubOptions
            {
                Probe = stop,
                Storage = storage => new RecordingStorage(storage, stop.AtAsync),
                Store = jobs.StoreOptions,
            }));
        }

        /// <summary>Works until nothing more will happen.</summary>
        /// <exception cref="InvalidOperationException">It was to stop at a point by which nothing came.</exception>
        public async Task RunAsync()
        {
            await await Task.WhenAny(stop.Stopped, WorkAsync());
            if (stop.IsMissed)
            {
                throw new InvalidOperationException($"nothing came by {stop.Point}");
            }
        }

        private async Task WorkAsync()
        {
            var work = jobs.Orders.Select(PublishAsync).Concat(jobs.Plans.Select(plan => ApplyAsync(data, gpg, plan, jobs.StoreOptions, stop)));
            await Task.WhenAll(work.Select(async job =>
            {
                try
                {
                    await job;
                }
                catch (Exception error)
                {
                    // The others may have stopped for ever, and nobody would hear of it.
                    stop.Fail(error);
                    throw;
                }

                stop.Count();
            }));
            foreach (var target in jobs.Targets)
            {
                await hub.Publisher.CollectAsync(target, CancellationToken.None);
            }
        }

        private async Task PublishAsync(PublishOrder order)
        {
            while (true)
            {
                try
                {
                    await hub.CompleteAsync(order);
                    break;
                }
                catch (OrleansException)
                {
                    // Its record could not be written: a builder reports again, and so does this one.
                    await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
                }
            }

            await hub.PublishedAsync(order.Build);
            await hub.UntilAsync(async () => (await hub.Repository(order.Build.Target).GetAsync()).Pending == 0, () => "the order is still there");
        }
    }

    /// <summary>Stops each job, or the collection that follows them, at one point.</summary>
    private sealed class StopForEver(string point, int jobs) : IPublicationProbe
    {
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _ended;
        private volatile bool _reached;

        public string Point => point;

        /// <summary>Whether there was a point to stop at, and nothing came by.</summary>
        public bool IsMissed => point != KillPoints.None && !_reached;

        /// <summary>Completes when every job has stopped or ended, or the collection has stopped.</summary>
        public Task Stopped => _stopped.Task;

        public ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) => new(AtAsync(KillPoints.NameOf(step)));

        public ValueTask AtAsync(CollectionStep step, CancellationToken cancellationToken) => new(AtAsync(KillPoints.NameOf(step), all: true));

        public Task AtAsync(string name) => AtAsync(name, all: false);

        public void Count()
        {
            if (Interlocked.Increment(ref _ended) == jobs && point != KillPoints.None && !KillPoints.Collection.Contains(point))
            {
                _stopped.TrySetResult();
            }
        }

        public void Fail(Exception error) => _stopped.TrySetException(error);

        private async Task AtAsync(string name, bool all)
        {
            if (name == point)
            {
                _reached = true;
                if (all)
                {
                    _stopped.TrySetResult();
                }
                else
                {
                    Count();
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
            }
        }
    }
}

/// <summary>What a child does: builds to be published by the grain, and removals and rollbacks that the store applies.</summary>
internal sealed record PublicationJobs(IReadOnlyList<PublishOrder> Orders, IReadOnlyList<PlannedPublication> Plans)
{
    /// <summary>How many generations are kept, and no longer than that. Default: the current one alone, so that a collection has work.</summary>
    public int Keep { get; init; } = 1;

    [JsonIgnore]
    public IEnumerable<TargetId> Targets =>
        Orders.Select(order => order.Build.Target).Concat(Plans.Select(plan => new TargetId(plan.Target, "x86_64"))).Distinct();

    /// <summary>One archive after the other, so that each job stops once.</summary>
    [JsonIgnore]
    public RepositoryStoreOptions StoreOptions =>
        new() { Parallelism = 1, WritesAtOnce = 1, KeepGenerations = Keep, GenerationGrace = TimeSpan.Zero, FileGrace = TimeSpan.Zero };
}

/// <summary>A plan for one repository.</summary>
internal sealed record PlannedPublication(string Target, PublicationPlan Plan);
