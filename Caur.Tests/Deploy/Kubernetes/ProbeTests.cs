using System.Net;
using Caur.Silo.Hub;
using Caur.Tests.Configuration;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>What the manifests' probes ask for.</summary>
public sealed class ProbeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A hub that was told to end is sent nobody any more, and is not taken for dead while it ends.</summary>
    [Fact]
    public async Task Hub_ThatWasToldToEnd_LivesAndIsNotReady()
    {
        using var folder = new TemporaryFolder();
        var variables = new Dictionary<string, string> { ["PACKAGE_REPOS"] = ConfigurationHarness.Sources, ["PACKAGE_TARGET_REPOS"] = ConfigurationHarness.Targets };
        await using var hub = QuietHub.Build(new HubSettings { DataFolder = folder.Path, WebPort = 0, RunAgent = false, Variable = variables.GetValueOrDefault });
        await hub.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = new UriBuilder(hub.Urls.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Uri };
        await Logs.Until.AnsweredAsync(async () => await StatusAsync("ready") == HttpStatusCode.OK, "the hub is up");
        (await StatusAsync("startup")).ShouldBe(HttpStatusCode.OK);

        hub.Lifetime.StopApplication();

        (await StatusAsync("ready")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await StatusAsync("live")).ShouldBe(HttpStatusCode.OK);
        await hub.StopAsync(Token);

        async Task<HttpStatusCode> StatusAsync(string probe)
        {
            using var answer = await http.GetAsync($"/health/{probe}", Token);
            return answer.StatusCode;
        }
    }
}
