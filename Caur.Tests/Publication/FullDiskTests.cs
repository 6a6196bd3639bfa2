using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Contracts.Queue;
using Caur.Silo.Hub;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Caur.Tests.Publication;

/// <summary>The whole hub on a disk that is full for a while.</summary>
[SupportedOSPlatform("linux")]
public sealed class FullDiskTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Disk => _folder["disk"];

    private string Source => _folder["source"];

    public async ValueTask DisposeAsync()
    {
        await Processes.RunAsync("umount", ["--lazy", Disk]);
        _folder.Dispose();
    }

    [Fact]
    public async Task Request_WhileTheDiskIsFull_IsAnsweredWith507AndTheProbeSaysWhy()
    {
        Directory.CreateDirectory(Disk);
        Assert.SkipUnless(
            (await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", Disk])).ExitCode == 0,
            "this user may not mount a small file system");
        await CommitAsync("a");
        await using var hub = QuietHub.Build(new HubSettings
        {
            DataFolder = Disk,
            WebPort = 0,
            RunAgent = false,
            Variable = name => name switch
            {
                "PACKAGE_REPOS" => JsonSerializer.Serialize(new Dictionary<string, object> { ["sources"] = new { url = Source } }),
                "PACKAGE_TARGET_REPOS" => """{"farm":{}}""",
                _ => null,
            },
        });
        await hub.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{new Uri(hub.Urls.First().Replace("*", "localhost", StringComparison.Ordinal).Replace("[::]", "localhost", StringComparison.Ordinal)).Port}") };
        await EventuallyAsync(async () => await ReadyAsync(http) == "ok\n");
        http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(Disk, "admin.token"), Token)).Trim());
        (await ScheduleAsync(http)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await FillAsync();
        await EventuallyAsync(async () => (await ReadyAsync(http)).StartsWith($"degraded: the disk of {Disk} is full", StringComparison.Ordinal));
        using var stranger = new HttpClient { BaseAddress = http.BaseAddress };
        (await ReadyAsync(stranger)).ShouldStartWith("degraded: the disk of the data folder is full");
        await CommitAsync("b");
        using var refused = await ScheduleAsync(http);
        refused.StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage, await refused.Content.ReadAsStringAsync(Token));
        refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await refused.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("detail").GetString().ShouldNotBeNull()
            .ShouldStartWith($"the disk of {Disk} is full: ");
        var queue = hub.Services.GetRequiredService<IGrainFactory>().GetGrain<IBuildQueueGrain>("x86_64");
        await Should.ThrowAsync<Exception>(() => queue.PauseAsync(true).DefaultTimeout("the answer to a write"));
        foreach (var path in (string[])["/api/v1/queue", "/api/v1/builds", "/api/queue/stats", "/api/v1/builders"])
        {
            // What could not be written is forgotten and read anew from storage, which takes no room.
            using var read = await http.GetAsync(path, Token);
            read.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        }

        using var probe = await http.GetAsync("/health/ready", Token);
        probe.StatusCode.ShouldBe(HttpStatusCode.OK, "the repositories are served all the same");

        File.Delete(Path.Combine(Disk, "ballast"));
        await EventuallyAsync(async () => await ReadyAsync(http) == "ok\n");
        await EventuallyAsync(async () => (await ScheduleAsync(http)).StatusCode == HttpStatusCode.OK);
        await hub.StopAsync(Token);
    }

    [Fact]
    public async Task Start_OnAFullDisk_SaysThatItIsFull()
    {
        Directory.CreateDirectory(Disk);
        Assert.SkipUnless(
            (await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", Disk])).ExitCode == 0,
            "this user may not mount a small file system");
        await FillAsync();

        var ended = await Processes.RunAsync(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), "database", "--data", Disk, "--slots", "0", "--web-port", "0"],
            environment: new Dictionary<string, string>
            {
                ["PACKAGE_REPOS"] = """{"sources":{"url":"https://example.org/x.git"}}""",
                ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
            });

        ended.ExitCode.ShouldBe(1, ended.ToString());
        ended.Error.ShouldStartWith("caur database: The state database ");
        ended.Error.ShouldContain($". The disk of {Disk} is full: ");
        ended.Output.ShouldNotContain("Exception");
    }

    private static Task<HttpResponseMessage> ScheduleAsync(HttpClient http) => http.PostAsJsonAsync(
        "/api/queue/schedule", new { source_repo = "sources", target_repo = "farm", all = true }, Token);

    private static Task<string> ReadyAsync(HttpClient http) => ReadAsync(http, "/health/ready");

    private static async Task<string> ReadAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path, Token);
        return await answer.Content.ReadAsStringAsync(Token);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, limit.Token);
        }
    }

    private async Task FillAsync()
    {
        await using var file = File.Create(Path.Combine(Disk, "ballast"), bufferSize: 0);
        var piece = new byte[16 * 1024];
        try
        {
            while (true)
            {
                await file.WriteAsync(piece, Token);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private async Task CommitAsync(string pkgbase)
    {
        var package = Directory.CreateDirectory(Path.Combine(Source, pkgbase)).FullName;
        await File.WriteAllTextAsync(Path.Combine(package, "PKGBUILD"), $"pkgname={pkgbase}\npkgver=1\npkgrel=1\narch=(any)\n", Token);
        await File.WriteAllTextAsync(
            Path.Combine(package, ".SRCINFO"), $"pkgbase = {pkgbase}\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = any\n\npkgname = {pkgbase}\n", Token);
        foreach (string[] command in new[]
        {
            ["init", "--quiet", "--initial-branch=main", "."],
            ["add", "--all"],
            new[] { "-c", "user.name=Some One", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", pkgbase },
        })
        {
            (await Processes.RunAsync("git", command, folder: Source)).ExitCode.ShouldBe(0);
        }
    }
}
