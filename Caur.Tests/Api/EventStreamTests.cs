using System.Net;
using System.Net.Sockets;
using System.Text;
using Caur.Api.Events;
using Caur.Api.Limits;
using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Api;

/// <summary>What happens on the farm, as a client of the gateway sees it.</summary>
public sealed class EventStreamTests : IAsyncLifetime
{
    private readonly EventStreamOptions _options = new();
    private readonly ClientLimits _limits = new();
    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await ApiHub.StartAsync(
        more: services => services.AddSingleton(_options).AddSingleton<IOptions<ClientLimits>>(Options.Create(_limits)));

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Events_WhenABuildGoesItsWay_TellEachStateInOrderAndThePublication()
    {
        using var client = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=build,publication");
        var build = await _hub.EnqueueAsync("gtk+2.0@x");
        await (await new ApiBuilder(_hub, "b1").JoinAsync()).BuildAsync();

        var events = new List<SseEvent>();

        // Two senders: which of the two comes first is not said.
        while (events.All(item => item.ToString() != "gtk+2.0@x Published") || events.All(item => item.Name != "publication"))
        {
            events.Add(await client.NextAsync());
        }

        events.Where(item => item.Name == "build").Select(item => item.ToString()).ShouldBe(
        [
            "gtk+2.0@x Waiting", "gtk+2.0@x Assigned", "gtk+2.0@x Running", "gtk+2.0@x Uploading", "gtk+2.0@x Publishing", "gtk+2.0@x Published",
        ]);
        events[2].Data.GetProperty("build").GetString().ShouldBe(build.ToString());
        (events[2].Data.GetProperty("builder").GetString(), events[2].Data.GetProperty("final").GetBoolean()).ShouldBe(("b1/0", false));
        var publication = events.Single(item => item.Name == "publication").Data;
        (publication.GetProperty("target").GetString(), publication.GetProperty("generation").GetInt64(), publication.GetProperty("builds")[0].GetString())
            .ShouldBe(("repo/x86_64", 1, build.ToString()));
    }

    [Fact]
    public async Task Events_WhenAClientComesBack_GoOnWhereItWas()
    {
        using var all = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=build");
        await _hub.EnqueueAsync("a");
        await all.NextAsync();
        var last = all.LastId;
        await _hub.EnqueueAsync("b");
        await _hub.EnqueueAsync("c");

        using var again = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=build", last);
        using var byQuery = await SseClient.OpenAsync(_hub.Http, $"/api/v1/events?type=build&last_event_id={last}");
        foreach (var client in new[] { all, again, byQuery })
        {
            (await client.NextAsync()).ToString().ShouldBe("b Waiting");
            (await client.NextAsync()).ToString().ShouldBe("c Waiting");
        }
    }

    [Theory]
    [InlineData("gone-1")]
    [InlineData("no place at all")]
    public async Task Events_WhenAClientComesBackWithAPlaceThatIsNotKept_TellItToReadItsListsAgain(string place)
    {
        using var client = await SseClient.OpenWithResetAsync(_hub.Http, "/api/v1/events?type=build", place);
        await _hub.EnqueueAsync("a");

        (await client.NextAsync()).ToString().ShouldBe("a Waiting", "the stream goes on with what is new");
    }

    [Fact]
    public async Task Events_WhenMoreCameThanIsKept_TellTheClientThatComesBack()
    {
        await using var hub = await ApiHub.StartAsync(more: services => services.AddSingleton(new EventStreamOptions { Kept = 50 }));
        string last;
        using (var client = await SseClient.OpenAsync(hub.Http, "/api/v1/events"))
        {
            last = client.LastId;
        }

        var ring = hub.Services.GetRequiredService<EventFeed>().Ring;
        var before = ring.End.Number;
        await hub.EnqueueAsync([.. Enumerable.Range(0, 50).Select(i => ApiHub.Request($"p{i}"))]);
        await ApiHub.UntilAsync(() => Task.FromResult(ring.End.Number == before + 50), "all events");
        using (await SseClient.OpenAsync(hub.Http, "/api/v1/events?type=build", last))
        {
            await hub.EnqueueAsync("one-more");
        }

        await ApiHub.UntilAsync(() => Task.FromResult(ring.End.Number == before + 51), "the last event");
        using var again = await SseClient.OpenWithResetAsync(hub.Http, "/api/v1/events", last);
    }

    [Fact]
    public async Task Events_WhenTheClientIsBehindWhatIsKept_TellItAndGoOn()
    {
        using var client = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=queue");

        _hub.Services.GetRequiredService<EventFeed>().Ring.Restart("another", 7);

        (await client.NextAsync()).Name.ShouldBe("reset");
        await _hub.PostAsync("/api/v1/queue/pause", new { arch = "x86_64" });
        (await client.NextAsync()).Name.ShouldBe("queue");
    }

    [Fact]
    public async Task Events_WhenAnAnswerAndItsEventsAreCompared_MissNothing()
    {
        using var client = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=build&state=Waiting");
        var enqueued = Task.WhenAll(Enumerable.Range(0, 40).Select(i => _hub.EnqueueAsync($"p{i}")));
        var seen = new List<string>();
        while (seen.Count < 40)
        {
            seen.Add((await client.NextAsync()).Data.GetProperty("build").GetString()!);
        }

        seen.ShouldBe((await enqueued).Select(build => build.ToString()), ignoreOrder: true);
    }

    [Fact]
    public async Task Events_WhenFiltered_AreThoseAlone()
    {
        using var package = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=build&package=b,c%2B%2B");
        using var builder = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?builder=b1");
        using var queue = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=queue");
        using var target = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=build&target=repo/aarch64");
        await _hub.EnqueueAsync("a");
        await _hub.EnqueueAsync("c++");
        await new ApiBuilder(_hub, "b2").JoinAsync();
        await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.PostAsync("/api/v1/queue/pause", new { arch = "aarch64" });
        await _hub.EnqueueAsync(ApiHub.Request("x") with { Package = new(new("repo", "aarch64"), "x") });

        (await package.NextAsync()).ToString().ShouldBe("c++ Waiting");
        var joined = await builder.NextAsync();
        (joined.Name, joined.Data.GetProperty("builder").GetString(), joined.Data.GetProperty("state").GetString()).ShouldBe(("builder", "b1/0", "Ready"));
        var paused = await queue.NextAsync();
        (paused.Data.GetProperty("arch").GetString(), paused.Data.GetProperty("paused").GetBoolean()).ShouldBe(("aarch64", true));
        (await target.NextAsync()).ToString().ShouldBe("x Waiting");
    }

    [Fact]
    public async Task Events_WhenABuilderDrainsAndGoes_TellIt()
    {
        using var client = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=builder");
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await builder.Grain.DrainAsync(true);
        await builder.LeaveAsync();

        var states = new List<string?>();
        for (var i = 0; i < 3; i++)
        {
            states.Add((await client.NextAsync()).Data.GetProperty("state").GetString());
        }

        states.ShouldBe(["Ready", "Draining", "Gone"]);
    }

    [Fact]
    public async Task Events_WhenNothingHappens_SayThatTheyAreThereWithTheirPlace()
    {
        _options.Heartbeat = TimeSpan.FromMilliseconds(50);
        using var client = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=queue");
        await _hub.EnqueueAsync("a");

        // What was not for it has moved its place on all the same.
        var place = client.LastId;
        await ApiHub.UntilAsync(
            async () =>
            {
                (await client.BlockAsync())[0].ShouldBe(": heartbeat");
                return client.LastId != place;
            },
            "a heartbeat with another place");
    }

    [Fact]
    public async Task Events_WhenAClientReadsNothing_CutItOffAndKeepTheOthers()
    {
        _options.SlowestWrite = TimeSpan.FromMilliseconds(300);
        var events = _hub.Services.GetRequiredService<EventFeed>().Ring;
        using var good = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=queue");
        using var slow = new TcpClient { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(IPAddress.Loopback, _hub.Url.Port, Token);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"), Token);
        await ApiHub.UntilAsync(() => Task.FromResult(events.Readers == 2), "both follow");

        // Reasons of some KiB fill what lies between soon.
        var farm = _hub.Grains.GetGrain<IFarmEventsGrain>(IFarmEventsGrain.Key);
        var run = Guid.NewGuid();
        var number = 0L;
        await ApiHub.UntilAsync(
            async () =>
            {
                await farm.PublishAsync(new EventBatch
                {
                    Source = "test",
                    Run = run,
                    Number = ++number,
                    Events = [.. Enumerable.Range(0, 100).Select(_ => new FarmEvent
                    {
                        Time = DateTimeOffset.UnixEpoch,
                        Kind = FarmEventKind.Build,
                        Reason = new string('x', 4000),
                        Build = new BuildChange(Caur.Contracts.Ids.BuildId.Parse("repo/x86_64/a/1"), BuildState.Running, null, 0),
                    })],
                });
                return events.Readers == 1;
            },
            "the slow client is cut off");
        await _hub.PostAsync("/api/v1/queue/pause");
        (await good.NextAsync()).Name.ShouldBe("queue");
    }

    [Fact]
    public async Task Events_WhenTooManyFollow_RefuseTheNext()
    {
        _options.MostStreams = 1;
        using var first = await SseClient.OpenAsync(_hub.Http, "/api/v1/events");

        using var second = await _hub.Http.GetAsync("/api/v1/events", Token);

        second.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        second.Headers.RetryAfter.ShouldNotBeNull();

        // Those whom everybody can be keep no admin from the hub's log.
        using var log = await SseClient.OpenAsync(_hub.Admin, "/api/manager/logs");
    }

    /// <summary>One client holds as many as it may, of events and logs together; others are not in its way.</summary>
    [Fact]
    public async Task Streams_WhenOneClientHoldsAsManyAsItMay_RefuseItTheNext()
    {
        _limits.Streams = 3;
        var build = await _hub.EnqueueAsync("a");
        var first = await SseClient.OpenAsync(_hub.Http, "/api/v1/events");
        using var log = await _hub.Http.GetAsync("/api/logs/a", HttpCompletionOption.ResponseHeadersRead, Token);
        using var third = await SseClient.OpenAsync(_hub.Http, "/api/v1/events");

        foreach (var path in new[] { "/api/v1/events", "/api/logs/a", $"/api/logs/a/{build.Timestamp}?follow=false" })
        {
            using var refused = await _hub.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Token);
            refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests, path);
            refused.Headers.RetryAfter.ShouldNotBeNull();
            (await ApiHub.RefusalAsync(refused)).Detail.ShouldContain("3 streams and logs are open from this address without a token");
        }

        using var withToken = await SseClient.OpenAsync(_hub.Admin, "/api/v1/events");
        (await _hub.GetAsync("/api/v1/queue")).GetProperty("items").GetArrayLength().ShouldBe(1);

        first.Dispose();
        await ApiHub.UntilAsync(
            async () =>
            {
                using var again = await _hub.Http.GetAsync("/api/v1/events", HttpCompletionOption.ResponseHeadersRead, Token);
                return again.StatusCode == HttpStatusCode.OK;
            },
            "room for another");
    }

    /// <summary>Closed in good order or reset: a client that comes back again and again has as many as it holds.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Streams_WhenTheClientClosesThem_CountNoMore(bool reset)
    {
        _limits.Streams = 60;
        await Parallel.ForEachAsync(Enumerable.Range(0, 500), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (_, cancelled) =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _hub.Url.Port, cancelled);
            await socket.SendAsync("GET /api/v1/events HTTP/1.1\r\nHost: farm\r\n\r\n"u8.ToArray(), cancelled);
            var buffer = new byte[4096];
            var read = await socket.ReceiveAsync(buffer, cancelled);
            Encoding.ASCII.GetString(buffer, 0, read).ShouldStartWith("HTTP/1.1 200 OK");
            socket.LingerState = new LingerOption(reset, 0);
        });
    }

    [Fact]
    public async Task ManagerLogs_WhenFollowed_AreTheHubsLinesInTodaysForm()
    {
        using var client = await SseClient.OpenAsync(_hub.Admin, "/api/manager/logs");
        await new ApiBuilder(_hub, "b1").JoinAsync();

        SseEvent line;
        do
        {
            line = await client.NextAsync();
        }
        while (!line.Data.GetProperty("msg").GetString()!.Contains("b1/0", StringComparison.Ordinal));

        line.Data.EnumerateObject().Select(property => property.Name).ShouldBe(["level", "mod", "msg", "seq", "ts"]);
        (line.Data.GetProperty("level").GetString(), line.Data.GetProperty("mod").GetString()).ShouldBe(("info", "BuilderGrain"));
        line.Id.ShouldEndWith($"-{line.Data.GetProperty("seq").GetInt64()}");

        await new ApiBuilder(_hub, "b2").JoinAsync();
        using var again = await SseClient.OpenAsync(_hub.Admin, "/api/manager/logs", line.Id);
        (await again.NextAsync()).Data.GetProperty("seq").GetInt64().ShouldBe(line.Data.GetProperty("seq").GetInt64() + 1);
    }

    [Fact]
    public async Task ManagerLogs_WhenTheTokenIsNoAdmins_AreRefused()
    {
        (await _hub.Http.GetAsync("/api/manager/logs", Token)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var ci = await _hub.ClientAsync(Caur.Api.Auth.TokenRole.Ci);
        (await ci.GetAsync("/api/manager/logs", Token)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }
}
