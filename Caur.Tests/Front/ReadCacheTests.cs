using System.Net;
using System.Net.Http.Headers;
using Caur.Silo.Web;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Front;

/// <summary>Reads that are shared, and those that are not.</summary>
public sealed class ReadCacheTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, true)]
    [InlineData(900, true)]
    [InlineData(1000, false)]
    [InlineData(-1, false)]
    public void Fresh_ByTheTimeSinceItWasAsked_IsNothingFromATimeToCome(int milliseconds, bool expected)
    {
        var asked = DateTimeOffset.UnixEpoch;

        new WebOptions().IsFresh(asked, asked + TimeSpan.FromMilliseconds(milliseconds)).ShouldBe(expected);
    }

    [Fact]
    public async Task Read_ThatManyAskForAtOnce_IsAskedForOnce()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            var number = Interlocked.Increment(ref asked);
            await go.Task;
            await context.Response.WriteAsync($"answer {number} for {context.Request.Headers.Accept}");
        });
        await using var front = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.FromHours(1));
        using var http = new HttpClient { BaseAddress = front.Url };

        var readers = Enumerable.Range(0, 30).Select(_ => http.GetStringAsync("/api/queue/stats?x=1", Token)).ToList();
        await Logs.Until.TrueAsync(() => Volatile.Read(ref asked) == 1, "the first question");
        go.SetResult();
        (await Task.WhenAll(readers).DefaultTimeout("the answers")).ShouldAllBe(text => text == "answer 1 for ");
        (await http.GetStringAsync("/api/queue/stats?x=1", Token)).ShouldBe("answer 1 for ");
        hub.Count("/api/queue/stats?x=1").ShouldBe(1);

        using var other = new HttpRequestMessage(HttpMethod.Get, "/api/queue/stats?x=1") { Headers = { Accept = { new MediaTypeWithQualityHeaderValue("text/html") } } };
        using var html = await http.SendAsync(other, Token);
        (await html.Content.ReadAsStringAsync(Token)).ShouldBe("answer 2 for text/html");
        (await http.GetStringAsync("/api/queue/stats?x=2", Token)).ShouldBe("answer 3 for ");
    }

    [Fact]
    public async Task Read_ThatIsNoLongerFresh_IsAskedForByItsTag()
    {
        var tag = "W/\"1\"";
        await using var hub = await ScriptedHub.StartAsync(context =>
        {
            context.Response.Headers.ETag = tag;
            if (context.Request.Headers.IfNoneMatch == tag)
            {
                context.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            return context.Response.WriteAsync($"content of {tag}");
        });
        await using var front = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.Zero);
        using var http = new HttpClient { BaseAddress = front.Url };

        (await http.GetStringAsync("/api/x", Token)).ShouldBe("content of W/\"1\"");
        (await http.GetStringAsync("/api/x", Token)).ShouldBe("content of W/\"1\"");
        hub.Requests.Select(asked => asked["If-None-Match"]).ShouldBe([null, "W/\"1\""]);

        // A client's own tag is answered here, also one that the hub would not know any more.
        using var known = new HttpRequestMessage(HttpMethod.Get, "/api/x") { Headers = { IfNoneMatch = { new EntityTagHeaderValue("\"1\"", true) } } };
        using var same = await http.SendAsync(known, Token);
        same.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        same.Headers.ETag!.ToString().ShouldBe("W/\"1\"");

        tag = "W/\"2\"";
        (await http.GetStringAsync("/api/x", Token)).ShouldBe("content of W/\"2\"");
    }

    [Theory]
    [InlineData("Set-Cookie", "a=b")]
    [InlineData("Cache-Control", "private")]
    [InlineData("Cache-Control", "no-store")]
    [InlineData("Vary", "Accept, X-Who")]
    [InlineData("Vary", "*")]
    [InlineData("status", "404")]
    [InlineData("X-Accel-Buffering", "no")]
    public async Task Answer_ThatIsForOne_IsNotShared(string header, string value)
    {
        var number = 0;
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            if (header == "status")
            {
                context.Response.StatusCode = 404;
            }
            else
            {
                context.Response.Headers[header] = value;
            }

            await context.Response.WriteAsync($"{Interlocked.Increment(ref number)}");
        });
        await using var front = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.FromHours(1));
        using var http = new HttpClient { BaseAddress = front.Url };

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            using var answer = await http.GetAsync("/api/x", Token);
            return await answer.Content.ReadAsStringAsync(Token);
        }));

        answers.ShouldBeUnique();
    }

    [Fact]
    public async Task Answer_ThatIsLargerThanWhatIsKept_ArrivesWhole()
    {
        var bytes = new byte[6 << 20];
        new Random(1).NextBytes(bytes);
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            foreach (var piece in bytes.Chunk(1 << 20))
            {
                await context.Response.Body.WriteAsync(piece);
            }
        });
        await using var front = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.FromHours(1));
        using var http = new HttpClient { BaseAddress = front.Url };

        foreach (var got in await Task.WhenAll(http.GetByteArrayAsync("/api/large", Token), http.GetByteArrayAsync("/api/large", Token)))
        {
            got.AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        }

        hub.Requests.Count.ShouldBe(2);
    }

    /// <summary>Who waits for an answer of which the one who asked gave up waits for nothing.</summary>
    [Fact]
    public async Task Read_WhenTheFirstWhoAsksGoesAway_IsAnsweredToTheOthers()
    {
        var asked = 0;
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            Interlocked.Increment(ref asked);
            await go.Task.WaitAsync(context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await context.Response.WriteAsync("answer");
        });
        await using var front = await FrontServer.StartAsync(hub.Url);
        using var http = new HttpClient { BaseAddress = front.Url };
        using var leaving = new CancellationTokenSource();
        var first = http.GetStringAsync("/api/x", leaving.Token);
        await Logs.Until.TrueAsync(() => Volatile.Read(ref asked) == 1, "the first question");
        var second = http.GetStringAsync("/api/x", Token);

        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        go.SetResult();
        (await second.DefaultTimeout("the second's answer")).ShouldBe("answer");
    }
}
