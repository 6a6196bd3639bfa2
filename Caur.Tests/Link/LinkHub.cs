using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Api.Link;
using Caur.Builder.Link;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Tests.Api;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Link;

/// <summary>A gateway with its grains in this process, and agents' ends of links to it.</summary>
internal sealed class LinkHub : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _mine = [];

    private LinkHub(ApiHub hub) => Hub = hub;

    public ApiHub Hub { get; }

    public string Metrics => Hub.Services.GetRequiredService<Caur.Api.Metrics.FarmMetrics>().Collect();

    public int Links => Hub.Services.GetRequiredService<LinkRegistry>().Count;

    /// <param name="time">The hub's clock; null for the real one.</param>
    /// <param name="more">Changes services before the gateway adds its own.</param>
    public static async Task<LinkHub> StartAsync(TimeProvider? time = null, Action<IServiceCollection>? more = null) =>
        new(await ApiHub.StartAsync(more: services =>
        {
            services.AddSingleton(time ?? TimeProvider.System);
            more?.Invoke(services);
        }));

    public async Task<(TokenRecord Record, string Token)> TokenAsync(string name, TokenRole role = TokenRole.Builder, DateTimeOffset? expires = null) =>
        await Hub.Services.GetRequiredService<TokenStore>().CreateAsync(role, name, expires, CancellationToken.None);

    public CutProxy Proxy()
    {
        var proxy = new CutProxy(Hub.Url.Port);
        _mine.Add(proxy);
        return proxy;
    }

    public LinkSession Session(string? token, Uri? gateway = null, int piece = 1 << 20) =>
        Session(new LinkAgentOptions { Gateway = gateway ?? Hub.Url, Token = () => token, PieceBytes = piece });

    public LinkSession Session(LinkAgentOptions options, ILogger<LinkSession>? logger = null)
    {
        var session = new LinkSession(options, TimeProvider.System, logger ?? NullLogger<LinkSession>.Instance);
        _mine.Add(session);
        return session;
    }

    public static BuilderHello Hello(string name, string instance = "0", Guid? boot = null, params AttemptRef[] running) => new()
    {
        Name = name,
        Instance = instance,
        BootId = boot ?? Guid.NewGuid(),
        Architectures = ["x86_64"],
        Slots = 8,
        Class = "9",
        Running = running,
    };

    /// <summary>A builder that has joined.</summary>
    public async Task<(LinkSession Session, TestAgent Agent)> JoinAsync(string name, Uri? gateway = null, string instance = "0", Guid? boot = null)
    {
        var session = Session((await TokenAsync(name)).Token, gateway);
        var agent = new TestAgent();
        (await session.HelloAsync(Hello(name, instance, boot), agent, CancellationToken.None).DefaultTimeout("the hello")).Accepted.ShouldBeTrue();
        return (session, agent);
    }

    /// <summary>Queues a build, and lets the builder take it.</summary>
    public async Task<AttemptRef> StartAsync(LinkSession session, string pkgbase)
    {
        await Hub.EnqueueAsync(pkgbase);
        var order = (await session.TakeAsync(1, CancellationToken.None).DefaultTimeout("the orders")).ShouldHaveSingleItem();
        (await session.AcceptAsync(order.Attempt, CancellationToken.None).DefaultTimeout("the acceptance")).ShouldBeTrue();
        return order.Attempt;
    }

    public Task<string> LogAsync(AttemptRef attempt) =>
        Hub.Http.GetStringAsync($"/api/logs/{attempt.Build.Split('/')[2]}/{attempt.Build.Split('/')[3]}?follow=false");

    public async Task<string?> PresenceAsync(string builder)
    {
        using var answer = await Hub.Http.GetAsync($"/api/v1/builders/{builder}/0");
        return answer.StatusCode == HttpStatusCode.NotFound
            ? null
            : JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("state").GetString();
    }

    public async Task<BuildState?> StateAsync(AttemptRef attempt) => (await Hub.Queue().FindAsync(BuildId.Parse(attempt.Build)))?.State;

    public HttpClient Client(string? token)
    {
        var client = new HttpClient { BaseAddress = Hub.Url };
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A WebSocket that says what a test wants.</summary>
    public async Task<RawLink> RawAsync(string? token)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(LinkProtocol.Version);
        if (token is not null)
        {
            socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        }

        await socket.ConnectAsync(new UriBuilder(new Uri(Hub.Url, LinkProtocol.Path)) { Scheme = "ws" }.Uri, CancellationToken.None).DefaultTimeout("the connection");
        return new RawLink(socket);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in Enumerable.Reverse(_mine))
        {
            await one.DisposeAsync();
        }

        await Hub.DisposeAsync();
    }
}

/// <summary>A link without an agent behind it.</summary>
internal sealed class RawLink(ClientWebSocket socket) : IDisposable
{
    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public Task SendAsync(LinkMessage message) =>
        SendAsync(LinkCodec.Encode(message), message is LogRequest ? WebSocketMessageType.Binary : WebSocketMessageType.Text);

    public Task SendAsync(byte[] bytes, WebSocketMessageType type, bool last = true) => socket.SendAsync(bytes, type, last, CancellationToken.None);

    /// <summary>The next message that is no ping; null when the link was closed.</summary>
    public async Task<string?> ReadAsync()
    {
        var buffer = new byte[1 << 20];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                try
                {
                    part = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).AsTask().DefaultTimeout("a message");
                }
                catch (WebSocketException)
                {
                    return null;
                }

                length += part.Count;
            }
            while (!part.EndOfMessage);

            if (part.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return null;
            }

            var text = Encoding.UTF8.GetString(buffer, 0, length);
            if (text != """{"type":"ping"}""")
            {
                return text;
            }
        }
    }

    /// <summary>Reads to the end.</summary>
    /// <returns>The close message's text.</returns>
    public async Task<string?> EndAsync()
    {
        while (await ReadAsync() is not null)
        {
        }

        return socket.CloseStatusDescription;
    }

    public void Dispose()
    {
        socket.Abort();
        socket.Dispose();
    }
}

/// <summary>An agent that only keeps what it is told.</summary>
internal sealed class TestAgent : IBuilderAgent
{
    private readonly TaskCompletionSource _work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<AttemptRef> _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<AttemptRef> Running { get; set; } = [];

    public Task Work => _work.Task;

    public Task<AttemptRef> Cancelled => _cancelled.Task;

    public int Rejoins { get; private set; }

    public void WorkAvailable() => _work.TrySetResult();

    public void Cancel(AttemptRef attempt, string reason) => _cancelled.TrySetResult(attempt);

    public void Drain()
    {
    }

    public void Rejoin() => Rejoins++;
}
