using System.Text;
using Caur.Benchmarks.Running;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>What Prometheus fetches.</summary>
internal sealed class MetricsRow : Benchmark
{
    public override string Name => "metrics";

    public override string Work => "GET /metrics after 2,533 builds";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var packages = new GeneratedPackages(run.Size(GeneratedPackages.LiveFolders - 1, 50));
        await using var farm = await BenchFarm.StartAsync(run.NewFolder(), null, packages.Folders.Count);
        using var drain = new Drain(farm, 16, AttemptOutcome.Built);
        await drain.JoinAsync(cancellationToken);
        await farm.EnqueueAsync(packages.Folders);
        await drain.UntilAsync(farm.ReachedAsync(0), cancellationToken);
        await drain.EndAsync();
        using var http = await farm.ClientAsync();
        var size = run.Add("size of the answer", "KiB", goal: Goal.AtMost(64));
        var time = run.Add("time of the answer", "ms");
        run.Known("manager, today's", "KiB", 1_065);
        for (var i = 0; i < run.Repeat; i++)
        {
            byte[] answer = [];
            await run.TimeAsync(time, async () => answer = await http.GetByteArrayAsync("/metrics", cancellationToken));
            run.Take(size, answer.Length / 1024.0);
            BenchRun.Check(!packages.Folders.Any(folder => Encoding.UTF8.GetString(answer).Contains(folder.Pkgbase, StringComparison.Ordinal)), "it names a package");
        }
    }
}
