using System.Diagnostics;
using Caur.Benchmarks.Running;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>Builds of zero length, to builders that are processes and to sessions in the hub's own.</summary>
internal sealed class DispatchRow : Benchmark
{
    private const int Slots = 4;

    public override string Name => "dispatch";

    public override string Work => "builds of zero length to 8 and to 50 builder processes over their links, beside as many sessions in the hub's process";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        (int Builders, Line Rate, Line Once, Line OwnRate, Line OwnOnce)[] ways =
        [
            .. ((int[])[run.Size(8, 1), run.Size(50, 2)]).Select(builders => (
                builders,
                run.Add($"{builders} processes", "builds/s"),
                run.Add($"{builders} processes, one build alone: order to end, p50", "ms"),
                run.Add($"{builders} sessions in the hub's process", "builds/s"),
                run.Add($"{builders} sessions, one build alone, p50", "ms"))),
        ];
        run.Note("A builder makes every call that an agent makes (hello, take, accept, progress, complete), 4 builds at a time, over the product's end of a link, and runs nothing.");
        run.Note("Nothing is published and nothing depends on anything: it is what handing out and taking back cost. The processor time of processes has theirs in it.");
        for (var i = 0; i < run.Repeat; i++)
        {
            foreach (var (builders, rate, once, ownRate, ownOnce) in ways)
            {
                await OverLinksAsync(run, builders, rate, once, cancellationToken);
                await InProcessAsync(run, builders, ownRate, ownOnce, cancellationToken);
            }
        }
    }

    private static async Task OverLinksAsync(BenchRun run, int builders, Line rate, Line once, CancellationToken cancellationToken)
    {
        await using var farm = await FarmAsync(run);
        var processes = new List<ZeroBuilderProcess>();
        try
        {
            for (var number = 0; number < builders; number++)
            {
                processes.Add(await ZeroBuilderProcess.StartAsync(farm, $"process-{number}", Slots, cancellationToken));
            }

            await MeasureAsync(run, farm, rate, once, [.. processes.Select(static process => process.Id)], cancellationToken);
        }
        finally
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static async Task InProcessAsync(BenchRun run, int builders, Line rate, Line once, CancellationToken cancellationToken)
    {
        await using var farm = await FarmAsync(run);
        using var drain = new Drain(farm, Slots, AttemptOutcome.AlreadyBuilt, builders);
        await drain.JoinAsync(cancellationToken);
        await MeasureAsync(run, farm, rate, once, [], cancellationToken);
        await drain.EndAsync();
    }

    private static int Count(BenchRun run) => run.Size(2_000, 20);

    private static int Singles(BenchRun run) => run.Size(100, 3);

    /// <summary>One that tells of each build's end while they come one by one, of the warm-up's, and of the last.</summary>
    private static Task<BenchFarm> FarmAsync(BenchRun run) => BenchFarm.StartAsync(
        run.NewFolder(), null, [Count(run), .. Enumerable.Range(1, Singles(run)).Select(single => Count(run) + single), (2 * Count(run)) + Singles(run)]);

    private static async Task MeasureAsync(BenchRun run, BenchFarm farm, Line rate, Line once, int[] servers, CancellationToken cancellationToken)
    {
        // What is compiled on the way is not what is measured.
        await farm.EnqueueAsync(Folders("warm", Count(run)));
        await farm.ReachedAsync(0).WaitAsync(TimeSpan.FromMinutes(5), TimeProvider.System, cancellationToken);

        var times = new List<double>();
        for (var single = 1; single <= Singles(run); single++)
        {
            var ordered = Stopwatch.GetTimestamp();
            await farm.EnqueueAsync(Folders($"single-{single}", 1));
            await farm.ReachedAsync(single).WaitAsync(TimeSpan.FromMinutes(5), TimeProvider.System, cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(ordered).TotalMilliseconds);
        }

        times.Sort();
        run.Take(once, times[times.Count / 2]);

        var cpu = CpuTime.Now(servers);
        var started = Stopwatch.GetTimestamp();
        await farm.EnqueueAsync(Folders("many", Count(run)));
        await farm.ReachedAsync(Singles(run) + 1).WaitAsync(TimeSpan.FromMinutes(10), TimeProvider.System, cancellationToken);
        run.Take(rate, Count(run) / Stopwatch.GetElapsedTime(started).TotalSeconds, CpuTime.Now(servers) - cpu);
    }

    private static IEnumerable<GeneratedFolder> Folders(string name, int count) =>
        Enumerable.Range(0, count).Select(number => new GeneratedFolder($"{name}-{number}", [], []));
}
