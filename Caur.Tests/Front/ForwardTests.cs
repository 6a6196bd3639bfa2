using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Caur.Tests.Edge;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Front;

/// <summary>What is passed on, and what is not: to the hub and to nobody else, as it came.</summary>
public sealed class ForwardTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_OfAnyKind_ReachesTheHubAsItIs()
    {
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            context.Response.StatusCode = 207;
            context.Response.Headers["X-Odd"] = new[] { "one", "two" };
            context.Response.Headers.Connection = "X-Mine";
            context.Response.Headers["X-Mine"] = "of this connection";
            await context.Response.Body.WriteAsync(body.ToArray());
        });
        await using var front = await FrontServer.StartAsync(new Uri(hub.Url, "/farm/caur/"));
        using var raw = await RawHttp.ConnectAsync(front.Url);
        await raw.SendAsync(
            """
            PATCH /a%2Fb/c%20d%252e/%2B?x=%20&y=a+b&z HTTP/1.1
            Host: builds.example.org
            Authorization: Basic Zm9vOmJhcg==
            X-Forwarded-For: 192.0.2.1
            Forwarded: for=192.0.2.1
            X-Forwarded-Proto: https
            Proxy-Authorization: no
            TE: trailers
            Connection: X-Hop
            X-Hop: 1
            X-Own: kept
            X-Request-Id: mine-1
            Content-Type: text/plain
            Content-Length: 5

            hello
            """);
        var answer = await raw.AnswerAsync();

        answer.Status.ShouldBe(207);
        answer.Body.ShouldContain("hello");
        answer.Headers.ShouldContain("X-Odd: one\r\nX-Odd: two");
        answer["X-Mine"].ShouldBeNull();
        answer["X-Request-Id"].ShouldBe("mine-1");
        var asked = hub.Requests.ShouldHaveSingleItem();
        (asked.Method, asked.Target).ShouldBe(("PATCH", "/farm/caur/a%2Fb/c%20d%252e/%2B?x=%20&y=a+b&z"));
        asked["Authorization"].ShouldBe("Basic Zm9vOmJhcg==");
        asked["X-Own"].ShouldBe("kept");
        asked["Content-Length"].ShouldBe("5");
        asked["Content-Type"].ShouldBe("text/plain");
        asked["Host"].ShouldBe(hub.Url.Authority);
        asked["X-Forwarded-For"].ShouldBe("127.0.0.1");
        asked["X-Forwarded-Proto"].ShouldBe("http");
        asked["X-Forwarded-Host"].ShouldBe("builds.example.org");
        asked["X-Request-Id"].ShouldBe("mine-1");
        asked["Via"]!.ShouldStartWith("1.1 caur-web-");
        foreach (var gone in (string[])["X-Hop", "TE", "Proxy-Authorization", "Forwarded"])
        {
            asked[gone].ShouldBeNull(gone);
        }
    }

    [Fact]
    public async Task Client_BehindAProxyThatIsTrusted_IsToldToTheHub()
    {
        await using var hub = await ScriptedHub.StartAsync(context => context.Response.WriteAsync("x"));
        await using var front = await FrontServer.StartAsync(hub.Url, variables: new Dictionary<string, string> { ["CAUR_TRUSTED_PROXIES"] = "127.0.0.1" });

        (await RawHttp.AskAsync(front.Url, "GET /x HTTP/1.1\nHost: a\nX-Forwarded-For: 198.51.100.9, 192.0.2.7\nX-Forwarded-Proto: https\n\n")).Status.ShouldBe(200);

        var asked = hub.Requests.ShouldHaveSingleItem();
        (asked["X-Forwarded-For"], asked["X-Forwarded-Proto"]).ShouldBe(("192.0.2.7", "https"));
    }

    /// <summary>Whatever stands in the request line, another host is never asked, and the hub's folder is not left.</summary>
    [Fact]
    public async Task Request_ThatIsHostile_ReachesNobodyButTheHub()
    {
        (string Request, int Status, string? Target)[] requests =
        [
            ("GET {decoy}x HTTP/1.1\nHost: {decoyhost}\n\n", 200, "/farm/x"),
            ("GET {decoy} HTTP/1.1\nHost: {decoyhost}\n\n", 200, "/farm/"),
            ("GET //{decoyhost}/x HTTP/1.1\nHost: a\n\n", 200, "/farm//{decoyhost}/x"),
            ("GET /@{decoyhost}/x HTTP/1.1\nHost: a\n\n", 200, "/farm/@{decoyhost}/x"),
            ("GET /x?u={decoy} HTTP/1.1\nHost: {decoyhost}\n\n", 200, "/farm/x?u={decoy}"),
            ("GET /../x HTTP/1.1\nHost: a\n\n", 400, null),
            ("GET /a/%2e%2E/%2e%2e/x HTTP/1.1\nHost: a\n\n", 400, null),
            ("GET /a/..%2f..%2fx HTTP/1.1\nHost: a\n\n", 400, null),
            ("GET /a/..%5c..\\x HTTP/1.1\nHost: a\n\n", 400, null),
            ("GET {decoy}../x HTTP/1.1\nHost: {decoyhost}\n\n", 400, null),
            ("GET /x%0d%0aHost:%20evil HTTP/1.1\nHost: a\n\n", 400, null),
            ("GET /x#f HTTP/1.1\nHost: a\n\n", 400, null),
            ("CONNECT {decoyhost} HTTP/1.1\nHost: {decoyhost}\n\n", 405, null),
            ("TRACE /x HTTP/1.1\nHost: a\n\n", 405, null),
            ("OPTIONS * HTTP/1.1\nHost: a\n\n", 400, null),
            ("GET {decoyhost} HTTP/1.1\nHost: a\n\n", 405, null),
            ("GET /x HTTP/1.1\nHost: a\nX: a\0b\n\n", 400, null),
            ("GET /x HTTP/1.1\nHost: a\nContent-Length: 3\nTransfer-Encoding: chunked\n\n0\n\nGET {decoy} HTTP/1.1\nHost: b\n\n", 200, "/farm/x"),
        ];
        await using var decoy = await ScriptedHub.StartAsync(context => context.Response.WriteAsync("decoy"));
        await using var hub = await ScriptedHub.StartAsync(context => context.Response.WriteAsync("hub"));
        await using var front = await FrontServer.StartAsync(new Uri(hub.Url, "/farm"));
        foreach (var (request, status, target) in requests)
        {
            hub.Requests.Clear();
            var answer = await RawHttp.AskAsync(front.Url, Fill(request));

            answer.Status.ShouldBe(status, $"{request}: {answer.Headers}");
            decoy.Requests.ShouldBeEmpty(request);
            hub.Requests.Select(asked => asked.Target).ShouldBe(target is null ? [] : [Fill(target)], request);
        }

        string Fill(string text) => text.Replace("{decoyhost}", decoy.Url.Authority, StringComparison.Ordinal).Replace("{decoy}", decoy.Url.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_ThatAreHuge_AreRefusedHere()
    {
        await using var hub = await ScriptedHub.StartAsync(context => context.Response.WriteAsync("hub"));
        await using var front = await FrontServer.StartAsync(hub.Url);

        (await RawHttp.AskAsync(front.Url, $"GET /x HTTP/1.1\nHost: a\nX: {new string('x', 40_000)}\n\n")).Status.ShouldBe(431);
        (await RawHttp.AskAsync(front.Url, $"GET /{new string('x', 40_000)} HTTP/1.1\nHost: a\n\n")).Status.ShouldBe(414);
        hub.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Hub_ThatCannotBeReached_Is503WithWhenToAskAgain()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        await using var front = await FrontServer.StartAsync(new Uri($"http://127.0.0.1:{port}/"));
        using var http = new HttpClient { BaseAddress = front.Url };

        foreach (var path in (string[])["/api/queue/stats", "/repos/a/b/c", "/api/logs/a", "/metrics", "/api/v1/events"])
        {
            using var answer = await http.GetAsync(path, Token);
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, path);
            answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
            var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
            problem.GetProperty("detail").GetString()!.ShouldContain("cannot be reached");
            problem.ToString().ShouldNotContain($"{port}", customMessage: "where the hub is is nobody's business");
        }

        (await http.GetStringAsync("/health/live", Token)).ShouldBe("ok\n");
        using var ready = await http.GetAsync("/health/ready", Token);
        (ready.StatusCode, await ready.Content.ReadAsStringAsync(Token)).ShouldBe((HttpStatusCode.ServiceUnavailable, "the hub does not answer\n"));
    }

    [Fact]
    public async Task Hub_ThatBreaksOff_Is502BeforeTheAnswerAndABrokenAnswerWithinIt()
    {
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            if (context.Request.Path == "/within")
            {
                await context.Response.WriteAsync("a part");
                await context.Response.Body.FlushAsync();
            }

            context.Abort();
        });
        await using var front = await FrontServer.StartAsync(hub.Url);
        using var http = new HttpClient { BaseAddress = front.Url };

        using var before = await http.PostAsync("/before", new StringContent("x"), Token);
        before.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        before.Headers.RetryAfter.ShouldNotBeNull();
        await Should.ThrowAsync<HttpRequestException>(() => http.GetStringAsync("/within", Token));
        await Should.ThrowAsync<HttpRequestException>(() => http.GetStringAsync("/api/within", Token));
    }

    [Fact]
    public async Task Ready_AsTheHubIs()
    {
        var started = false;
        await using var hub = await ScriptedHub.StartAsync(context =>
        {
            context.Response.StatusCode = started ? 200 : 503;
            return context.Response.WriteAsync(started ? "degraded: no room\n" : "not yet\n");
        });
        await using var front = await FrontServer.StartAsync(hub.Url);
        using var http = new HttpClient { BaseAddress = front.Url };

        using var before = await http.GetAsync("/health/ready", Token);
        (before.StatusCode, await before.Content.ReadAsStringAsync(Token)).ShouldBe((HttpStatusCode.ServiceUnavailable, "the hub: not yet\n"));
        started = true;
        (await http.GetStringAsync("/health/ready", Token)).ShouldBe("degraded: no room\n");
        (await http.GetStringAsync("/health/startup", Token)).ShouldBe("ok\n");
        hub.Requests.Count.ShouldBe(2);
    }

    /// <summary>Whoever shares requests out sends none to a server that ends, and does not end it before its time.</summary>
    [Fact]
    public async Task Ready_OfAServerThatWasToldToEnd_IsNoLonger()
    {
        await using var hub = await ScriptedHub.StartAsync(static context => context.Response.WriteAsync("ok\n"));
        await using var front = await FrontServer.StartAsync(hub.Url);
        using var http = new HttpClient { BaseAddress = front.Url };
        (await http.GetStringAsync("/health/ready", Token)).ShouldBe("ok\n");

        front.TellToEnd();

        using var ready = await http.GetAsync("/health/ready", Token);
        (ready.StatusCode, await ready.Content.ReadAsStringAsync(Token)).ShouldBe((HttpStatusCode.ServiceUnavailable, "this server ends\n"));
        (await http.GetStringAsync("/health/live", Token)).ShouldBe("ok\n");
    }

    [Fact]
    public async Task Hub_ThatIsThisProcess_IsNoticed()
    {
        await using var door = new Logs.TcpDoor();
        await using var front = await FrontServer.StartAsync(new Uri(door.Url));
        door.Open(front.Url);
        using var http = new HttpClient { BaseAddress = front.Url };

        using var answer = await http.GetAsync("/metrics", Token);

        answer.StatusCode.ShouldBe(HttpStatusCode.LoopDetected);
        (await answer.Content.ReadAsStringAsync(Token)).ShouldContain("leads back to here");
    }

    [Fact]
    public async Task Events_AsTheyCome_GoOnAtOnceAndEndWithTheProcess()
    {
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n");
            await context.Response.Body.FlushAsync();
            await second.Task;
            await context.Response.WriteAsync("data: 2\n\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await using var front = await FrontServer.StartAsync(hub.Url);
        using var http = new HttpClient { BaseAddress = front.Url };
        using var reader = new StreamReader(await http.GetStreamAsync("/api/v1/events", Token));

        (await reader.ReadLineAsync(Token).AsTask().DefaultTimeout("the first event")).ShouldBe("data: 1");
        second.SetResult();
        await reader.ReadLineAsync(Token);
        (await reader.ReadLineAsync(Token).AsTask().DefaultTimeout("the second event")).ShouldBe("data: 2");
        await reader.ReadLineAsync(Token);

        var end = reader.ReadLineAsync(Token).AsTask();
        await front.StopAsync().DefaultTimeout("the end of the process");
        await Should.ThrowAsync<IOException>(end.DefaultTimeout("the end of the stream"));
    }

    [Fact]
    public async Task Body_WhileItIsSent_ArrivesPieceByPiece()
    {
        var first = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            var buffer = new byte[100];
            first.SetResult(await context.Request.Body.ReadAsync(buffer));
            var rest = new MemoryStream();
            await context.Request.Body.CopyToAsync(rest);
            await context.Response.WriteAsync($"{rest.Length}");
        });
        await using var front = await FrontServer.StartAsync(hub.Url);
        using var raw = await RawHttp.ConnectAsync(front.Url);

        await raw.SendAsync("PUT /x HTTP/1.1\nHost: a\nContent-Length: 8\n\nfour");
        (await first.Task.DefaultTimeout("the first piece")).ShouldBe(4);
        await raw.SendAsync("more");
        (await raw.AnswerAsync()).Body.ShouldContain("4");
    }

    [Fact]
    public async Task Token_OfAClient_IsItsOwnAndNeverAnothers()
    {
        await using var hub = await ScriptedHub.StartAsync(context =>
        {
            context.Response.Headers.ETag = "\"same\"";
            context.Response.Headers.CacheControl = "public, max-age=31536000";
            return context.Response.WriteAsync($"for {context.Request.Headers.Authorization}{context.Request.Headers.Cookie}.");
        });
        await using var front = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.FromHours(1));
        foreach (var path in (string[])["/api/v1/tokens", "/repos/a/b/c", "/api/logs/a/1"])
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
            {
                using var http = new HttpClient { BaseAddress = front.Url };
                var (name, value) = number % 2 == 0 ? ("Authorization", $"Bearer {number}") : ("Cookie", $"c={number}");
                http.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
                return (await http.GetStringAsync(path, Token), $"for {value}.");
            }));
            answers.ShouldAllBe(one => one.Item1 == one.Item2);

            using var anonymous = new HttpClient { BaseAddress = front.Url };
            (await anonymous.GetStringAsync(path, Token)).ShouldBe("for .");
        }
    }
}
