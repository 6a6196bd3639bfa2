using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Tests.Logs;
using Caur.Tests.Soak;

namespace Caur.Tests.Front;

/// <summary>A log is read through <c>caur web</c> by readers that join at any byte, are slow, hang up and come back, while the way to the hub
/// is cut, the hub is restarted and the process in front of it too. Each has every byte from its offset on once and in order, and no cut
/// looks like the log's end.</summary>
internal sealed class WebLogsScenario : ISoakScenario
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/c++web/1767225600000");

    public string Name => "web-logs";

    public async Task RunAsync(SoakRound round)
    {
        var (pieces, piece) = round.IsShort ? (8, 5_000) : (60, 60_000);
        var model = new LogModel(Build);
        var content = model.AddOutput(round.Random.Next(), (long)pieces * piece);
        model.AddLine("That was all.");
        await using var way = new TcpDoor();
        var (hubFolder, cache) = (Path.Combine(round.Folder, "hub"), Path.Combine(round.Folder, "cache"));
        var gateway = await LogGateway.StartAsync(hubFolder);
        var front = await FrontServer.StartAsync(new Uri(way.Url), options => options.LingerFor = TimeSpan.FromMilliseconds(50), folder: cache);
        using var http = new HttpClient(new LaterHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        try
        {
            await BeginAsync();
            way.Open(gateway.Url);
            var door = new GatewayDoor();
            door.Open(front.Url);
            var followers = Enumerable.Range(0, round.IsShort ? 10 : 50).Select(number => Follower(number, round.Fork(), http, door, model)).ToList();
            var runs = followers.Select(follower => Task.Run(() => follower.RunAsync(stop.Token), stop.Token)).ToList();
            for (var number = 0; number < pieces; number++)
            {
                switch (round.Random.Next(6))
                {
                    case 0:
                        way.Cut();
                        round.Count("web-logs: ways cut");
                        break;
                    case 1 when round.Random.Next(4) == 0:
                        way.Cut();
                        await gateway.DisposeAsync();
                        gateway = await LogGateway.StartAsync(hubFolder);
                        await BeginAsync();
                        round.Count("web-logs: hubs restarted");
                        break;
                    case 2 when round.Random.Next(4) == 0:
                        door.Close();
                        await front.DisposeAsync();
                        front = await FrontServer.StartAsync(new Uri(way.Url), options => options.LingerFor = TimeSpan.FromMilliseconds(50), folder: cache);
                        door.Open(front.Url);
                        round.Count("web-logs: fronts restarted");
                        break;
                }

                var chunk = new LogChunk
                {
                    Attempt = new AttemptRef(Build.ToString(), 1),
                    Sequence = number,
                    Offset = (long)number * piece,
                    Bytes = content.Bytes((long)number * piece, piece),
                };
                (await gateway.Session.AppendLogAsync(chunk, round.Cancelled)).ShouldBe(new LogReply(LogStatus.Appended, (long)(number + 1) * piece));
                way.Open(gateway.Url);
                await Task.WhenAll(runs.Where(run => run.IsFaulted));
                await Task.Delay(TimeSpan.FromMilliseconds(round.Random.Next(60)), TimeProvider.System, round.Cancelled);
            }

            await gateway.Log(Build).EndAsync(1, "That was all.", final: true);
            await Task.WhenAll(runs).WaitAsync(round.Cancelled);
            round.Count("web-logs: bytes read", followers.Sum(follower => follower.Received));
            round.Count("web-logs: reconnects", followers.Sum(follower => Math.Max(0, follower.Connections - 1)));
        }
        finally
        {
            await stop.CancelAsync();
            await front.DisposeAsync();
            await gateway.DisposeAsync();
        }

        async Task BeginAsync()
        {
            await gateway.JoinAsync();
            await gateway.BeginAsync(Build, 1);
        }
    }

    private static LogFollower Follower(int number, Random random, HttpClient http, GatewayDoor door, LogModel model) =>
        new(http, door, model, LogGateway.PathOf(Build), number % 2 == 0 ? 0 : random.NextInt64(model.Length + 100))
        {
            AtOnce = number % 5 == 0 ? 700 : 64 * 1024,
            HangsUp = _ => number % 3 == 0 && random.Next(20) == 0,
        };
}
