using System.Globalization;
using System.Net.Sockets;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Logs;

/// <summary>A log as long as one may be, and a log with as many followers as one may have.</summary>
public sealed class ManyFollowersTests
{
    private const int Followers = 200;
    private const int Lines = 50;
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/popular/1767225600000");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Two hundred at once: most read along, some read nothing until the log is written, some hang up again and again and come back,
    /// some hang up for good, some join later, at any byte and behind the end.</summary>
    [Fact]
    public async Task Log_WhenTwoHundredFollowIt_ReachesEachOnceAndInOrder()
    {
        const int Bulk = 4 << 20;
        const int LineBytes = 100;
        var model = new LogModel(Build);
        var header = model.Length;
        var content = model.AddOutput(200, Bulk + (Lines * LineBytes));
        model.AddLine("That was all.");
        using var folder = new TemporaryFolder();
        await using var gateway = await LogGateway.StartAsync(folder.Path);
        var session = await gateway.JoinAsync();
        await gateway.BeginAsync(Build, 1);
        await gateway.Log(Build).OpenAsync();
        var door = new GatewayDoor();
        door.Open(gateway.Url);
        using var http = Client();
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var dying = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var arrivals = new List<List<(long Offset, long Time)>>();
        var prompt = new List<LogFollower>();

        var followers = new List<(LogFollower Follower, Task Run)>();
        var dead = new List<Task>();
        for (var number = 0; number < Followers; number++)
        {
            var random = new Random(number);
            switch (number % 10)
            {
                case 0:
                    Add(New(0, afterRead: _ => written.Task, atOnce: 1024), Task.CompletedTask, Token);
                    break;
                case 1:
                    Add(New(0, hangsUp: _ => random.Next(15) == 0), Task.CompletedTask, Token);
                    break;
                case 2:
                    dead.Add(New(0).RunAsync(dying.Token));
                    break;
                case 3:
                    Add(New(random.NextInt64(model.Length)), half.Task, Token);
                    break;
                case 4:
                    Add(New(model.Length + random.Next(2)), half.Task, Token);
                    break;
                default:
                    var own = new List<(long Offset, long Time)>();
                    arrivals.Add(own);
                    prompt.Add(New(0, afterRead: offset =>
                    {
                        own.Add((offset, TimeProvider.System.GetTimestamp()));
                        return Task.CompletedTask;
                    }));
                    Add(prompt[^1], Task.CompletedTask, Token);
                    break;
            }
        }

        for (var offset = 0L; offset < Bulk; offset += LogChunk.MaxBytes)
        {
            await AppendAsync(offset, LogChunk.MaxBytes);
            if (offset == Bulk / 2)
            {
                half.SetResult();
                await dying.CancelAsync();
            }
        }

        // Single lines, as a build says them, for the time from the builder's call to the screen of who has read all before.
        await Until.TrueAsync(() => prompt.All(one => one.Offset >= header + Bulk), "the followers' catching up");
        var sent = new List<(long End, long Time)>();
        for (var line = 0; line < Lines; line++)
        {
            sent.Add((header + Bulk + ((line + 1) * LineBytes), TimeProvider.System.GetTimestamp()));
            await AppendAsync(Bulk + (line * LineBytes), LineBytes);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        }

        await gateway.Log(Build).EndAsync(1, "That was all.", final: true);
        written.SetResult();
        await Task.WhenAll(followers.Select(one => one.Run)).DefaultTimeout("the followers' ends");

        followers.Sum(one => one.Follower.Connections).ShouldBeGreaterThan(followers.Count, "some came back");
        foreach (var one in dead)
        {
            await Should.ThrowAsync<OperationCanceledException>(() => one);
        }

        await model.VerifyFileAsync(gateway.FileOf(Build, finished: true));
        await Until.TrueAsync(() => gateway.Followers.Count == 0 && gateway.Store.Tail.Followed == 0, "the gateway forgets its followers");
        Report(sent, arrivals);

        LogFollower New(long start, Func<long, Task>? afterRead = null, Func<long, bool>? hangsUp = null, int atOnce = 64 * 1024) =>
            new(http, door, model, LogGateway.PathOf(Build), start)
            {
                AtOnce = atOnce,
                AfterRead = afterRead ?? (_ => Task.CompletedTask),
                HangsUp = hangsUp ?? (_ => false),
            };

        void Add(LogFollower follower, Task after, CancellationToken token) => followers.Add((follower, Task.Run(
            async () =>
            {
                await after;
                await follower.RunAsync(token);
            },
            token)));

        async Task AppendAsync(long offset, int count)
        {
            var chunk = new LogChunk { Attempt = new AttemptRef(Build.ToString(), 1), Sequence = 0, Offset = offset, Bytes = content.Bytes(offset, count) };
            (await session.AppendLogAsync(chunk, Token)).ShouldBe(new LogReply(LogStatus.Appended, offset + count));
        }
    }

    /// <summary>A gibibyte from a builder's pump to a follower, while twenty others stand still: the process stays small.</summary>
    [Fact]
    public async Task Log_WhenItIsAGibibyte_ArrivesWholeThroughASmallProcess()
    {
        const long Length = 1L << 30;
        const long MostMemory = 400L << 20;
        var model = new LogModel(Build);
        model.AddOutput(1024, Length);
        model.AddLine(LogHub.EndLine);
        using var folder = new TemporaryFolder();
        await using var hub = LogHubProcess.Start(folder.Path, Build, 1024, Length);
        var door = new GatewayDoor();
        door.Open(await hub.Url.DefaultTimeout("the hub"));
        using var http = Client();
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var stuck = Enumerable.Range(0, 20)
            .Select(_ => new LogFollower(http, door, model, LogGateway.PathOf(Build), 0)
            {
                AtOnce = 1024,
                AfterRead = _ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, leaving.Token),
            })
            .Select(follower => follower.RunAsync(leaving.Token))
            .ToList();

        var started = TimeProvider.System.GetTimestamp();
        using var fast = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        var reader = new LogFollower(fast, door, model, LogGateway.PathOf(Build), 0);
        await reader.RunAsync(Token);
        var took = TimeProvider.System.GetElapsedTime(started);

        reader.Received.ShouldBe(model.Length);
        reader.Connections.ShouldBe(1);
        (await FollowersAsync(http, await door.Url)).ShouldBe(stuck.Count);
        var peak = await hub.PeakMemoryAsync();
        peak.ShouldBeLessThan(MostMemory);
        await leaving.CancelAsync();
        await Task.WhenAll(stuck.Select(one => Should.ThrowAsync<OperationCanceledException>(() => one)));
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (await FollowersAsync(http, await door.Url) > 0)
        {
            limit.IsCancellationRequested.ShouldBeFalse("the gateway still counts followers that are gone");
        }

        TestContext.Current.SendDiagnosticMessage(string.Create(
            CultureInfo.InvariantCulture,
            $"1 GiB from the pump to a follower: {Length / took.TotalSeconds / 1e6:0} MB/s, peak memory of the hub {peak >> 20} MiB"));
    }

    private static async Task<int> FollowersAsync(HttpClient http, Uri gateway)
    {
        var metrics = await http.GetStringAsync(new Uri(gateway, "/metrics"), Token);
        var line = metrics.Split('\n').Single(line => line.StartsWith("caur_logs_followers ", StringComparison.Ordinal));
        return int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Small buffers, so that who does not read soon holds the other side up.</summary>
    private static HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, token) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 32 * 1024 };
            await socket.ConnectAsync(context.DnsEndPoint, token);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static void Report(List<(long End, long Time)> sent, List<List<(long Offset, long Time)>> arrivals)
    {
        var times = arrivals
            .SelectMany(own => sent.Select(line => TimeProvider.System.GetElapsedTime(line.Time, own.First(one => one.Offset >= line.End).Time)))
            .Select(time => time.TotalMilliseconds)
            .Order()
            .ToList();
        TestContext.Current.SendDiagnosticMessage(string.Create(
            CultureInfo.InvariantCulture,
            $"{Followers} followers: p50 {times[times.Count / 2]:0.0} ms, p99 {times[times.Count * 99 / 100]:0.0} ms from append to receipt, {times.Count} lines"));
    }
}
