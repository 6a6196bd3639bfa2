using System.Net;
using System.Net.Http.Headers;
using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Protocol.Builders;
using Caur.Tests.Farm;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Operations;

/// <summary>The two ways of docs/operations.md to back a farm up: the folder of a farm that was stopped, and a file system's snapshot of one that
/// runs. Either is a whole farm.</summary>
[SupportedOSPlatform("linux")]
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Copy_OfAFarmThatWasStoppedOrStoodStill_IsThatFarm()
    {
        var (token, fingerprint, log) = await MakeAsync(_folder["data"]);
        await CopyAsync(_folder["data"], _folder["stopped"]);
        Directory.Delete(_folder["data"], recursive: true);

        var known = await PublishInAProcessAsync(_folder["stopped"]);
        await using (var farm = await WorkedFarm.StartAsync(_folder["stopped"]))
        {
            await ShouldBeWholeAsync(farm, token, fingerprint, log);
        }

        foreach (var (copy, answered) in known)
        {
            await using var farm = await WorkedFarm.StartAsync(copy);
            (await GenerationAsync(farm)).ShouldBeGreaterThanOrEqualTo(answered, "what was answered before the snapshot is in it");
            await ShouldBeWholeAsync(farm, token, fingerprint, log);
            await ShouldGoOnAsync(farm);
        }
    }

    /// <summary>What waited is built and published, in its order, and clients take it.</summary>
    private static async Task ShouldGoOnAsync(WorkedFarm farm)
    {
        await farm.WorkAsync();
        (await farm.QueuedAsync()).ShouldBe(["after"]);
        await farm.WorkAsync();
        (await farm.QueuedAsync()).ShouldBeEmpty();
        await using var pacman = await PacmanClient.CreateAsync(farm.Signer, farm.Server);
        await pacman.MustAsync("-Sy", "before", "waits", "after");
        (await pacman.InstalledAsync()).ShouldBe(["after 1.0-1", "before 1.0-1", "waits 1.0-1"]);
        (await farm.RunAsync("repo", "verify")).Succeeded();
    }

    /// <summary>A farm with something of everything: what it has published, what failed, what waits, a token.</summary>
    private static async Task<(string Token, string Fingerprint, string Log)> MakeAsync(string data)
    {
        await using var farm = await WorkedFarm.StartAsync(data);
        await farm.BuildAsync("before");
        await farm.BuildAsync("second");
        await farm.BuildAsync("broken", AttemptOutcome.Failed);
        await farm.EnqueueAsync(WorkedFarm.Request("waits"), WorkedFarm.Request("after", "waits"));
        var token = (await farm.RunAsync("token", "create", "--role", "ci", "--name", "pipeline")).Succeeded().Output.Trim();
        return (token.Split('\n')[0].Trim(), (await farm.Signer.GetKeyAsync(Token)).Fingerprint, await LogAsync(farm));
    }

    /// <summary>Has a hub in a process of its own publish one generation after the other, and takes snapshots of its folder meanwhile: all of it
    /// as it is at one moment, whatever the hub is doing.</summary>
    /// <returns>The copies, with the newest generation that somebody had been told of before.</returns>
    private async Task<IReadOnlyList<(string Copy, int Answered)>> PublishInAProcessAsync(string data)
    {
        await using var hub = await HubProcess.StartAsync(data, 0, new Dictionary<string, string>(WorkedFarm.Variables) { ["CAUR_SLOTS"] = "0" });
        var answered = 0;
        using var enough = new CancellationTokenSource();
        var publishing = Task.Run(
            async () =>
            {
                for (var turn = 0; !enough.IsCancellationRequested; turn++)
                {
                    var done = await hub.PostAsync($"/api/v1/repositories/{WorkedFarm.Target}/rollback", new { generation = (turn % 2) + 1 });
                    Volatile.Write(ref answered, done.GetProperty("generation").GetInt32());
                }
            },
            Token);
        var copies = new List<(string Copy, int Answered)>();
        foreach (var wanted in (int[])[5, 8])
        {
            await Until.TrueAsync(() => publishing.IsFaulted || Volatile.Read(ref answered) >= wanted, $"generation {wanted}");
            var before = Volatile.Read(ref answered);
            await SignalAsync(hub, "STOP");
            await Until.TrueAsync(() => Directory.EnumerateDirectories($"/proc/{hub.Id}/task").All(IsStopped), "that all of it stands still");
            await CopyAsync(data, _folder[$"snapshot-{wanted}"]);
            await SignalAsync(hub, "CONT");
            copies.Add((_folder[$"snapshot-{wanted}"], before));
        }

        await enough.CancelAsync();
        await publishing.DefaultTimeout("the last publication");
        (await hub.StopAsync()).ShouldBe(0, hub.Output);
        return copies;
    }

    private static async Task ShouldBeWholeAsync(WorkedFarm farm, string token, string fingerprint, string log)
    {
        (await farm.QueuedAsync()).ShouldBe(["after", "waits"]);
        (await farm.Signer.GetKeyAsync(Token)).Fingerprint.ShouldBe(fingerprint);
        (await LogAsync(farm)).ShouldBe(log);
        foreach (var (pkgbase, state) in new[] { ("before", "Published"), ("second", "Published"), ("broken", "Failed") })
        {
            (await farm.GetAsync($"/api/v1/packages/{pkgbase}/builds"))[0].GetProperty("finished").GetProperty("state").GetString().ShouldBe(state);
        }

        // The token is known, and may not do this.
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(farm.Http.BaseAddress!, "/api/v1/queue/pause"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var client = new HttpClient();
        (await client.SendAsync(request, Token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        // Every file against the database and the signatures, and as a client sees it.
        (await farm.RunAsync("repo", "verify")).Succeeded();
        (await farm.RunAsync("repo", "show")).Succeeded().Output.ShouldNotContain("in the way");
        await using var pacman = await PacmanClient.CreateAsync(farm.Signer, farm.Server);
        await pacman.MustAsync("-Sy", "before");
        (await pacman.InstalledAsync()).ShouldBe(["before 1.0-1"]);
    }

    private static Task<string> LogAsync(WorkedFarm farm) => farm.Http.GetStringAsync("/api/logs/before?follow=false", Token);

    private static async Task<int> GenerationAsync(WorkedFarm farm)
    {
        // A publication that the snapshot has begun is finished first.
        JsonElement view = default;
        await Api.ApiHub.UntilAsync(
            async () => (view = await farm.GetAsync($"/api/v1/repositories/{WorkedFarm.Target}")).GetProperty("pending").GetInt32() == 0, "the end of what was begun");
        return view.GetProperty("generation").GetInt32();
    }

    private static async Task CopyAsync(string from, string to) => (await Processes.RunAsync("cp", ["-a", from, to])).ExitCode.ShouldBe(0);

    private static async Task SignalAsync(HubProcess hub, string signal) => (await Processes.RunAsync("kill", [$"-{signal}", $"{hub.Id}"])).ExitCode.ShouldBe(0);

    /// <summary>The state stands behind the name, which is in brackets.</summary>
    private static bool IsStopped(string task)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(task, "stat"));
            return stat[stat.LastIndexOf(')')..].StartsWith(") T", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // The thread ended.
            return true;
        }
    }
}
