using Caur.Benchmarks.Running;

namespace Caur.Benchmarks.Rows;

/// <summary>What an agent takes of somebody's machine while there is nothing to build.</summary>
internal sealed class IdleAgentRow : Benchmark
{
    public override string Name => "idle-agent";

    public override string Work => "memory of a 'caur builder' that joined over the link and has nothing to do";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var resident = run.Add("resident, ten seconds later", "MiB", goal: Goal.AtMost(80));
        var source = await SourceRepository.MakeAsync(run, new GeneratedPackages(10), cancellationToken);
        await using var hub = await HubProcess.StartAsync(run.NewFolder(), source, cancellationToken);
        for (var i = 0; i < Math.Min(3, run.Repeat); i++)
        {
            await using var agent = await BuilderProcess.StartAsync(hub, $"idle-{Guid.NewGuid():n}", 1, run.NewFolder(), cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(run.Quick ? 0 : 10), TimeProvider.System, cancellationToken);
            run.Take(resident, agent.Memory);
        }
    }
}
