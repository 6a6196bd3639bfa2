using System.Net.Http.Json;
using Caur.Benchmarks.Running;
using Caur.Storage.Files;

namespace Caur.Benchmarks.Rows;

/// <summary>What the hub's process takes.</summary>
internal sealed class MemoryRow : Benchmark
{
    public override string Name => "memory";

    public override string Work => "memory of the hub with 10,000 packages and 10,000 waiting";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Size(10_000, 100);
        var resting = run.Add("resident, ten seconds later", "MiB", goal: Goal.AtMost(250));
        var peak = run.Add("at the most", "MiB");
        var empty = run.Add("resident, with nothing in it", "MiB");
        run.Known("manager, today's, at a quarter of it (without Redis)", "MiB", 183);
        run.Progress("making repository and source");
        var packages = new GeneratedPackages(count);
        var source = await SourceRepository.MakeAsync(run, packages, cancellationToken);
        var database = await SeededRepository.MakeAsync(count, cancellationToken);
        for (var i = 0; i < Math.Min(3, run.Repeat); i++)
        {
            var data = run.NewFolder();
            await using var key = await SigningKey.MakeAsync(cancellationToken);
            await SeededRepository.WriteAsync(
                DataFolders.Resolve(data).Repositories, "farm", BenchFarm.Arch, database, key.Signer, cancellationToken);
            await using var hub = await HubProcess.StartAsync(data, source, cancellationToken);
            run.Take(empty, hub.Memory("VmRSS"));
            using var scheduled = await hub.Http.PostAsJsonAsync(
                "/api/queue/schedule", new { source_repo = "packages", target_repo = "farm", all = true }, cancellationToken);
            BenchRun.Check(scheduled.IsSuccessStatusCode, $"schedule was answered by {(int)scheduled.StatusCode}");
            var stats = await hub.Http.GetStringAsync("/api/queue/stats", cancellationToken);
            BenchRun.Check(stats.Contains(packages.Folders[^1].Pkgbase, StringComparison.Ordinal), "not all wait");
            using var listed = await hub.Http.GetAsync("/api/v1/repositories/farm/x86_64/packages", cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(run.Quick ? 0 : 10), TimeProvider.System, cancellationToken);
            run.Take(resting, hub.Memory("VmRSS"));
            run.Take(peak, hub.Memory("VmHWM"));
        }
    }
}
