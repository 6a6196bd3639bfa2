using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Protocol.Builders;
using Caur.Tests.Soak;

namespace Caur.Tests.Logs;

/// <summary>A log of several attempts is written in random pieces, some of them twice, too early, too late or by somebody else, while the
/// control plane is restarted now and then; and read by followers that join at any offset, are slow, hang up and come back. Each has every
/// byte from its offset on once and in order.</summary>
internal sealed class LogFollowersScenario : ISoakScenario
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/c++followers/1767225600000");

    public string Name => "log-followers";

    public async Task RunAsync(SoakRound round)
    {
        var (model, attempts) = Plan(round);
        var door = new GatewayDoor();
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        var followers = Enumerable.Range(0, round.IsShort ? 20 : 100).Select(number => Follower(number, round, http, door, model)).ToList();
        var gateway = await LogGateway.StartAsync(round.Folder);
        try
        {
            await gateway.Log(Build).OpenAsync();
            door.Open(gateway.Url);
            var following = Task.WhenAll(followers.Select(follower => Task.Run(() => follower.RunAsync(stop.Token), stop.Token)));
            for (var number = 1; number <= attempts.Count; number++)
            {
                gateway = await WriteAsync(gateway, number, attempts[number - 1], round, door);
                await gateway.Log(Build).EndAsync(number, Line(number), final: number == attempts.Count);
            }

            await gateway.Log(Build).EndAsync(attempts.Count, Line(attempts.Count), final: true);
            await following.WaitAsync(round.Cancelled);
            await model.VerifyFileAsync(gateway.FileOf(Build, finished: true));
            await Until.TrueAsync(() => gateway.Followers.Count == 0 && gateway.Store.Tail.Followed == 0, "all followers are gone");
        }
        finally
        {
            await stop.CancelAsync();
            await gateway.DisposeAsync();
        }

        round.Count("log-followers: bytes written", model.Length);
        round.Count("log-followers: bytes followed", followers.Sum(follower => follower.Received));
        round.Count("log-followers: followers", followers.Count);
        round.Count("log-followers: reconnects", followers.Sum(follower => Math.Max(0, follower.Connections - 1)));
    }

    private static (LogModel Model, List<(LogContent Content, long Length)> Attempts) Plan(SoakRound round)
    {
        var model = new LogModel(Build);
        var attempts = new List<(LogContent, long)>();
        var count = round.Random.Next(1, 4);
        for (var number = 1; number <= count; number++)
        {
            var length = round.Random.NextInt64(round.IsShort ? 1 << 20 : 12 << 20);
            attempts.Add((model.AddOutput(round.Random.Next(), length), length));
            model.AddLine(Line(number));
        }

        return (model, attempts);
    }

    private static string Line(int attempt) => $"Attempt {attempt} is over.";

    private static LogFollower Follower(int number, SoakRound round, HttpClient http, GatewayDoor door, LogModel model)
    {
        var random = round.Fork();
        var start = (number % 4) switch
        {
            0 => 0,
            1 => model.Length - random.Next(2),
            2 => model.Length + random.Next(3),
            _ => random.NextInt64(model.Length),
        };
        var reads = 0;
        LogFollower? follower = null;
        return follower = new LogFollower(http, door, model, LogGateway.PathOf(Build), start)
        {
            AtOnce = number % 3 == 0 ? random.Next(1, 2000) : 64 * 1024,
            AfterRead = async _ =>
            {
                if (++reads == 500)
                {
                    // Slow for long enough; a round has an end.
                    follower!.AtOnce = 64 * 1024;
                }

                if (number % 6 == 0 && reads < 500 && random.Next(50) == 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20)), TimeProvider.System, round.Cancelled);
                }
            },
            HangsUp = number % 5 == 0 ? _ => random.Next(20) == 0 : _ => false,
        };
    }

    private static async Task<LogGateway> WriteAsync(
        LogGateway gateway, int number, (LogContent Content, long Length) output, SoakRound round, GatewayDoor door)
    {
        var random = round.Random;
        var session = await gateway.JoinAsync();
        await gateway.BeginAsync(Build, number);
        var (content, length) = output;
        for (var written = 0L; written < length;)
        {
            var size = (int)Math.Min(random.Next(3) == 0 ? LogChunk.MaxBytes : random.Next(1, 5000), length - written);
            switch (random.Next(round.IsShort ? 60 : 200))
            {
                case 0:
                    door.Close();
                    await gateway.DisposeAsync();
                    gateway = await LogGateway.StartAsync(round.Folder);
                    session = await gateway.JoinAsync();
                    door.Open(gateway.Url);
                    round.Count("log-followers: restarts");
                    break;
                case < 4:
                    // Again, wholly or in part.
                    var from = random.NextInt64(written + 1);
                    var again = (int)Math.Min(LogChunk.MaxBytes, length - from);
                    written = Math.Max(written, from + again);
                    await ExpectAsync(from, content.Bytes(from, again), LogStatus.Appended);
                    break;
                case < 7:
                    await ExpectAsync(written + random.Next(1, 100_000), content.Bytes(written, size), LogStatus.Gap);
                    break;
                case < 10 when number > 1:
                    (await SendAsync(number - 1, written, new byte[size])).Status.ShouldBe(LogStatus.Stale);
                    await gateway.Log(Build).EndAsync(number - 1, "Too late.", final: true);
                    break;
                case < 12:
                    var stranger = new BuildAttempt(Build, number, new BuilderId("stranger", "0"));
                    var reply = await gateway.Log(Build).AppendAsync(new LogPiece { Attempt = stranger, Offset = written, Bytes = new byte[size] });
                    reply.Verdict.ShouldBe(LogVerdict.Stale);
                    break;
                default:
                    var bytes = content.Bytes(written, size);
                    written += size;
                    await ExpectAsync(written - size, bytes, LogStatus.Appended);
                    break;
            }

            async Task ExpectAsync(long offset, byte[] bytes, LogStatus status) =>
                (await SendAsync(number, offset, bytes)).ShouldBe(new LogReply(status, written));

            Task<LogReply> SendAsync(int attempt, long offset, byte[] bytes) => session.AppendLogAsync(
                new LogChunk { Attempt = new AttemptRef(Build.ToString(), attempt), Sequence = 0, Offset = offset, Bytes = bytes }, round.Cancelled);
        }

        return gateway;
    }
}
