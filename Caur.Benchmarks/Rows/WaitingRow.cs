using System.Diagnostics;
using Caur.Benchmarks.Running;
using Caur.Contracts.Builds;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>The same drain while very many others wait: what one build costs must not grow with them.</summary>
internal sealed class WaitingRow : Benchmark
{
    public override string Name => "waiting-100000";

    public override string Work => "2,533 builds of zero length with their deptree over 8 builders, while 100,000 others wait";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var waiting = run.Size(100_000, 100);
        var packages = new GeneratedPackages(run.Size(GeneratedPackages.LiveFolders - 1, 50));
        var line = run.Add("16 builds at a time on each builder", "builds/s", goal: Goal.AtLeastOf(5_000));
        var enqueue = run.Add($"to queue those {waiting:#,0}", "builds/s");
        run.Note("One farm for all repetitions. Beside 'drain', 16 at a time, it shows whether the cost is flat.");
        const int Batch = 2_500;
        await using var farm = await BenchFarm.StartAsync(run.NewFolder());
        var others = Enumerable.Range(0, waiting).Select(static i => new GeneratedFolder($"other-{i}", [$"other-{i}"], [])).ToList();
        var cpu = CpuTime.Now();
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in others.Chunk(Batch))
        {
            await farm.EnqueueAsync(batch, BuildPriority.MassRebuild);
        }

        run.Take(enqueue, waiting / Stopwatch.GetElapsedTime(started).TotalSeconds, CpuTime.Now() - cpu);
        using var drain = new Drain(farm, 16, AttemptOutcome.Built);
        for (var i = 0; i < run.Repeat; i++)
        {
            // While it is paused nobody takes of the others.
            await farm.Queue.PauseAsync(true);
            if (i == 0)
            {
                await drain.JoinAsync(cancellationToken);
            }

            var all = farm.Publisher.ExpectAsync(packages.Folders.Select(static folder => folder.Pkgbase));
            var before = farm.Finished;
            cpu = CpuTime.Now();
            started = Stopwatch.GetTimestamp();
            await farm.EnqueueAsync(packages.Folders);
            await farm.Queue.PauseAsync(false);
            await drain.UntilAsync(all, cancellationToken);

            // Builders that would have waited for the deptree built some of the others meanwhile.
            run.Take(line, (farm.Finished - before) / Stopwatch.GetElapsedTime(started).TotalSeconds, CpuTime.Now() - cpu);
        }

        // What is being built ends in order.
        await farm.Queue.PauseAsync(true);
        await drain.EndAsync();
    }
}
