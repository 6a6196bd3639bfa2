using Caur.Protocol.Builders;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>A farm in which something of everything was built, and a Prometheus that has read it. It runs once for all tests that ask it.</summary>
public sealed class ScrapedFarm : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private WorkedFarm? _farm;

    internal PrometheusServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Requirement.Program("prometheus");
        _farm = await WorkedFarm.StartAsync(_folder["data"]);
        foreach (var (name, outcome) in new[]
        {
            ("built", AttemptOutcome.Built), ("failed", AttemptOutcome.Failed), ("skipped", AttemptOutcome.Skipped), ("late", AttemptOutcome.TimedOut),
        })
        {
            await _farm.BuildAsync(name, outcome);
        }

        // It fails, as there is no such source: what follows sources shows itself when it is first asked.
        await _farm.RunAsync("run", "start", "--dry-run", "--follow");
        (await _farm.GetAsync("/api/v1/queue")).GetProperty("items").GetArrayLength().ShouldBe(0);
        await _farm.EnqueueAsync(WorkedFarm.Request("ready"), WorkedFarm.Request("also-ready"), WorkedFarm.Request("dependent", "ready"));
        Server = await PrometheusServer.StartAsync(_farm.Http.BaseAddress!, CheckedInText.PathOf("deploy/prometheus/alerts.yml"));
    }

    public async ValueTask DisposeAsync()
    {
        await (Server?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_farm?.DisposeAsync() ?? ValueTask.CompletedTask);
        _folder.Dispose();
    }
}
