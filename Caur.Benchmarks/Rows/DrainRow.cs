using System.Diagnostics;
using System.Runtime;
using Caur.Benchmarks.Peers;
using Caur.Benchmarks.Running;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>The whole way of very many builds that take no time.</summary>
internal sealed class DrainRow : Benchmark
{
    public override string Name => "drain";

    public override string Work => "2,533 builds of zero length with their deptree over 8 builders, from the first call to the last final state";

    public override bool HasSyncs => true;

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Size(GeneratedPackages.LiveFolders - 1, 50);
        var packages = new GeneratedPackages(count);
        var goal = Goal.AtLeastOf(5_000);
        (int Slots, Line Line)[] ways =
        [
            (1, run.Add("one build at a time on each builder", "builds/s", goal: goal)),
            (16, run.Add("16 builds at a time on each builder", "builds/s", goal: goal)),
        ];
        var first = run.Add("the first 250 of them, 16 at a time", "builds/s");
        var already = run.Add("16 at a time, none of which publishes (already built)", "builds/s");
        run.Note("Caur: grains, engine and SQLite file of the hub; builders are sessions in this process (hello, take, accept, complete).");
        run.Note("Publication: the orders, intents, histories and news are real and durable, the repository's files are in memory: such a build has none.");
        run.Note("The order is checked: nothing was handed out before all that it depends on was published.");
        run.Known("manager, today's (fake builders, quiet machine)", "builds/s", 217);

        var besideIt = run.Peers
            ? await BullMq.PrepareAsync(run, packages, Drain.Builders, ways, cancellationToken)
            : static () => Task.CompletedTask;

        await WarmUpAsync(run, packages, cancellationToken);

        for (var i = 0; i < run.Repeat; i++)
        {
            foreach (var (slots, line) in ways)
            {
                await DrainAsync(run, packages, slots, line, slots == 16 ? first : null, AttemptOutcome.Built, cancellationToken);
            }

            await DrainAsync(run, packages, 16, already, null, AttemptOutcome.AlreadyBuilt, cancellationToken);
            await besideIt();
        }
    }

    /// <summary>What is compiled on the way is not the queue's speed: a hub runs for months. A method is compiled three times until it is
    /// what it stays, so this goes on until few are.</summary>
    private static async Task WarmUpAsync(BenchRun run, GeneratedPackages packages, CancellationToken cancellationToken)
    {
        const int Few = 500;
        for (var i = 0; i < run.Size(15, 0); i++)
        {
            var before = JitInfo.GetCompiledMethodCount();
            await DrainAsync(run, packages, 16, null, null, AttemptOutcome.Built, cancellationToken);
            var compiled = JitInfo.GetCompiledMethodCount() - before;
            run.Progress($"warming up: {compiled} methods were compiled");
            if (compiled < Few)
            {
                return;
            }
        }
    }

    private static async Task DrainAsync(
        BenchRun run, GeneratedPackages packages, int slots, Line? line, Line? firstLine, AttemptOutcome outcome, CancellationToken cancellationToken)
    {
        const int First = 250;
        var count = packages.Folders.Count;
        await using var farm = await BenchFarm.StartAsync(run.NewFolder(), null, count, Math.Min(First, count));
        using var drain = new Drain(farm, slots, outcome);
        await drain.JoinAsync(cancellationToken);
        var cpu = CpuTime.Now();
        var started = Stopwatch.GetTimestamp();
        var queued = await farm.EnqueueAsync(packages.Folders);
        var firstTook = farm.ReachedAsync(1).ContinueWith(
            _ => Stopwatch.GetElapsedTime(started), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await drain.UntilAsync(farm.ReachedAsync(0), cancellationToken);
        var took = Stopwatch.GetElapsedTime(started);
        var used = CpuTime.Now() - cpu;
        await drain.EndAsync();
        await CheckAsync(farm, packages, queued.Select(reply => reply.Build), drain, outcome);
        if (line is not null)
        {
            run.Take(line, count / took.TotalSeconds, used);
        }

        if (firstLine is not null)
        {
            run.Take(firstLine, Math.Min(First, count) / (await firstTook).TotalSeconds);
        }
    }

    /// <summary>The time counts only when all builds are what they should be, in the order in which they should be.</summary>
    private static async Task CheckAsync(
        BenchFarm farm, GeneratedPackages packages, IEnumerable<BuildId> builds, Drain drain, AttemptOutcome outcome)
    {
        var wanted = outcome == AttemptOutcome.Built ? BuildState.Published : BuildState.AlreadyBuilt;
        foreach (var build in builds)
        {
            var view = await farm.Build(build).GetAsync();
            BenchRun.Check(view?.State == wanted, $"{build} is {view?.State.ToString() ?? "unknown"} and not {wanted}");
        }

        var ended = outcome == AttemptOutcome.Built ? farm.Publisher.PublishedAt : null;
        foreach (var folder in packages.Folders)
        {
            BenchRun.Check(drain.TakenAt.ContainsKey(folder.Pkgbase), $"{folder.Pkgbase} was never handed out");
            foreach (var first in folder.After)
            {
                var before = ended is null ? drain.TakenAt[first] : ended[first];
                BenchRun.Check(before < drain.TakenAt[folder.Pkgbase], $"{folder.Pkgbase} was handed out before {first} was there");
            }
        }
    }
}
