using System.Text;
using Caur.Pipelines.Polite;
using Caur.Tests.Notifications;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Pipelines.Polite;

public sealed class PoliteClientTests
{
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(429, "17", 17)]
    [InlineData(503, "Tue, 01 Jan 2030 00:02:00 GMT", 120)]
    [InlineData(503, null, 30)]
    [InlineData(500, null, 30)]
    public async Task GetAsync_WhenHostIsOverloaded_WaitsAsAskedAndTriesAgain(int status, string? after, int seconds)
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = (_, context) =>
        {
            if (server.Requests.Count > 1)
            {
                return context.Response.WriteAsync("fine");
            }

            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = after;
            return Task.CompletedTask;
        };

        var getting = GetAsync(server, new PoliteOptions());
        await _time.ArmedAsync(TimeSpan.FromSeconds(seconds));
        _time.Advance(TimeSpan.FromSeconds(seconds - 1));
        server.Requests.Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        (await getting.DefaultTimeout("the second try")).Value!.Value.ShouldBe("fine");
    }

    [Fact]
    public async Task GetAsync_WhenItFailsTwice_TellsWhy()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(502);
        var getting = GetAsync(server, new PoliteOptions());
        await _time.AdvanceArmedAsync(TimeSpan.FromSeconds(30));
        (await getting.DefaultTimeout("the refusal")).Problem.ShouldBe($"{server.Address}/file failed twice: it answered 502");
        server.Requests.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    [InlineData(501)]
    public async Task GetAsync_WhenItWouldNotHelp_IsNotTriedAgain(int status)
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(status);
        (await GetAsync(server, new PoliteOptions()).DefaultTimeout("the refusal")).Problem.ShouldBe($"{server.Address}/file: it answered {status}");
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task GetAsync_WhenHostAsksForTooLong_DoesNotWait()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(429, "", ("Retry-After", "86400"));
        (await GetAsync(server, new PoliteOptions()).DefaultTimeout("the refusal")).Problem!
            .ShouldBe($"{server.Address}/file: it answered 429, and 127.0.0.1 asked to be left alone for longer than this run waits");
    }

    [Fact]
    public async Task GetAsync_WhenConnectionIsCut_TriesAgain()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = (request, context) =>
            server.Requests.Count == 1 ? RecordingServer.CutAsync(request, context) : context.Response.WriteAsync("fine");
        var getting = GetAsync(server, new PoliteOptions());
        await _time.AdvanceArmedAsync(TimeSpan.FromSeconds(30));
        (await getting.DefaultTimeout("the second try")).Value!.Value.ShouldBe("fine");
    }

    [Fact]
    public async Task GetAsync_WhenBodyIsCut_TriesAgain()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = async (_, context) =>
        {
            context.Response.ContentLength = 4;
            await context.Response.WriteAsync(server.Requests.Count == 1 ? "fi" : "fine");
            if (server.Requests.Count == 1)
            {
                await context.Response.Body.FlushAsync(Token);
                context.Abort();
            }
        };
        var getting = GetAsync(server, new PoliteOptions());
        await _time.AdvanceArmedAsync(TimeSpan.FromSeconds(30));
        (await getting.DefaultTimeout("the second try")).Value!.Value.ShouldBe("fine");
    }

    [Fact]
    public async Task GetAsync_WhenHostDoesNotAnswer_EndsAfterItsTime()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = server.HangAsync;
        var limit = TimeSpan.FromMinutes(3);
        var getting = GetAsync(server, new PoliteOptions { Timeout = limit, Tries = 1 });
        await _time.AdvanceArmedAsync(limit);
        (await getting.DefaultTimeout("the refusal")).Problem.ShouldEndWith("it took too long");
    }

    [Fact]
    public async Task GetAsync_WhenAnswerIsTooLarge_IsRefusedOnce()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(200, new string('x', 101));
        (await GetAsync(server, new PoliteOptions { MaxBytes = 100 })).Problem.ShouldEndWith("the answer has more than 100 bytes");
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task GetAsync_WhenNothingHasChanged_SaysSo()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = (request, context) =>
        {
            context.Response.Headers.ETag = "W/\"7\"";
            if (request.Headers.GetValueOrDefault("If-None-Match") != "W/\"7\"")
            {
                context.Response.Headers.LastModified = "Tue, 01 Jan 2030 00:00:00 GMT";
                return context.Response.WriteAsync("fine");
            }

            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        };
        var first = (await GetAsync(server, new PoliteOptions())).Value!;
        first.IsUnchanged.ShouldBeFalse();
        first.Validators.ShouldBe(new Validators("W/\"7\"", "Tue, 01 Jan 2030 00:00:00 GMT"));
        var second = (await GetAsync(server, new PoliteOptions(), first.Validators)).Value!;
        second.IsUnchanged.ShouldBeTrue();
        server.Requests[1].Headers["If-Modified-Since"].ShouldBe("Tue, 01 Jan 2030 00:00:00 GMT");
    }

    [Fact]
    public async Task GetAsync_WhenCallerGivesUp_Throws()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = server.HangAsync;
        using var http = HostProxy.Client(null);
        using var pacer = new HostPacer(new PoliteOptions(), _time);
        using var gone = new CancellationTokenSource();
        var getting = new PoliteClient(http, pacer, new PoliteOptions(), _time).GetAsync(new Uri($"{server.Address}/file"), null, ReadAsync, gone.Token);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(getting);
    }

    [Fact]
    public async Task GetAsync_WhenUrlHoldsASecret_DoesNotTellIt()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(404);
        using var http = HostProxy.Client(null);
        using var pacer = new HostPacer(new PoliteOptions(), _time);
        var address = new Uri(server.Address.Replace("http://", "http://user:hunter2@", StringComparison.Ordinal) + "/file?private_token=hunter3");
        var answer = await new PoliteClient(http, pacer, new PoliteOptions(), _time).GetAsync(address, null, ReadAsync, Token);
        answer.Problem!.ShouldNotContain("hunter");
    }

    private async Task<Answer<Fetched<string>>> GetAsync(RecordingServer server, PoliteOptions options, Validators? known = null)
    {
        using var http = HostProxy.Client(null);
        using var pacer = new HostPacer(options, _time);
        return await new PoliteClient(http, pacer, options, _time).GetAsync(new Uri($"{server.Address}/file"), known, ReadAsync, Token);
    }

    private static async Task<string> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(body, Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
