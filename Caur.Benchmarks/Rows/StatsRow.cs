using Caur.Benchmarks.Running;

namespace Caur.Benchmarks.Rows;

/// <summary>What dashboards ask for again and again.</summary>
internal sealed class StatsRow : Benchmark
{
    public override string Name => "stats";

    public override string Work => "GET /api/queue/stats with 2,533 waiting";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        // What is asked for again and again is compiled until it is what it stays.
        var warm = run.Size(200, 20);
        var packages = new GeneratedPackages(run.Size(GeneratedPackages.LiveFolders - 1, 50));
        await using var farm = await BenchFarm.StartAsync(run.NewFolder());
        await farm.EnqueueAsync(packages.Folders);
        using var http = await farm.ClientAsync();
        var changed = run.Add("after a change of the queue", "ms", goal: Goal.AtMost(5));
        var same = run.Add("when nothing has changed", "ms");
        var bytes = run.Add("size of the answer", "KiB");
        run.Known("manager, today's, 154 KB", "ms", 39);
        run.Known("manager on BullMQ, 500 waiting", "ms", 305);
        for (var i = -warm; i < run.Repeat; i++)
        {
            // Another package is queued: the answer is another one.
            await farm.EnqueueAsync([new GeneratedFolder($"changed-{i}", [], [])]);
            byte[] answer = [];
            if (i < 0)
            {
                await http.GetByteArrayAsync("/api/queue/stats", cancellationToken);
                continue;
            }

            await run.TimeAsync(changed, async () => answer = await http.GetByteArrayAsync("/api/queue/stats", cancellationToken));
            await run.TimeAsync(same, async () => await http.GetByteArrayAsync("/api/queue/stats", cancellationToken));
            BenchRun.Check(System.Text.Encoding.UTF8.GetString(answer).Contains($"changed-{i}", StringComparison.Ordinal), "the answer is an old one");
            run.Take(bytes, answer.Length / 1024.0);
        }
    }
}
