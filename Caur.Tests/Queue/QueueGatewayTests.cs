using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using Caur.Api.Auth;
using Caur.Api.Queue;
using Caur.Contracts.Farm;
using Caur.Silo.Cli;
using Caur.Tests.Grains;
using Caur.Tests.Repositories;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Queue;

/// <summary>What the gateway says of the queue, and whom it lets change it.</summary>
[SupportedOSPlatform("linux")]
public sealed class QueueGatewayTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Promote_WhenTheTokenIsAPipelines_IsRefusedOnBothRoutes()
    {
        await using var hub = await RepositoryHub.StartAsync(_folder["data"], key.Gpg.Signer);
        using var ci = await hub.ClientAsync(TokenRole.Ci);
        using var admin = await hub.ClientAsync(TokenRole.Admin);
        var body = new { pkgbase = "p0", target_repo = "farm" };

        (await ci.PostAsJsonAsync("/api/queue/promote", body, Token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await ci.PostAsync("/api/v1/builds/farm/x86_64/p0/1/promote", null, Token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await admin.PostAsJsonAsync("/api/queue/promote", body, Token)).StatusCode.ShouldBe(HttpStatusCode.NotFound, "none waits");
        var run = await hub.RunAsync(await hub.TokenAsync(TokenRole.Ci), "build", "promote", "farm/x86_64/p0/1");
        run.ExitCode.ShouldBe(ExitCodes.TokenRefused);
        run.Error.ShouldContain("this token's role is ci");
        run.Error.ShouldContain("role admin");
    }

    [Fact]
    public async Task Stats_WhenABuilderDrainsOrCannotBuild_DoNotCallItIdle()
    {
        await using var farm = await Grains.Farm.StartAsync();
        var options = farm.Services.GetRequiredService<IOptions<FarmOptions>>();
        var stats = new QueueStatsReader(new QueueReader(farm.Client, options), options);
        var (idle, draining, unfit) = (new ScriptedBuilder(farm, "idle"), new ScriptedBuilder(farm, "draining"), new ScriptedBuilder(farm, "unfit"));
        unfit.Profile = unfit.Profile with { Problem = "no image" };
        foreach (var builder in new[] { idle, draining, unfit })
        {
            await builder.JoinAsync();
        }

        await draining.Grain.DrainAsync(true);

        (await stats.ReadAsync()).Idle.Nodes.Select(node => node.Name).ShouldBe(["idle"]);
    }
}
