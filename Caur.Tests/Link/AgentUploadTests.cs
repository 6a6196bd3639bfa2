using System.Text.Json;
using Caur.Builder;
using Caur.Builder.Link;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Tests.Api;
using Caur.Tests.Builder.Agents;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Link;

/// <summary>Uploads by an agent of its own accord, to whatever end a gateway lets them come.</summary>
public sealed class AgentUploadTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Upload_AfterEachAnswerOfAGateway_ComesToTheAttemptsEnd()
    {
        var seen = new Dictionary<string, int>();
        await using var gateway = await UploadGateway.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, Token);
            int tries;
            var file = context.Request.Path.Value!.Split('/')[^1];
            lock (seen)
            {
                tries = seen[file] = seen.GetValueOrDefault(file) + 1;
            }

            var status = file.Split('-')[0] switch
            {
                "forbidden" => 403,
                "locked" when tries < 3 => 423,
                "full" when tries < 3 => 507,
                _ => 204,
            };
            UploadGateway.Answer(context, status, status == 204 ? 2 : null, status == 204);
        });
        await using var farm = await AgentFixture.CreateAsync();
        farm.Session.Sender = new ArchiveSender(Dialer(gateway.Url, out var options, out var dialer), options, TimeProvider.System, () => LinkHub.Hello("tester"));
        using var _ = dialer;
        await using var agent = await farm.StartAsync(o => (o.Slots, o.Attempts.UploadRetries) = (3, 2));
        var orders = ((string[])["forbidden", "locked", "full"]).ToDictionary(name => name, name => farm.Order($"echo x >/caur/out/{name}-1-1-any.pkg.tar.zst"));

        farm.Session.Give(orders.Values);

        (await farm.Session.ResultAsync(orders["locked"].Attempt)).Outcome.ShouldBe(AttemptOutcome.Built);
        (await farm.Session.ResultAsync(orders["full"].Attempt)).Outcome.ShouldBe(AttemptOutcome.Built);
        var forbidden = await farm.Session.ResultAsync(orders["forbidden"].Attempt);
        forbidden.Outcome.ShouldBe(AttemptOutcome.SystemError);
        forbidden.Message.ShouldContain("(403)");
        seen.ShouldBe(new Dictionary<string, int> { ["forbidden-1-1-any.pkg.tar.zst"] = 3, ["locked-1-1-any.pkg.tar.zst"] = 3, ["full-1-1-any.pkg.tar.zst"] = 3 }, ignoreOrder: true);

        static LinkDialer Dialer(Uri url, out LinkAgentOptions options, out LinkDialer dialer) =>
            dialer = new LinkDialer(options = new LinkAgentOptions { Gateway = url, Token = () => "x" }, TimeProvider.System);
    }

    [Fact]
    public async Task Upload_ThatIsCorruptedOnItsWay_IsSentAgainAndWhenItAlwaysIsTheReasonIsSaid()
    {
        var engine = await ContainerEngine.RequireAsync();
        await using var hub = await LinkHub.StartAsync(more: services => services.Configure<FarmOptions>(farm => farm.BuilderImage = engine.BuilderImage));
        var commit = await hub.Hub.CommitAsync(("once", null), ("always", null));
        var proxy = hub.Proxy();
        using var folder = new Storage.Support.TemporaryFolder();
        await using var services = new ServiceCollection()
            .AddLogging(logging => logging.AddFilter(_ => false))
            .AddSingleton<IBuilderSession>(hub.Session((await hub.TokenAsync("north")).Token, proxy.Url))
            .AddBuilderAgent(options =>
            {
                (options.Name, options.Workspace, options.Engine.Address) = ("north", folder["builder"], engine.SocketPath);
                options.Containers.Network = "none";
                options.Containers.Command = ["bash", "-c", "yes caur | head -c 1000000 >/caur/out/$CAUR_PKGBASE-1-1-any.pkg.tar.zst"];
                options.Attempts.UploadRetries = 2;
            })
            .BuildServiceProvider();
        var agent = services.GetServices<IHostedService>().Single();
        await agent.StartAsync(Token);
        try
        {
            proxy.Corrupt(1);
            var build = await EnqueueAsync("once");
            await ApiHub.UntilAsync(async () => await StateAsync(build) == "Published", "the publication");
            hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"upload\"} 1");

            proxy.Corrupt(int.MaxValue);
            build = await EnqueueAsync("always");
            var attempt = new AttemptRef(build.ToString(), 1);
            await ApiHub.UntilAsync(
                async () => (await hub.LogAsync(attempt)).Contains("The archive always-1-1-any.pkg.tar.zst was not stored: SHA-256", StringComparison.Ordinal), "the reason in the log");
            await ApiHub.UntilAsync(async () => await hub.StateAsync(attempt) == Contracts.Builds.BuildState.Waiting, "that it is tried again later");
            hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"upload\"} 4");
        }
        finally
        {
            await agent.StopAsync(CancellationToken.None);
        }

        async Task<BuildId> EnqueueAsync(string pkgbase) => (await hub.Hub.EnqueueAsync(ApiHub.Request(pkgbase) with { Commit = commit }))[0];

        async Task<string?> StateAsync(BuildId build) =>
            JsonSerializer.Deserialize<JsonElement>(await hub.Hub.Http.GetStringAsync($"/api/v1/builds/{build}", Token)).GetProperty("state").GetString();
    }
}
