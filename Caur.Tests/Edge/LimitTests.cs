using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Caur.Api.Auth;
using Caur.Api.Limits;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Edge;

/// <summary>Rates, sizes, times, compression, other origins and proxies.</summary>
public sealed class LimitTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Four hundred of them are more than the sockets of one connection hold.</summary>
    private static readonly byte[] Piece = new byte[64 * 1024];

    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _large = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Requests_WhenTooMany_AreRefusedPerTokenAndPerAddressButNotDownloads()
    {
        await using var app = await StartAsync(("CAUR_RATE_READ", "1/3"), ("CAUR_RATE_WRITE", "1/2"), ("CAUR_RATE_ANONYMOUS", "1/1"));
        using var nobody = app.Client();
        using var one = await app.ClientAsync(TokenRole.Admin);
        using var two = await app.ClientAsync(TokenRole.Admin);
        using var wrong = app.Client("caur_wrong");

        (await CountAsync(() => nobody.GetAsync("/text"))).ShouldBe(3);
        (await CountAsync(() => one.GetAsync("/text"))).ShouldBe(3);
        (await CountAsync(() => one.PostAsync("/write", null))).ShouldBe(2);
        (await CountAsync(() => two.PostAsync("/write", null))).ShouldBe(2);
        (await CountAsync(() => wrong.GetAsync("/text"), HttpStatusCode.Unauthorized)).ShouldBe(1);
        (await nobody.PostAsync("/write", null, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        foreach (var free in new[] { "/repos/farm/x86_64/x", "/api/logs/x", "/health/live" })
        {
            (await CountAsync(() => nobody.GetAsync(free), most: 20)).ShouldBe(20);
        }

        using var refused = await nobody.GetAsync("/text", Cancelled);
        (await refused.ShouldBeProblemAsync(429)).ShouldContain("ask again in");
        refused.Headers.RetryAfter!.Delta.ShouldNotBeNull().ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        (await app.Audit.ReadAsync(0, 100, Cancelled)).Count.ShouldBe(8);
    }

    [Theory]
    [InlineData("", 503)]
    [InlineData("10.0.0.0/8", 503)]
    [InlineData("127.0.0.0/8", 200)]
    public async Task Connections_OfOneAddress_AreBoundedButForTrustedProxies(string trusted, int status)
    {
        await using var app = await StartAsync(("CAUR_MAX_CONNECTIONS_PER_CLIENT", "5"), ("CAUR_TRUSTED_PROXIES", trusted));
        var idle = new List<RawHttp>();
        for (var i = 0; i < 5; i++)
        {
            idle.Add(await RawHttp.ConnectAsync(app.Url));
            await idle[^1].SendAsync("GET /text HTTP/1.1\nHost: x\n\n");
            (await idle[^1].AnswerAsync()).Status.ShouldBe(200);
        }

        for (var i = 0; i < 3; i++)
        {
            var answer = await RawHttp.AskAsync(app.Url, "GET /text HTTP/1.1\nHost: x\n\n", closes: status != 200);
            answer.Status.ShouldBe(status);
            if (status != 200)
            {
                (answer["Retry-After"], answer["Content-Type"]).ShouldBe(("10", "application/problem+json"));
                answer.Body.ShouldContain("5 connections are open from this address");
            }
        }

        (await RawHttp.AskAsync(app.Url, "GET /health/live HTTP/1.1\nHost: x\n\n")).Status.ShouldNotBe(503);
        idle.ForEach(connection => connection.Dispose());
        using var client = app.Client();
        await Caur.Tests.Api.ApiHub.UntilAsync(async () => (await client.GetAsync("/text", Cancelled)).StatusCode == HttpStatusCode.OK, "room for another connection");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(119)]
    [InlineData(3_000)]
    [InlineData(int.MaxValue)]
    public void Bucket_WhateverTheRate_GivesSoManyAMinute(int perMinute)
    {
        var bucket = RateLimiting.Bucket(new Rate(perMinute, 10));

        (bucket.TokensPerPeriod * (60 / bucket.ReplenishmentPeriod.TotalSeconds)).ShouldBe(perMinute, perMinute * 0.001);
    }

    [Theory]
    [InlineData("/text", "br")]
    [InlineData("/text", "gzip")]
    [InlineData("/json", "br")]
    [InlineData("/problem", "gzip")]
    [InlineData("/json", "")]
    public async Task Answer_WhenItIsText_IsCompressedAsTheClientTakesIt(string path, string encoding)
    {
        await using var app = await StartAsync();
        using var client = app.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Encoding", encoding);

        using var answer = await client.GetAsync(path, Cancelled);

        var body = await answer.Content.ReadAsStreamAsync(Cancelled);
        string.Join(',', answer.Content.Headers.ContentEncoding).ShouldBe(encoding);
        await using Stream plain = encoding switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        using var reader = new StreamReader(plain);
        (await reader.ReadToEndAsync(Cancelled)).ShouldContain("words words words");
    }

    [Theory]
    [InlineData("/repos/farm/x86_64/x", null)]
    [InlineData("/api/logs/x", null)]
    [InlineData("/events", null)]
    [InlineData("/text", "bytes=0-10")]
    public async Task Answer_WhenItIsAPackageLiveOrARange_IsNotCompressed(string path, string? range)
    {
        await using var app = await StartAsync();
        using var client = app.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Encoding", "br, gzip");
        client.DefaultRequestHeaders.Range = range is null ? null : RangeHeaderValue.Parse(range);

        using var answer = await client.GetAsync(path, Cancelled);

        answer.EnsureSuccessStatusCode().Content.Headers.ContentEncoding.ShouldBeEmpty();
    }

    [Fact]
    public async Task LiveStream_WhenCompressionIsTaken_ComesAtOnce()
    {
        await using var app = await StartAsync();
        using var client = app.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Encoding", "br, gzip");
        using var answer = await client.GetAsync("/live", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancelled);
        var buffer = new byte[100];

        (await body.ReadAsync(buffer, Cancelled).AsTask().DefaultTimeout("the first line")).ShouldBe(6);
        _large.SetResult();
        (await body.ReadAsync(buffer, Cancelled).AsTask().DefaultTimeout("the second line")).ShouldBe(7);
    }

    [Theory]
    [InlineData("", "https://farm.example.org", null)]
    [InlineData("https://farm.example.org", "https://farm.example.org", "https://farm.example.org")]
    [InlineData("https://farm.example.org", "https://evil.example.org", null)]
    [InlineData("https://farm.example.org, https://two.example.org:8443", "https://two.example.org:8443", "https://two.example.org:8443")]
    [InlineData("*", "https://evil.example.org", "*")]
    public async Task Origin_OfAnotherPage_IsAllowedAsConfigured(string configured, string origin, string? allowed)
    {
        await using var app = await StartAsync(("CAUR_CORS_ORIGINS", configured));
        using var client = app.Client();
        client.DefaultRequestHeaders.Add("Origin", origin);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/write");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,idempotency-key");

        using var read = await client.GetAsync("/text", Cancelled);
        using var asked = await client.SendAsync(preflight, Cancelled);
        using var failed = await client.GetAsync("/nowhere", Cancelled);

        foreach (var answer in new[] { read, asked, failed })
        {
            (answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null).ShouldBe(allowed);
            answer.Headers.Contains("Access-Control-Allow-Credentials").ShouldBeFalse();
        }

        if (allowed is not null)
        {
            asked.StatusCode.ShouldBe(HttpStatusCode.NoContent);
            asked.Headers.GetValues("Access-Control-Allow-Headers").Single().ShouldContain("Idempotency-Key", Case.Insensitive);
        }
    }

    [Theory]
    [InlineData("", "9.9.9.9", "127.0.0.1")]
    [InlineData("10.0.0.0/8", "9.9.9.9", "127.0.0.1")]
    [InlineData("127.0.0.1", "9.9.9.9", "9.9.9.9")]
    [InlineData("127.0.0.0/8", "1.1.1.1, 9.9.9.9", "9.9.9.9")]
    [InlineData("127.0.0.0/8,10.0.0.0/8", "9.9.9.9, 10.1.2.3", "9.9.9.9")]
    [InlineData("127.0.0.1", "nonsense", "127.0.0.1")]
    public async Task ForwardedFor_OnlyFromTrustedProxies_IsBelieved(string trusted, string header, string expected)
    {
        await using var app = await StartAsync(("CAUR_TRUSTED_PROXIES", trusted));
        using var client = app.Client();
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Forwarded-For", header);

        (await client.GetStringAsync("/address", Cancelled)).ShouldBe(expected);
    }

    [Theory]
    [InlineData("CAUR_CORS_ORIGINS", "farm.example.org", "is no origin")]
    [InlineData("CAUR_CORS_ORIGINS", "https://farm.example.org/path", "is no origin")]
    [InlineData("CAUR_CORS_ORIGINS", "*,https://farm.example.org", "is no origin")]
    [InlineData("CAUR_TRUSTED_PROXIES", "10.0.0.0/99", "no address and no network")]
    [InlineData("CAUR_RATE_READ", "many", "CAUR_RATE_READ must be")]
    [InlineData("CAUR_RATE_WRITE", "5/0", "CAUR_RATE_WRITE must be")]
    [InlineData("CAUR_READING", "secret", "public, packages or private")]
    [InlineData("CAUR_READING", "1", "public, packages or private")]
    [InlineData("CAUR_MAX_BODY", "0", "CAUR_MAX_BODY must be")]
    [InlineData("CAUR_MAX_BODY", "-1", "CAUR_MAX_BODY must be")]
    [InlineData("CAUR_AUDIT_FILES", "0", "CAUR_AUDIT_FILES must be")]
    [InlineData("CAUR_MAX_CONNECTIONS", "0", "CAUR_MAX_CONNECTIONS must be")]
    [InlineData("CAUR_MAX_CONNECTIONS_PER_CLIENT", "0", "CAUR_MAX_CONNECTIONS_PER_CLIENT must be")]
    [InlineData("CAUR_MAX_STREAMS_PER_CLIENT", "0", "CAUR_MAX_STREAMS_PER_CLIENT must be")]
    [InlineData("CAUR_IDEMPOTENCY_KEYS", "99999999", "CAUR_IDEMPOTENCY_KEYS must be")]
    public async Task Start_WithASettingThatCannotWork_IsRefusedWithALineThatNamesIt(string name, string value, string expected)
    {
        var refused = await Should.ThrowAsync<Exception>(() => StartAsync((name, value)));

        refused.ShouldBeAssignableTo<Exception>().ShouldSatisfyAllConditions(
            () => (refused is OptionsValidationException or Caur.Silo.Hub.HubSettingsException).ShouldBeTrue(refused.ToString()),
            () => refused.Message.ShouldContain(expected));
    }

    [Fact]
    public async Task SlowWritersAndReaders_WhenTheyHoldOn_AreCutOffAndFollowersAreNot()
    {
        await using var app = await StartAsync(limits =>
        {
            limits.HeaderTime = TimeSpan.FromSeconds(1);
            limits.SlowTime = TimeSpan.FromSeconds(1.1);
            limits.SlowestReader = 1_000_000;
            limits.BodyTime = TimeSpan.FromSeconds(2);
        });
        var token = await app.TokenAsync(TokenRole.Admin);

        // Headers that never end, a body that does not come, one that comes drop by drop, and an answer that nobody takes.
        using var headers = await RawHttp.ConnectAsync(app.Url);
        await headers.SendAsync("GET /text HTTP/1.1\nHost: x\nX-Slow: ");
        using var body = await RawHttp.ConnectAsync(app.Url);
        await body.SendAsync($"POST /write HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nContent-Length: 1000\n\nx");
        using var drops = await RawHttp.ConnectAsync(app.Url);
        var dropping = DropAsync(drops, $"POST /write HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nContent-Length: 1000000\n\n");
        using var reader = await RawHttp.ConnectAsync(app.Url);
        await reader.SendAsync("GET /large HTTP/1.1\nHost: x\n\n");
        using var follower = await RawHttp.ConnectAsync(app.Url);
        await follower.SendAsync("GET /live HTTP/1.1\nHost: x\n\n");

        (await headers.ClosedAsync()).Status.ShouldBeOneOf(0, 408);
        (await body.ClosedAsync()).Status.ShouldBe(408);
        await dropping;
        (await drops.ClosedAsync()).Status.ShouldBe(408);
        await _large.Task.DefaultTimeout("the end of the answer that nobody takes");
        using var client = app.Client(token);
        (await client.GetStringAsync("/text", Cancelled)).ShouldContain("words");
        (await app.Audit.ReadAsync(0, 10, Cancelled)).ShouldBeEmpty();

        // The follower said nothing all the time, and got nothing: it is there, and gets what comes.
        (await follower.AnswerAsync()).Body.ShouldContain("more to");
    }

    private static async Task DropAsync(RawHttp raw, string head)
    {
        await raw.SendAsync(head);
        var drop = new byte[200];
        while (await raw.SendAsync(drop))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancelled);
        }
    }

    private static async Task<int> CountAsync(Func<Task<HttpResponseMessage>> ask, HttpStatusCode good = HttpStatusCode.OK, int most = 6)
    {
        var done = 0;
        for (var i = 0; i < most; i++)
        {
            using var answer = await ask();
            answer.StatusCode.ShouldBeOneOf(good, HttpStatusCode.TooManyRequests);
            done += answer.StatusCode == good ? 1 : 0;
        }

        return done;
    }

    private Task<EdgeApp> StartAsync(params (string Name, string Value)[] variables) => EdgeApp.StartAsync(
        _folder.Path, Map, variables.ToDictionary(pair => pair.Name, pair => pair.Value));

    private Task<EdgeApp> StartAsync(Action<RequestLimits> limits) =>
        EdgeApp.StartAsync(_folder.Path, Map, services: services => services.Configure(limits));

    private void Map(IEndpointRouteBuilder routes)
    {
        var words = string.Concat(Enumerable.Repeat("words ", 1000));
        routes.MapGet("/text", () => TypedResults.Text(words));
        routes.MapGet("/json", () => TypedResults.Ok(new { words }));
        routes.MapGet("/problem", () => TypedResults.Problem(words, statusCode: 409));
        routes.MapGet("/address", (HttpContext context) => Caur.Api.Hosting.ClientAddress.Of(context)!.ToString());
        routes.MapGet("/repos/{**path}", (string path) => TypedResults.Bytes(Encoding.UTF8.GetBytes(words), "application/octet-stream"));
        routes.MapGet("/health/live", () => "ok");
        routes.MapGet("/api/logs/{id}", (string id, HttpContext context) =>
        {
            context.Response.Headers["X-Accel-Buffering"] = "no";
            return TypedResults.Text(words);
        });
        routes.MapGet("/events", () => TypedResults.Text(words, "text/event-stream"));
        routes.MapGet("/live", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            await context.Response.WriteAsync("first\n");
            await _large.Task;
            await context.Response.WriteAsync("more to");
        });
        routes.MapGet("/large", async (HttpContext context) =>
        {
            try
            {
                for (var i = 0; i < 400; i++)
                {
                    await context.Response.Body.WriteAsync(Piece, context.RequestAborted);
                }
            }
            finally
            {
                _large.TrySetResult();
            }
        });
        routes.MapPost("/write", () => "done").RequireAuthorization(AuthPolicies.Admin);
    }
}
