using Caur.Contracts.Ids;
using Caur.Tests.Soak;
using Caur.Tests.Support;

namespace Caur.Tests.Logs;

/// <summary>The process that writes and serves a log is killed, again and again, and now and then its file is shorter afterwards, as a power
/// cut leaves it. What was acknowledged survives a kill, and every follower has every byte once, over all restarts.</summary>
internal sealed class LogKillScenario : ISoakScenario
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/kill+1.0/1767225600000");

    public string Name => "log-kill";

    public async Task RunAsync(SoakRound round)
    {
        var seed = round.Random.Next();
        var length = round.IsShort ? 8L << 20 : round.Random.NextInt64(20L << 20, 300L << 20);
        var model = new LogModel(Build);
        var header = model.Length;
        model.AddOutput(seed, length);
        model.AddLine(LogHub.EndLine);

        var door = new GatewayDoor();
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var followers = Enumerable.Range(0, round.IsShort ? 5 : 20)
            .Select(number => new LogFollower(
                http, door, model, LogGateway.PathOf(Build), number % 2 == 0 ? 0 : round.Random.NextInt64(model.Length)))
            .ToList();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        var following = Task.WhenAll(followers.Select(follower => Task.Run(() => follower.RunAsync(stop.Token), stop.Token)));
        try
        {
            var marks = Enumerable.Range(0, round.IsShort ? 1 : round.Random.Next(2, 7)).Select(_ => MarkIn(round.Random, length)).Order().ToList();
            foreach (var mark in marks)
            {
                await RunAndKillAsync(round, seed, length, mark, door, header);
            }

            await using var last = LogHubProcess.Start(round.Folder, Build, seed, length);
            door.Open(await last.Url.DefaultTimeout("the hub"));
            await last.Ended.WaitAsync(round.Cancelled);
            await following.WaitAsync(round.Cancelled);
        }
        finally
        {
            await stop.CancelAsync();
        }

        await model.VerifyFileAsync(LogGateway.FileOf(round.Folder, Build, finished: true));
        round.Count("log-kill: bytes written", model.Length);
        round.Count("log-kill: bytes followed", followers.Sum(follower => follower.Received));
        round.Count("log-kill: followers", followers.Count);
        round.Count("log-kill: reconnects", followers.Sum(follower => follower.Connections - 1));
    }

    /// <summary>After how many acknowledged bytes to kill. Behind the last of them the attempt is being ended.</summary>
    private static long MarkIn(Random random, long length) => random.Next(4) == 0 ? length : random.NextInt64(1, length);

    private static async Task RunAndKillAsync(SoakRound round, int seed, long length, long mark, GatewayDoor door, long header)
    {
        await using var hub = LogHubProcess.Start(round.Folder, Build, seed, length, mark);
        door.Open(await hub.Url.DefaultTimeout("the hub"));
        await hub.Reached.WaitAsync(round.Cancelled);
        door.Close();
        await hub.KillAsync();
        round.Count("log-kill: kills");

        var live = new FileInfo(LogGateway.FileOf(round.Folder, Build, finished: false));
        var file = live.Exists ? live : new FileInfo(LogGateway.FileOf(round.Folder, Build, finished: true));
        file.Length.ShouldBeGreaterThanOrEqualTo(header + hub.Acknowledged, "what was acknowledged is in the file");
        if (live.Exists && hub.Acknowledged < length && round.Random.Next(3) == 0)
        {
            await using var cut = live.Open(FileMode.Open, FileAccess.Write);
            cut.SetLength(round.Random.NextInt64(live.Length + 1));
            round.Count("log-kill: files shortened");
        }
    }
}
