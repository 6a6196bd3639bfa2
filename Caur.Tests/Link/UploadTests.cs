using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Storage.Landing;
using Caur.Tests.Support;
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

    [Fact]
    public async Task Upload_ThatIsCut_GoesOnWhereItWasAndArrivesWhole()
    {
        var proxy = _hub.Proxy();
        var session = _hub.Session((await _hub.TokenAsync("north")).Token, proxy.Url, piece: 300_000);
        var agent = new TestAgent();
        (await session.HelloAsync(LinkHub.Hello("north"), agent, Token)).Accepted.ShouldBeTrue();
        var attempt = await _hub.StartAsync(session, "hello");
        agent.Running = [attempt];
        var (bytes, archive) = Archive(2_000_000);
        var sent = 0L;

        proxy.CutAfter = 1_000_000;
        await Should.ThrowAsync<IOException>(SendAsync());
        var there = await Landing.FindAsync(attempt.Build, attempt.Number, archive.FileName, archive.Size, archive.Sha256, Token);
        there.Offset.ShouldBeInRange(1, bytes.Length - 1);
        there.IsComplete.ShouldBeFalse();
        Landing.List(attempt.Build, attempt.Number).ShouldBeEmpty();
        sent = 0;
        UploadReply reply;
        try
        {
            reply = await SendAsync();
        }
        catch (IOException)
        {
            // The gateway may still be busy with the request that was cut.
            reply = await SendAsync();
        }

        reply.Stored.ShouldBeTrue(reply.Reason);
        sent.ShouldBeLessThan(bytes.Length - 100_000, "what was there is not sent again");
        (await File.ReadAllBytesAsync(Landing.List(attempt.Build, attempt.Number).ShouldHaveSingleItem().Path, Token)).ShouldBe(bytes);
        (await SendAsync()).Stored.ShouldBeTrue("a repeated upload is none");

        Task<UploadReply> SendAsync() => session.UploadAsync(attempt, archive, _ => new(new CountedStream(bytes, count => sent += count)), Token).DefaultTimeout("the upload");
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

    private sealed class CountedStream(byte[] bytes, Action<int> count) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            count(read);
            return read;
        }
    }
}
