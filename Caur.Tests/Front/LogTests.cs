using System.Text;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Front;

/// <summary>Logs through <c>caur web</c>: the hub's bytes and its semantics, over one connection.</summary>
public sealed class LogTests : IAsyncLifetime
{
    private const int Readers = 50;
    private const int Piece = 40_000;
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/gtk+2.0@x/1767225600000");

    private readonly TemporaryFolder _folder = new();
    private readonly TcpDoor _door = new();
    private LogGateway _gateway = null!;
    private FrontServer _front = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _gateway = await LogGateway.StartAsync(_folder["hub"]);
        _door.Open(_gateway.Url);
        _front = await FrontServer.StartAsync(new Uri(_door.Url));
    }

    public async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync();
        await _gateway.DisposeAsync();
        await _door.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Fifty at any byte, some slow, some of which hang up and come back, while the way to the hub is cut and the hub itself is
    /// restarted.</summary>
    [Fact]
    public async Task Log_ThatFiftyRead_ComesOverOneConnectionAndReachesEachOnceAndInOrder()
    {
        var model = new LogModel(Build);
        var header = model.Length;
        var content = model.AddOutput(7, 10 * Piece);
        model.AddLine("That was all.");
        await BeginAsync();
        await AppendAsync(content, 0);
        using var http = new HttpClient(new LaterHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        var door = new GatewayDoor();
        door.Open(_front.Url);
        var followers = Enumerable.Range(0, Readers).Select(number =>
        {
            var random = new Random(number);
            return new LogFollower(http, door, model, LogGateway.PathOf(Build), number < 20 ? 0 : random.Next((int)model.Length + 100))
            {
                AtOnce = number % 5 == 1 ? 700 : 64 * 1024,
                HangsUp = _ => number % 10 == 2 && random.Next(6) == 0,
            };
        }).ToList();
        var runs = followers.Select(follower => Task.Run(() => follower.RunAsync(Token), Token)).ToList();
        await ReachAsync(header + Piece);
        await Until.TrueAsync(() => _gateway.Followers.Count == 1, "one reader at the hub");

        for (var piece = 1; piece < 10; piece++)
        {
            if (piece is 3 or 6)
            {
                // Whoever is in the middle of it waits, and sees no end.
                _door.Cut();
                await AppendAsync(content, piece);
                _door.Open(_gateway.Url);
                continue;
            }

            if (piece == 8)
            {
                _door.Cut();
                await _gateway.DisposeAsync();
                _gateway = await LogGateway.StartAsync(_folder["hub"]);
                await _gateway.JoinAsync();
                await _gateway.BeginAsync(Build, 1);
                _door.Open(_gateway.Url);
            }

            await AppendAsync(content, piece);
            await ReachAsync(header + ((piece + 1) * Piece));
            _gateway.Followers.Count.ShouldBe(1);
        }

        await _gateway.Log(Build).EndAsync(1, "That was all.", final: true);
        await Task.WhenAll(runs).DefaultTimeout("the readers' ends");
        await Until.TrueAsync(() => _gateway.Followers.Count == 0, "nobody reads any more");

        // From now on it is here: the hub is asked whether, and not for its bytes.
        var path = LogGateway.PathOf(Build);
        var whole = await http.GetByteArrayAsync(new Uri(_gateway.Url, path), Token);
        (await http.GetByteArrayAsync(new Uri(_front.Url, path), Token)).ShouldBe(whole);
        _front.Cache.Bytes.ShouldBe(model.Length);
        (await http.GetByteArrayAsync(new Uri(_front.Url, $"{path}?offset=1234"), Token)).ShouldBe(whole[1234..]);

        async Task ReachAsync(long end)
        {
            await Until.TrueAsync(() => runs.Exists(run => run.IsFaulted) || followers.Take(20).All(one => one.Offset >= end), $"byte {end} at all readers");
            await Task.WhenAll(runs.Where(run => run.IsFaulted));
        }
    }

    [Fact]
    public async Task Answers_AboutLogs_AreThoseOfTheHub()
    {
        var path = LogGateway.PathOf(Build);
        string[] requests =
        [
            $"{path}?follow=false", $"{path}?follow=false&offset=5", path, $"{path}?offset=7", $"{path}?offset=100000&follow=false", $"{path}?offset=100000", $"{path}?offset=x",
            $"{path}?follow=1", "/api/logs/gtk+2.0@x", "/api/logs/gtk+2.0@x?offset=3", "/api/logs/none", "/api/logs/none/1", "/api/logs/a%2Fb/1", "/api/logs/gtk+2.0@x/now",
            $"{path}/namcap", $"/logs{path}",
        ];
        await BeginAsync();
        await AppendAsync(new LogContent(1), 0);
        await CompareAsync(requests[0], HttpMethod.Get);
        await CompareAsync(requests[1], HttpMethod.Get);
        await CompareAsync(requests[2], HttpMethod.Head);
        await CompareAsync(requests[4], HttpMethod.Get);
        await _gateway.Log(Build).EndAsync(1, "End.", final: true);

        foreach (var request in requests.Concat(requests))
        {
            await CompareAsync(request, HttpMethod.Get);
            await CompareAsync(request, HttpMethod.Head);
        }
    }

    [Fact]
    public async Task Log_WhenNobodyReadsItAnyMore_IsNotFollowed()
    {
        await using var front = await FrontServer.StartAsync(_gateway.Url, options => options.LingerFor = TimeSpan.Zero);
        await BeginAsync();
        await AppendAsync(new LogContent(1), 0);
        using var http = new HttpClient { BaseAddress = front.Url };
        using (var answer = await http.GetAsync(LogGateway.PathOf(Build), HttpCompletionOption.ResponseHeadersRead, Token))
        {
            await Until.TrueAsync(() => _gateway.Followers.Count == 1, "the follower");
        }

        await Until.TrueAsync(() => _gateway.Followers.Count == 0 && front.Cache.Bytes == 0, "the follower's end");
    }

    [Fact]
    public async Task Log_WhenTheProcessEnds_BreaksOffInsteadOfEnding()
    {
        await BeginAsync();
        await AppendAsync(new LogContent(1), 0);
        using var http = new HttpClient { BaseAddress = _front.Url };
        using var answer = await http.GetAsync(LogGateway.PathOf(Build), HttpCompletionOption.ResponseHeadersRead, Token);
        answer.Headers.GetValues("Caur-Build").ShouldBe([Build.ToString()]);
        var read = answer.Content.ReadAsByteArrayAsync(Token);

        await _front.StopAsync().DefaultTimeout("the end of the process");

        await Should.ThrowAsync<HttpRequestException>(read.DefaultTimeout("the end of the log"));
    }

    private async Task CompareAsync(string request, HttpMethod method)
    {
        var (hub, front) = (await AskAsync(_gateway.Url), await AskAsync(_front.Url));
        front.ShouldBe(hub, $"{method} {request}");

        async Task<string> AskAsync(Uri server)
        {
            using var http = new HttpClient();
            using var message = new HttpRequestMessage(method, new Uri(server, request));
            message.Headers.Add("X-Request-Id", "same");
            using var answer = await http.SendAsync(message, Token);
            var headers = answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key != "Date").Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
            return $"{(int)answer.StatusCode}\n{string.Join('\n', headers.Order(StringComparer.Ordinal))}\n\n{Encoding.Latin1.GetString(await answer.Content.ReadAsByteArrayAsync(Token))}";
        }
    }

    private async Task BeginAsync()
    {
        await _gateway.JoinAsync();
        await _gateway.BeginAsync(Build, 1);
    }

    private async Task AppendAsync(LogContent content, int piece)
    {
        var chunk = new LogChunk { Attempt = new AttemptRef(Build.ToString(), 1), Sequence = piece, Offset = (long)piece * Piece, Bytes = content.Bytes((long)piece * Piece, Piece) };
        (await _gateway.Session.AppendLogAsync(chunk, Token)).ShouldBe(new LogReply(LogStatus.Appended, (piece + 1) * Piece));
    }
}
