using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Api.Auth;
using Caur.Builder.Agents;
using Caur.Builder.Link;
using Caur.Silo.Builders;
using Caur.Silo.Hub;
using Caur.Tests.Farm;
using Caur.Tests.Pacman;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Caur.Tests.Link;

/// <summary>A hub without a builder of its own, an agent as <c>caur builder</c> composes it, a network that breaks in between, and a
/// package that is built in a real container and published.</summary>
public sealed partial class LinkFarmTests
{
    private const int Lines = 40;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Build_WhileItsLinkIsCutAgainAndAgain_IsPublishedAndItsLogHasNoGapAndNoRepetition()
    {
        var engine = await ContainerEngine.RequireAsync();
        using var folder = new TempFolder();
        new DirectoryInfo(folder.Path).UnixFileMode = (UnixFileMode)0b111_101_101;
        var sources = new SourceFolder(folder.Folder("sources"));
        await sources.AddAsync(
            "slow",
            "pkgver=1.0",
            $"build() {{ for i in $(seq 1 {Lines}); do echo \"line-$i-of-{Lines}\"; sleep 0.1; done; }}\n" + SourceFolder.Program("slow"));
        await sources.CommitAsync();
        await using var hub = await StartHubAsync(folder["data"], sources.Path, engine.BuilderImage);
        var port = new Uri(hub.Urls.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal).Replace("*", "127.0.0.1", StringComparison.Ordinal)).Port;
        await using var proxy = new CutProxy(port);
        var tokens = hub.Services.GetRequiredService<TokenStore>();
        var (_, token) = await tokens.CreateAsync(TokenRole.Builder, "elsewhere", null, Token);
        var (_, admin) = await tokens.CreateAsync(TokenRole.Admin, "boss", null, Token);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", admin);

        using var builder = BuilderHost.Build(
            Settings(folder["builder"], proxy.Url, token, engine.SocketPath), static host => host.Logging.AddFilter<ConsoleLoggerProvider>(null, LogLevel.None));
        await builder.StartAsync(Token);
        try
        {
            using var scheduled = await http.PostAsJsonAsync(
                "/api/queue/schedule", new { source_repo = "sources", target_repo = "farm", packages = new[] { new { pkgbase = "slow" } } }, Token);
            var build = (await scheduled.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("builds")[0].GetProperty("build").GetString()!;
            var log = new Uri($"/api/logs/slow/{build.Split('/')[3]}?follow=false", UriKind.Relative);
            foreach (var line in (int[])[5, 15, 30])
            {
                await Api.ApiHub.UntilAsync(
                    async () => (await http.GetStringAsync(log, Token)).Contains($"line-{line}-of", StringComparison.Ordinal), $"line {line} of the log");
                proxy.CutOpen();
            }

            JsonElement view = default;
            await Api.ApiHub.UntilAsync(
                async () => (view = await http.GetFromJsonAsync<JsonElement>($"/api/v1/builds/{build}", Token)).GetProperty("final").GetBoolean(), "the end of the build");

            // --once: it ends by itself.
            await builder.Services.GetServices<IHostedService>().OfType<BuilderAgent>().Single().ExecuteTask!.DefaultTimeout("the agent's end");
            view.GetProperty("state").GetString().ShouldBe("Published");
            var text = await http.GetStringAsync(log, Token);
            Numbers().Matches(text).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).ShouldBe(Enumerable.Range(1, Lines), text);

            // One attempt through all cuts. On a busy machine the first order may have come too late, before any of them.
            text.Split("on builder elsewhere, attempt ").Length.ShouldBe(2, text);
            text.ShouldNotContain("bytes of the log were lost");
            text.TrimEnd().ShouldEndWith("Package successfully deployed: in generation 1 of farm/x86_64.");
            proxy.Connections.ShouldBeGreaterThan(4);
        }
        finally
        {
            await builder.StopAsync(CancellationToken.None);
            await ((IAsyncDisposable)builder).DisposeAsync();
            await hub.StopAsync(CancellationToken.None);
        }
    }

    private static async Task<WebApplication> StartHubAsync(string data, string sources, string image)
    {
        var variables = new Dictionary<string, string>
        {
            ["PACKAGE_REPOS"] = JsonSerializer.Serialize(new { sources = new { url = sources } }),
            ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
            ["BUILDER_IMAGE"] = image,
        };
        var app = QuietHub.Build(new HubSettings { DataFolder = data, WebPort = 0, RunAgent = false, Variable = variables.GetValueOrDefault });
        await app.StartAsync(Token);
        return app;
    }

    private static BuilderSettings Settings(string data, Uri gateway, string token, string socket)
    {
        var variables = new Dictionary<string, string> { ["BUILDER_HOSTNAME"] = "elsewhere", ["DOCKER_HOST"] = $"unix://{socket}" };
        return new BuilderSettings
        {
            DataFolder = data,
            Slots = 2,
            Once = true,
            Variable = variables.GetValueOrDefault,
            Link = new LinkAgentOptions { Gateway = gateway, Token = () => token },
        };
    }

    [GeneratedRegex(@"(?m)^line-(\d+)-of-40\r?$")]
    private static partial Regex Numbers();
}
