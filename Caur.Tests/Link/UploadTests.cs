using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Caur.Api.Audit;
using Caur.Api.Limits;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Storage.Landing;
using Caur.Tests.Api;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Link;

/// <summary>Archives from another machine into the landing zone.</summary>
public sealed class UploadTests : IAsyncLifetime
{
    private LinkHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LandingZone Landing => _hub.Hub.Services.GetRequiredService<LandingZone>();

    public async ValueTask InitializeAsync() => _hub = await LinkHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    /// <summary>A build of a builder whose way to the hub can be cut.</summary>
    private async Task<(CutProxy Proxy, LinkSession Session, AttemptRef Attempt)> BuildBehindProxyAsync(int piece = 1 << 20)
    {
        var proxy = _hub.Proxy();
        var session = _hub.Session((await _hub.TokenAsync("north")).Token, proxy.Url, piece);
        var agent = new TestAgent();
        (await session.HelloAsync(LinkHub.Hello("north"), agent, Token)).Accepted.ShouldBeTrue();
        var attempt = await _hub.StartAsync(session, "hello");
        agent.Running = [attempt];
        return (proxy, session, attempt);
    }

    [Fact]
    public async Task Upload_ThatIsCut_GoesOnWhereItWasAndArrivesWhole()
    {
        var (proxy, session, attempt) = await BuildBehindProxyAsync(piece: 300_000);
        var (bytes, archive) = Archive(2_000_000);
        var sent = 0L;

        proxy.CutAfter = 1_000_000;
        await Should.ThrowAsync<IOException>(SendAsync());
        var there = await Landing.FindAsync(attempt.Build, attempt.Number, archive.FileName, archive.Size, archive.Sha256, Token);
        there.Offset.ShouldBeInRange(1, bytes.Length - 1);
        there.IsComplete.ShouldBeFalse();
        Landing.List(attempt.Build, attempt.Number).ShouldBeEmpty();
        UploadReply? reply = null;
        await ApiHub.UntilAsync(
            async () =>
            {
                sent = 0;
                try
                {
                    reply = await SendAsync();
                    return true;
                }
                catch (IOException)
                {
                    // The gateway may still be busy with the request that was cut, and the link was cut too.
                    return false;
                }
            },
            "the rest of the upload");

        reply.ShouldNotBeNull().Stored.ShouldBeTrue(reply.Reason);
        sent.ShouldBeLessThan(bytes.Length - 100_000, "what was there is not sent again");
        (await File.ReadAllBytesAsync(Landing.List(attempt.Build, attempt.Number).ShouldHaveSingleItem().Path, Token)).ShouldBe(bytes);
        (await SendAsync()).Stored.ShouldBeTrue("a repeated upload is none");

        Task<UploadReply> SendAsync() => session.UploadAsync(attempt, archive, _ => new(new CountedStream(bytes, count => sent += count)), Token).DefaultTimeout("the upload");
    }

    [Fact]
    public async Task Upload_InManyPieces_IsOneLineOfTheAuditLogAndARefusedOneAnother()
    {
        var session = _hub.Session((await _hub.TokenAsync("north")).Token, piece: 100_000);
        (await session.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token)).Accepted.ShouldBeTrue();
        var attempt = await _hub.StartAsync(session, "hello");
        var (bytes, archive) = Archive(1_000_000);
        var wrong = bytes.ToArray();
        wrong[1000] ^= 1;

        (await session.UploadAsync(attempt, archive, _ => new(new MemoryStream(wrong)), Token)).Stored.ShouldBeFalse();
        (await session.UploadAsync(attempt, archive, _ => new(new MemoryStream(bytes)), Token)).Stored.ShouldBeTrue();

        var lines = (await _hub.Hub.Services.GetRequiredService<AuditLog>().ReadAsync(0, 1000, Token)).Where(line => line.Method == "PUT").ToList();
        lines.Select(line => (line.Event, line.Status, line.Name, line.Role, line.Target))
            .ShouldBe([(AuditEvent.Refused, 422, "north", "Builder", "repo/x86_64"), (AuditEvent.Done, 204, "north", "Builder", "repo/x86_64")]);
        lines[0].Outcome.ShouldNotBeNull().ShouldContain("SHA-256");
        var what = lines[1].Body.ShouldNotBeNull();
        (what.GetProperty("builder").GetString(), what.GetProperty("build").GetString(), what.GetProperty("attempt").GetInt32())
            .ShouldBe(("north/0", attempt.Build, attempt.Number));
        (what.GetProperty("file").GetString(), what.GetProperty("bytes").GetInt64(), lines[1].Outcome).ShouldBe((archive.FileName, archive.Size, "stored"));
    }

    /// <summary>The taking goes on without the request, and nobody asks for it again: the next question is answered with it.</summary>
    [Fact]
    public async Task Taking_WhoseRequestIsCut_IsOneLineOfTheAuditLogAllTheSame()
    {
        await using var hub = await LinkHub.StartAsync(more: services => services.AddSingleton<IStartupFilter>(new CutRequests()));
        var (session, _) = await hub.JoinAsync("north");
        var attempt = await hub.StartAsync(session, "hello");
        using var client = hub.Client((await hub.TokenAsync("north")).Token);
        var (bytes, archive) = Archive(300_000);
        var other = archive with { FileName = "other-1-1-any.pkg.tar.zst" };

        await File.WriteAllBytesAsync(await PlaceAsync(other), [.. bytes[1..], 1], Token);
        await Should.ThrowAsync<HttpRequestException>(AskAsync(HttpMethod.Put, other));
        await LinesAsync((AuditEvent.Refused, 422));
        var place = await PlaceAsync(archive);
        await File.WriteAllBytesAsync(place, bytes, Token);
        await Should.ThrowAsync<HttpRequestException>(AskAsync(HttpMethod.Put, archive));
        var lines = await LinesAsync((AuditEvent.Refused, 422), (AuditEvent.Done, 204));

        lines.ShouldAllBe(line => line.Name == "north" && line.Target == "repo/x86_64" && line.Request.Length > 0);
        lines[0].Outcome.ShouldNotBeNull().ShouldContain("SHA-256");
        (lines[1].Outcome, lines[1].Body.ShouldNotBeNull().GetProperty("file").GetString()).ShouldBe(("stored", archive.FileName));

        // What came twice is not kept.
        await File.WriteAllBytesAsync(place, bytes, Token);
        (await AskAsync(HttpMethod.Head, archive)).Headers.GetValues(UploadProtocol.Complete).ShouldBe(["?1"]);
        File.Exists(place).ShouldBeFalse();
        await LinesAsync((AuditEvent.Refused, 422), (AuditEvent.Done, 204));

        async Task<string> PlaceAsync(ArchiveInfo file) => Uri.UnescapeDataString((await AskAsync(HttpMethod.Head, file)).Headers.GetValues(UploadProtocol.Place).Single());

        async Task<HttpResponseMessage> AskAsync(HttpMethod method, ArchiveInfo file)
        {
            using var request = new HttpRequestMessage(method, UploadProtocol.Path(LinkHub.Hello("north"), attempt, file));
            request.Headers.Add(UploadProtocol.By, UploadProtocol.Sftp);
            return await client.SendAsync(request, Token).DefaultTimeout("the answer");
        }

        async Task<List<AuditEntry>> LinesAsync(params (AuditEvent Event, int? Status)[] expected)
        {
            List<AuditEntry> found = [];
            await ApiHub.UntilAsync(
                async () =>
                {
                    found = [.. (await hub.Hub.Services.GetRequiredService<AuditLog>().ReadAsync(0, 1000, Token)).Where(line => line.Method == "PUT")];
                    return found.Count >= expected.Length;
                },
                "the lines");
            found.Select(line => (line.Event, line.Status)).ShouldBe(expected);
            return found;
        }
    }

    /// <summary>Every PUT is cut as soon as it is there.</summary>
    private sealed class CutRequests : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(static (context, go) =>
            {
                if (HttpMethods.IsPut(context.Request.Method))
                {
                    context.Abort();
                    context.RequestAborted = new CancellationToken(canceled: true);
                }

                return go(context);
            });
            next(app);
        };
    }

    [Fact]
    public async Task Upload_WhosePathIsLostInSilence_IsCutWithTheLinkAndGoesOn()
    {
        var (proxy, session, attempt) = await BuildBehindProxyAsync();
        var (bytes, archive) = Archive(20_000_000);
        var sent = 0L;
        var freezes = 1;

        (await Should.ThrowAsync<IOException>(SendAsync().Timeout(TimeSpan.FromSeconds(20), "the end of the upload"))).Message.ShouldContain("was cut");
        UploadReply? reply = null;
        await ApiHub.UntilAsync(
            async () =>
            {
                sent = 0;
                try
                {
                    reply = await SendAsync();
                    return true;
                }
                catch (IOException error)
                {
                    // The link is not back yet. That the gateway does not know of the end of the request that was cut is no reason to wait.
                    error.Message.ShouldNotContain("423");
                    return false;
                }
            },
            "the rest of the upload");

        reply.ShouldNotBeNull().Stored.ShouldBeTrue(reply.Reason);
        sent.ShouldBeLessThan(bytes.Length - 2_000_000, "what was there is not sent again");
        (await File.ReadAllBytesAsync(Landing.List(attempt.Build, attempt.Number).ShouldHaveSingleItem().Path, Token)).ShouldBe(bytes);

        Task<UploadReply> SendAsync() => session.UploadAsync(attempt, archive, _ => new(new CountedStream(bytes, Count)), Token);

        void Count(int count)
        {
            if ((sent += count) > 10_000_000 && freezes-- > 0)
            {
                proxy.FreezeOpen();
            }
        }
    }

    [Fact]
    public async Task Upload_WhileAnotherRequestWritesTheSame_IsAskedForAgain()
    {
        var (proxy, session, attempt) = await BuildBehindProxyAsync(piece: 300_000);
        var (bytes, archive) = Archive(900_000);
        proxy.CutAfter = 500_000;
        await Should.ThrowAsync<IOException>(SendAsync());
        var part = Directory.EnumerateFiles(_hub.Hub.Folder, $".{archive.Sha256}.part", SearchOption.AllDirectories).ShouldHaveSingleItem();

        FileStream? stale = null;
        await ApiHub.UntilAsync(() => Task.FromResult((stale = TryOpen(part)) is not null), "the end of the request that was cut");
        using (stale)
        {
            // The link was cut too, and is back in a moment.
            await ApiHub.UntilAsync(
                async () => (await Should.ThrowAsync<IOException>(SendAsync())).Message.Contains("(423): another request writes this archive now", StringComparison.Ordinal), "the refusal");
        }

        (await SendAsync()).Stored.ShouldBeTrue();

        Task<UploadReply> SendAsync() => session.UploadAsync(attempt, archive, _ => new(new MemoryStream(bytes)), Token).DefaultTimeout("the upload");

        static FileStream? TryOpen(string path)
        {
            try
            {
                return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                return null;
            }
        }
    }

    [Fact]
    public async Task Upload_WhenTheGatewayTakesSmallerBodies_GoesOnInSmallerPieces()
    {
        await using var hub = await LinkHub.StartAsync(more: services => services.Configure<RequestLimits>(limits => limits.BodyBytes = 1 << 20));
        var session = hub.Session((await hub.TokenAsync("north")).Token, piece: 16 << 20);
        (await session.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token)).Accepted.ShouldBeTrue();
        var attempt = await hub.StartAsync(session, "hello");
        var (bytes, archive) = Archive(20_000_000);

        // It closes in the middle, and what it says before is lost as often as not.
        UploadReply? reply = null;
        for (var tries = 0; reply is null && tries < 20; tries++)
        {
            try
            {
                reply = await session.UploadAsync(attempt, archive, _ => new(new MemoryStream(bytes)), Token).DefaultTimeout("the upload");
            }
            catch (IOException)
            {
                // As an agent does, it is asked for again.
            }
        }

        reply.ShouldNotBeNull("it never came through").Stored.ShouldBeTrue(reply.Reason);
    }

    [Fact]
    public async Task Upload_WhenTheDiskIsFullInTheMiddle_KeepsWhatCameAndGoesOnWhenThereIsRoom()
    {
        var (proxy, session, attempt) = await BuildBehindProxyAsync();
        var (bytes, archive) = Archive(3_000_000);
        var landing = _hub.Hub.Services.GetRequiredService<Caur.Storage.Files.DataFolders>().Landing;
        Assert.SkipUnless((await MountAsync("size=6m")).ExitCode == 0, "this user may not mount a small file system");
        try
        {
            var sent = 0L;
            proxy.CutAfter = 1_500_000;
            await Should.ThrowAsync<IOException>(SendAsync());

            // Somebody else takes the room that was there when it began.
            var filler = Path.Combine(landing, "filler");
            Fill(filler);
            (await AnswerAsync()).NoRoom.ShouldBeTrue();
            File.Delete(filler);
            (await AnswerAsync()).Stored.ShouldBeTrue();
            sent.ShouldBeLessThan(bytes.Length - 100_000, "what had room is not sent again");
            (await File.ReadAllBytesAsync(Landing.List(attempt.Build, attempt.Number).ShouldHaveSingleItem().Path, Token)).ShouldBe(bytes);

            Task<UploadReply> SendAsync()
            {
                sent = 0;
                return session.UploadAsync(attempt, archive, _ => new(new CountedStream(bytes, count => sent += count)), Token).DefaultTimeout("the upload");
            }

            async Task<UploadReply> AnswerAsync()
            {
                UploadReply? reply = null;
                await ApiHub.UntilAsync(
                    async () =>
                    {
                        try
                        {
                            reply = await SendAsync();
                            return true;
                        }
                        catch (IOException)
                        {
                            // The link was cut too, and is back in a moment.
                            return false;
                        }
                    },
                    "an answer to the upload");
                return reply!;
            }
        }
        finally
        {
            await Processes.RunAsync("umount", ["--lazy", landing]);
        }

        static void Fill(string path)
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            var block = new byte[16 * 1024];
            try
            {
                while (file.Length < 64 << 20)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // That is what it is for.
            }
        }

        Task<ProcessResult> MountAsync(string options) => Processes.RunAsync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", landing]);
    }

    [Fact]
    public async Task Upload_WithTheWrongContent_IsRefusedAndSentAgainFromItsStart()
    {
        var (session, _) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(session, "hello");
        var (bytes, archive) = Archive(500_000);
        var wrong = bytes.ToArray();
        wrong[1000] ^= 1;

        var refused = await session.UploadAsync(attempt, archive, _ => new(new MemoryStream(wrong)), Token);
        refused.Stored.ShouldBeFalse();
        refused.ShouldSatisfyAllConditions(reply => reply.Stale.ShouldBeFalse(), reply => reply.NoRoom.ShouldBeFalse(), reply => reply.Reason.ShouldNotBeNull().ShouldContain("SHA-256"));
        (await Landing.FindAsync(attempt.Build, attempt.Number, archive.FileName, archive.Size, archive.Sha256, Token)).Offset.ShouldBe(0);

        (await session.UploadAsync(attempt, archive, _ => new(new MemoryStream(bytes)), Token)).Stored.ShouldBeTrue();
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"upload\"} 1");
    }

    [Fact]
    public async Task Upload_WhenTheBuilderHasNoLink_IsAskedForAgainAndNotStale()
    {
        var token = (await _hub.TokenAsync("north")).Token;
        using var client = _hub.Client(token);
        var (_, archive) = Archive(10);
        var attempt = new AttemptRef($"repo/x86_64/hello/{1_900_000_000_000}", 1);

        using var request = new HttpRequestMessage(HttpMethod.Head, UploadProtocol.Path(LinkHub.Hello("north"), attempt, archive));
        using var answer = await client.SendAsync(request, Token);

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Theory]
    [InlineData("south", "0", HttpStatusCode.Forbidden)]
    [InlineData("north", "1", HttpStatusCode.ServiceUnavailable)]
    [InlineData("north", "-x", HttpStatusCode.BadRequest)]
    public async Task Upload_ForAnotherBuilderOrInstance_IsRefused(string name, string instance, HttpStatusCode status)
    {
        var (session, _) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(session, "hello");
        using var client = _hub.Client((await _hub.TokenAsync("north")).Token);
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"/api/v1/builders/{name}/{instance}/uploads/a.pkg.tar?build={Uri.EscapeDataString(attempt.Build)}&attempt={attempt.Number}&size=1&sha256={new string('0', 64)}");
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = new ByteArrayContent([1]) };
        request.Headers.Add(UploadProtocol.Offset, "0");

        using var answer = await client.SendAsync(request, Token);

        answer.StatusCode.ShouldBe(status, await answer.Content.ReadAsStringAsync(Token));
        Landing.List(attempt.Build, attempt.Number).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("7", HttpStatusCode.Conflict)]
    [InlineData("-1", HttpStatusCode.BadRequest)]
    [InlineData("x", HttpStatusCode.BadRequest)]
    public async Task Piece_ThatBeginsElsewhere_IsNotTaken(string offset, HttpStatusCode status)
    {
        var (session, _) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(session, "hello");
        using var client = _hub.Client((await _hub.TokenAsync("north")).Token);
        var (_, archive) = Archive(100);
        using var request = new HttpRequestMessage(HttpMethod.Put, UploadProtocol.Path(LinkHub.Hello("north"), attempt, archive)) { Content = new ByteArrayContent([1, 2, 3]) };
        request.Headers.TryAddWithoutValidation(UploadProtocol.Offset, offset);

        using var answer = await client.SendAsync(request, Token);

        answer.StatusCode.ShouldBe(status);
        if (status == HttpStatusCode.Conflict)
        {
            answer.Headers.GetValues(UploadProtocol.Offset).ShouldBe(["0"]);
        }
    }

    private static (byte[] Bytes, ArchiveInfo Archive) Archive(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return (bytes, new ArchiveInfo("hello-1:2-1-any.pkg.tar.zst", size, Convert.ToHexStringLower(SHA256.HashData(bytes))));
    }
}
