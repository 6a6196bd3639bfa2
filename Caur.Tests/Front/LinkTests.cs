using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Caur.Api.Auth;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Storage.Landing;
using Caur.Tests.Link;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Front;

/// <summary>Builders that join through <c>caur web</c>.</summary>
public sealed class LinkTests : IAsyncLifetime
{
    private LinkHub _hub = null!;
    private FrontServer _front = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _hub = await LinkHub.StartAsync();
        _front = await FrontServer.StartAsync(_hub.Hub.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _front.DisposeAsync();
    }

    [Fact]
    public async Task Builder_ThroughIt_BuildsUploadsAndLeaves()
    {
        var (session, agent) = await _hub.JoinAsync("north", _front.Url);
        var attempt = await _hub.StartAsync(session, "hello");
        await agent.Work.DefaultTimeout("the poke");
        var text = string.Concat(Enumerable.Range(0, 9_000).Select(i => $"{i}\n"));
        (await session.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = 0, Offset = 0, Bytes = Encoding.ASCII.GetBytes(text) }, Token))
            .ShouldBe(new LogReply(LogStatus.Appended, text.Length));
        (await _hub.LogAsync(attempt)).ShouldContain(text);

        var bytes = RandomNumberGenerator.GetBytes(3_000_000);
        var archive = new ArchiveInfo("hello-1-1-any.pkg.tar.zst", bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        (await session.UploadAsync(attempt, archive, _ => new(new MemoryStream(bytes)), Token).DefaultTimeout("the upload")).Stored.ShouldBeTrue();
        var landing = _hub.Hub.Services.GetRequiredService<LandingZone>();
        (await File.ReadAllBytesAsync(landing.List(attempt.Build, attempt.Number).ShouldHaveSingleItem().Path, Token)).ShouldBe(bytes);

        (await session.CompleteAsync(new AttemptResult { Attempt = attempt, Outcome = AttemptOutcome.Failed, Message = "no", ExitCode = 1 }, Token)).ShouldBeTrue();
        await session.GoodbyeAsync(Token);
        (await _hub.PresenceAsync("north")).ShouldBeNull();
    }

    [Fact]
    public async Task Link_WhenEitherSideEnds_EndsAtOnceWithItsWords()
    {
        using var socket = await ConnectAsync((await _hub.TokenAsync("north")).Token);
        socket.SubProtocol.ShouldBe(LinkProtocol.Version);
        await socket.SendAsync("this is no message"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        WebSocketReceiveResult said;
        do
        {
            said = await socket.ReceiveAsync(new byte[4096], Token).DefaultTimeout("the close");
        }
        while (said.MessageType != WebSocketMessageType.Close);

        using var straight = await _hub.RawAsync((await _hub.TokenAsync("south")).Token);
        await straight.SendAsync("this is no message");
        (await straight.EndAsync()).ShouldBe(socket.CloseStatusDescription);
        socket.CloseStatusDescription.ShouldNotBeNullOrEmpty();

        // The client is gone: the hub notices as if there were nothing in between.
        await Logs.Until.TrueAsync(() => _hub.Links == 0, "the ends of both links");
        using var gone = await ConnectAsync((await _hub.TokenAsync("east")).Token);
        await Logs.Until.TrueAsync(() => _hub.Links == 1, "the link");
        gone.Abort();
        await Logs.Until.TrueAsync(() => _hub.Links == 0, "the hub's end of the link");

        // And so is this process.
        using var open = await ConnectAsync((await _hub.TokenAsync("west")).Token);
        var end = open.ReceiveAsync(new byte[4096], Token);
        await Logs.Until.TrueAsync(() => _hub.Links == 1, "the link");
        await _front.StopAsync().DefaultTimeout("the end of the process");
        await Should.ThrowAsync<WebSocketException>(end.DefaultTimeout("the client's end of the link"));
        await Logs.Until.TrueAsync(() => _hub.Links == 0, "the hub's end of the link");
    }

    [Fact]
    public async Task Link_WithoutATokenOrAnUpgrade_IsRefusedByTheHubWithItsWords()
    {
        using var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };
        socket.Options.AddSubProtocol(LinkProtocol.Version);
        await Should.ThrowAsync<WebSocketException>(() => socket.ConnectAsync(Address(), Token));
        socket.HttpStatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        using var http = _hub.Client((await _hub.TokenAsync("north")).Token);
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(_front.Url, LinkProtocol.Path));
        using var answer = await http.SendAsync(message, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.UpgradeRequired);
        (await answer.Content.ReadAsStringAsync(Token)).ShouldContain(LinkProtocol.Version);
    }

    /// <summary>Reads, writes and refusals of the farm's own routes.</summary>
    [Fact]
    public async Task Answers_OfTheFarm_AreThoseOfTheHub()
    {
        await _hub.Hub.EnqueueAsync("hello");
        using var admin = await _hub.Hub.ClientAsync(TokenRole.Admin);
        string[] paths =
        [
            "/", "/api/queue/packages", "/api/v1/queue", "/api/v1/queue?limit=x", "/api/v1/builds", "/api/v1/builders", "/api/v1/nothing", "/api/v1/tokens", "/openapi/v1.json",
            "/logs.html", "/key.asc", "/api/v1/audit",
        ];
        foreach (var path in paths.Concat(paths))
        {
            foreach (var authorization in (string?[])[null, admin.DefaultRequestHeaders.Authorization!.ToString()])
            {
                (await AskAsync(_front.Url, path, authorization)).ShouldBe(await AskAsync(_hub.Hub.Url, path, authorization), $"{path} with {authorization is not null}");
            }
        }
    }

    private static async Task<string> AskAsync(Uri server, string path, string? authorization)
    {
        using var http = new HttpClient();
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
        if (authorization is not null)
        {
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        message.Headers.Add("X-Request-Id", "same");
        message.Headers.Add("Accept-Encoding", "gzip");
        using var answer = await http.SendAsync(message, Token);
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not "Date" and not "Transfer-Encoding" and not "Content-Length")
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}\n");
        return $"{(int)answer.StatusCode}\n{string.Concat(headers.Order(StringComparer.Ordinal))}\n{Convert.ToHexString(await answer.Content.ReadAsByteArrayAsync(Token))}";
    }

    private Uri Address() => new UriBuilder(new Uri(_front.Url, LinkProtocol.Path)) { Scheme = "ws" }.Uri;

    private async Task<ClientWebSocket> ConnectAsync(string token)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(LinkProtocol.Version);
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        await socket.ConnectAsync(Address(), Token).DefaultTimeout("the connection");
        return socket;
    }
}
