using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Caur.Builder.Logs;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Protocol.Builders;
using Caur.Storage.Logs;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Logs;

/// <summary>What a reader of a log meets at the gateway.</summary>
public sealed class LogGatewayTests : IAsyncLifetime
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/gtk+2.0@x/1767225600000");
    private static readonly string Header = Encoding.UTF8.GetString(LogHeader.For(Build));

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();
    private LogGateway _gateway = null!;
    private IBuilderSession _session = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _gateway = await LogGateway.StartAsync(_folder.Path);
        _http.BaseAddress = _gateway.Url;
        _session = await _gateway.JoinAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Offsets are of bytes: one may fall into a character or an escape sequence.</summary>
    [Fact]
    public async Task Get_WhateverTheOffset_HasTheBytesFromThereOn()
    {
        var log = await WriteAsync("\e[32m✓ größer\e[0m 🎉\r\n", final: true);

        for (var offset = 0; offset <= log.Length; offset++)
        {
            (await _http.GetByteArrayAsync($"{Path}?offset={offset}", Token)).ShouldBe(log[offset..]);
            (await _http.GetByteArrayAsync($"/api/logs/gtk%2B2.0%40x?follow=FALSE&offset={offset}", Token)).ShouldBe(log[offset..]);
        }
    }

    [Theory]
    [InlineData("offset=abc", "offset")]
    [InlineData("offset=-1", "offset")]
    [InlineData("offset=", "offset")]
    [InlineData("offset=1.5", "offset")]
    [InlineData("offset=9223372036854775808", "offset")]
    [InlineData("offset=1&offset=2", "offset")]
    [InlineData("follow=maybe", "follow")]
    [InlineData("follow=", "follow")]
    [InlineData("follow=1", "follow")]
    [InlineData("follow=true&offset=%2B1", "offset")]
    public async Task Get_WhenAParameterIsWrong_NamesIt(string query, string parameter)
    {
        await WriteAsync("out", final: true);
        using var answer = await _http.GetAsync($"{Path}?{query}", Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Token);
        problem.GetProperty("errors").EnumerateObject().ShouldHaveSingleItem().Name.ShouldBe(parameter);
    }

    [Fact]
    public async Task Get_WhenTheOffsetIsBehindTheEnd_IsRefusedWithTheLength()
    {
        await WriteAsync("out", final: false);
        (await StatusAsync($"{Path}?offset=1000&follow=false")).ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        var log = await WriteAsync("out", final: true);
        using var answer = await _http.GetAsync($"{Path}?offset={log.Length + 1}", Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        answer.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes */{log.Length}");
        (await _http.GetByteArrayAsync($"{Path}?offset={log.Length}", Token)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("lines=0-5")]
    [InlineData("bytes=0-5")]
    [InlineData("nonsense")]
    public async Task Get_WhenARangeIsAskedFor_IgnoresIt(string range)
    {
        var log = await WriteAsync("out", final: true);
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.TryAddWithoutValidation("Range", range).ShouldBeTrue();
        using var answer = await _http.SendAsync(request, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsByteArrayAsync(Token)).ShouldBe(log);
    }

    /// <summary>RFC 9110, 14.2: a unit that is not understood makes the header one that is ignored.</summary>
    [Theory]
    [InlineData("lines=0-5", HttpStatusCode.OK, "0123456789")]
    [InlineData("bytesx=0-5", HttpStatusCode.OK, "0123456789")]
    [InlineData("Bytes=2-5", HttpStatusCode.PartialContent, "2345")]
    [InlineData("bytes=-1", HttpStatusCode.PartialContent, "9")]
    public async Task GetFile_WhenARangeIsInAnotherUnitThanBytes_IgnoresIt(string range, HttpStatusCode status, string content)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(_gateway.Repositories, "repo", "x86_64"));
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder.FullName, "a-1-1-any.pkg.tar.zst"), "0123456789", Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/repos/repo/x86_64/a-1-1-any.pkg.tar.zst");
        request.Headers.TryAddWithoutValidation("Range", range).ShouldBeTrue();
        using var answer = await _http.SendAsync(request, Token);
        answer.StatusCode.ShouldBe(status);
        (await answer.Content.ReadAsStringAsync(Token)).ShouldBe(content);
    }

    [Fact]
    public async Task Head_WhenTheLogGrowsOrIsFinished_AnswersAtOnceWithoutBytes()
    {
        var soFar = await WriteAsync("out", final: false);
        using var part = await HeadAsync($"{Path}?follow=false&offset=5");
        part.Content.Headers.ContentLength.ShouldBe(soFar.Length - 5);
        (await _http.GetByteArrayAsync($"{Path}?follow=false&offset=5", Token)).ShouldBe(soFar[5..]);
        using var growing = await HeadAsync(Path);
        growing.StatusCode.ShouldBe(HttpStatusCode.OK);
        growing.Headers.GetValues("Caur-Build").ShouldBe([Build.ToString()]);
        growing.Content.Headers.ContentLength.ShouldBeNull();

        var log = await WriteAsync("out", final: true);
        using var finished = await HeadAsync($"{Path}?offset=3");
        finished.Content.Headers.ContentLength.ShouldBe(log.Length - 3);
        finished.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; charset=utf-8");
        using var none = await HeadAsync("/api/logs/nothing");
        none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        _gateway.Followers.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Get_WhenTheLogIsRemovedMeanwhile_ReadsItToItsEnd()
    {
        var content = new LogContent(3);
        await _gateway.BeginAsync(Build, 1);
        for (var offset = 0L; offset < 20 << 20; offset += LogChunk.MaxBytes)
        {
            await AppendAsync(offset, content.Bytes(offset, LogChunk.MaxBytes));
        }

        await _gateway.Log(Build).EndAsync(1, "End.", final: true);
        using var answer = await _http.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead, Token);
        await using var body = await answer.Content.ReadAsStreamAsync(Token);
        await body.ReadExactlyAsync(new byte[Header.Length], Token);

        await using (var newer = await _gateway.Store.OpenAsync(new LogKey(Build.Pkgbase, Build.Timestamp + 1, "repo", "x86_64"), Token))
        {
            await newer.CompleteAsync(Token);
        }

        (await _gateway.Store.SweepAsync(new LogRetention { MaxPerPkgbase = 1 }, DateTimeOffset.UnixEpoch, Token)).ShouldBe(1);

        using var rest = new MemoryStream();
        await body.CopyToAsync(rest, Token);
        rest.Length.ShouldBe((20 << 20) + "End.\r\n".Length);
        content.Holds(0, rest.GetBuffer().AsSpan(0, 20 << 20)).ShouldBeTrue();
        (await StatusAsync(Path)).ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>A file with a hole takes no room and has large offsets.</summary>
    [Fact]
    public async Task Get_WhenTheLogIsLargerThanFourGibibytes_CountsOn()
    {
        const long Far = (5L << 30) + 3;
        await _gateway.BeginAsync(Build, 1);
        await _gateway.Log(Build).OpenAsync();
        await _gateway.DisposeAsync();
        await using (var hole = File.OpenWrite(_gateway.FileOf(Build, finished: false)))
        {
            hole.SetLength(Header.Length + Far);
        }

        await RestartAsync();
        (await AppendAsync(Far, "far\n"u8.ToArray())).ShouldBe(new LogReply(LogStatus.Appended, Far + 4));
        (await AppendAsync(Far + (1L << 32), "no\n"u8.ToArray())).ShouldBe(new LogReply(LogStatus.Gap, Far + 4));
        await _gateway.Log(Build).EndAsync(1, "End.", final: true);

        using var http = new HttpClient { BaseAddress = _gateway.Url };
        (await http.GetStringAsync($"{Path}?offset={Header.Length + Far - 2}", Token)).ShouldBe("\0\0far\nEnd.\r\n");
        foreach (var edge in new[] { 1L << 31, 1L << 32 })
        {
            using var answer = await http.GetAsync($"{Path}?offset={edge - 1}", HttpCompletionOption.ResponseHeadersRead, Token);
            answer.Content.Headers.ContentLength.ShouldBe(Header.Length + Far + 4 + 6 - edge + 1);
        }
    }

    /// <summary>The verb's farm is restarted on another port behind the address that it knows, twice, in the middle of a log.</summary>
    [Fact]
    public async Task LogsVerb_WhenTheHubRestarts_GoesOnAtItsOffset()
    {
        var content = new LogContent(11);
        const int Third = 600_000;
        await _gateway.BeginAsync(Build, 1);
        await _gateway.Log(Build).OpenAsync();
        await using var door = new TcpDoor();
        door.Open(_gateway.Url);
        using var received = new MemoryStream();
        var verb = CliRun.RunAsync(["logs", "--follow", Build.Pkgbase, "--server", door.Url], output: () => received);
        for (var part = 0; part < 3; part++)
        {
            if (part > 0)
            {
                var turnedAway = door.TurnedAway;
                door.Close();
                await _gateway.DisposeAsync();
                await Until.TrueAsync(() => door.TurnedAway > turnedAway, "the verb calls again");
                await RestartAsync();
                door.Open(_gateway.Url);
            }

            // A farm that goes away before it has ever answered is none to wait for, so the header has to be there.
            await Until.TrueAsync(() => (_gateway.Followers.Count == 1 && received.Length > 0) || verb.IsCompleted, "the verb follows");
            verb.IsCompleted.ShouldBeFalse(verb.IsCompleted ? (await verb).Error : "");
            for (var offset = part * Third; offset < (part + 1) * Third; offset += 60_000)
            {
                await AppendAsync(offset, content.Bytes(offset, 60_000));
            }
        }

        await _gateway.Log(Build).EndAsync(1, "End.", final: true);
        var run = (await verb).Succeeded();

        received.ToArray().ShouldBe([.. Encoding.UTF8.GetBytes(Header), .. content.Bytes(0, 3 * Third), .. "End.\r\n"u8]);
        door.Connections.ShouldBe(3);
        run.Error.ShouldContain("The connection broke after");
    }

    /// <summary>The file is a device that is always full, until a real one takes its place.</summary>
    [Fact]
    public async Task Append_WhenTheDiskIsFull_GoesOnWithoutLossWhenThereIsRoom()
    {
        var file = _gateway.FileOf(Build, finished: false);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.CreateSymbolicLink(file, "/dev/full");
        await _gateway.BeginAsync(Build, 1);
        var bytes = new LogContent(9).Bytes(0, 300_000);
        var session = new WatchedSession(_session, _ => Task.CompletedTask);
        await using var pump = new LogPump(
            session, new AttemptRef(Build.ToString(), 1), new LogOptions(), TimeProvider.System, NullLogger.Instance);
        await pump.WriteAsync(bytes, Token);
        (await session.Failed.DefaultTimeout("a write on the full disk")).ShouldBeOfType<IOException>().Message.ShouldContain("No space left");

        File.Delete(file);

        (await pump.CompleteAsync(Token).DefaultTimeout("the pump")).ShouldBeTrue();
        (await File.ReadAllBytesAsync(file, Token)).ShouldBe([.. Encoding.UTF8.GetBytes(Header), .. bytes]);
    }

    /// <summary>Whoever looks is answered, also where nothing can be written, and as many as look leave nothing behind.</summary>
    [Fact]
    public async Task Get_OfABuildThatWaits_WritesNothingAndGoesOnWithTheLog()
    {
        var queued = await _gateway.Grains.GetGrain<IBuildQueueGrain>("x86_64").EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [new BuildRequest { Package = new PackageKey(new TargetId("repo", "x86_64"), "waits"), SourceRepository = "packages", Commit = "0123456789" }],
        });
        var build = queued[0].Build;
        var header = Encoding.UTF8.GetString(LogHeader.For(build));
        var folder = System.IO.Path.GetDirectoryName(_gateway.FileOf(build, finished: false))!;

        (await _http.GetStringAsync("/api/logs/waits?follow=false", Token)).ShouldBe(header);
        (await _http.GetStringAsync($"{LogGateway.PathOf(build)}?follow=false&offset=6", Token)).ShouldBe(header[6..]);
        (await _http.GetAsync($"/api/logs/waits?follow=false&offset={header.Length + 1}", Token)).StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        using var follower = await _http.GetAsync("/api/logs/waits", HttpCompletionOption.ResponseHeadersRead, Token);
        follower.Headers.GetValues("Caur-Build").Single().ShouldBe(build.ToString());
        var body = await follower.Content.ReadAsStreamAsync(Token);
        var read = new byte[header.Length];
        await body.ReadExactlyAsync(read, Token);
        Encoding.UTF8.GetString(read).ShouldBe(header);
        Directory.Exists(folder).ShouldBeFalse();

        await _gateway.Log(build).EndAsync(0, "Nobody wants it.", final: true);

        (await new StreamReader(body).ReadToEndAsync(Token).DefaultTimeout("the end of the log")).ShouldContain("Nobody wants it.");
        (await _http.GetStringAsync(LogGateway.PathOf(build), Token)).ShouldStartWith(header);
    }

    [Fact]
    public async Task Namcap_OfTheCurrentAttempt_IsKeptBesideTheLogAndServed()
    {
        (await StatusAsync($"{Path}/namcap")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync("/api/logs/gtk/now/namcap")).ShouldBe(HttpStatusCode.BadRequest);
        await WriteAsync("out", final: false);
        await CompleteAsync(2, "of another attempt");
        await CompleteAsync(1, "gtk W: größer\n");
        (await _http.GetStringAsync($"{Path}/namcap", Token)).ShouldBe("gtk W: größer\n");

        await _gateway.Log(Build).EndAsync(1, "End.", final: true);
        await CompleteAsync(1, "too late");

        (await _http.GetStringAsync($"{Path}/namcap", Token)).ShouldBe("gtk W: größer\n");

        Task CompleteAsync(int attempt, string namcap) => _session.CompleteAsync(
            new AttemptResult { Attempt = new AttemptRef(Build.ToString(), attempt), Outcome = AttemptOutcome.Failed, Namcap = namcap }, Token);
    }

    private static string Path => LogGateway.PathOf(Build);

    private async Task RestartAsync()
    {
        _gateway = await LogGateway.StartAsync(_folder.Path);
        _session = await _gateway.JoinAsync();
    }

    private Task<LogReply> AppendAsync(long offset, byte[] bytes) => _session.AppendLogAsync(
        new LogChunk { Attempt = new AttemptRef(Build.ToString(), 1), Sequence = 0, Offset = offset, Bytes = bytes }, Token);

    /// <summary>Writes a log, or what of it is not there.</summary>
    private async Task<byte[]> WriteAsync(string output, bool final)
    {
        await _gateway.BeginAsync(Build, 1);
        await AppendAsync(0, Encoding.UTF8.GetBytes(output));
        if (final)
        {
            await _gateway.Log(Build).EndAsync(1, "End.", final: true);
        }

        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Header}{output}{(final ? "End.\r\n" : "")}"));
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Token);
        return answer.StatusCode;
    }

    private Task<HttpResponseMessage> HeadAsync(string path) => _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Token);
}
