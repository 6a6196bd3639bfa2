using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Link;

/// <summary>What an agent makes of a gateway's answers to its uploads, and of their absence.</summary>
public sealed class ArchiveSenderTests
{
    private static readonly ArchiveInfo Archive = new("a-1-1-any.pkg.tar", 32 << 20, new string('0', 64));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200, true)]
    [InlineData(302, true)]
    [InlineData(400, true)]
    [InlineData(403, true)]
    [InlineData(404, true)]
    [InlineData(417, true)]
    [InlineData(501, true)]
    [InlineData(401, false)]
    [InlineData(408, false)]
    [InlineData(423, false)]
    [InlineData(425, false)]
    [InlineData(429, false)]
    [InlineData(500, false)]
    [InlineData(502, false)]
    [InlineData(503, false)]
    public async Task Send_WhenItIsRefused_IsAnEndOnlyWhereAskingAgainChangesNothing(int status, bool isForGood)
    {
        await using var gateway = await UploadGateway.StartAsync(context =>
        {
            UploadGateway.Answer(context, status);
            return Task.CompletedTask;
        });
        using var sender = new Sender(gateway.Url);
        var archive = Archive with { Size = 3 };

        if (!isForGood)
        {
            (await Should.ThrowAsync<IOException>(sender.SendAsync(archive))).Message.ShouldContain($"({status})");
            return;
        }

        var reply = await sender.SendAsync(archive);
        (reply.Stored, reply.Stale, reply.NoRoom).ShouldBe((false, false, false));
        reply.Reason.ShouldNotBeNull().ShouldContain($"({status})");
    }

    [Fact]
    public async Task Send_WhenTheGatewayStaysWhereItIs_EndsInsteadOfAskingWithoutAPause()
    {
        await using var gateway = await UploadGateway.StartAsync(UploadGateway.Empty);
        using var sender = new Sender(gateway.Url);

        (await Should.ThrowAsync<IOException>(sender.SendAsync(Archive with { Size = 3 }))).Message.ShouldContain("stays at byte 0");

        gateway.Requests.ShouldBeLessThan(5);
    }

    [Fact]
    public async Task Send_WhenEveryPieceIsTooLarge_IsAnEnd()
    {
        var sizes = new List<long?>();
        await using var gateway = await UploadGateway.StartAsync(async context =>
        {
            sizes.Add(context.Request.ContentLength);
            await context.Request.Body.CopyToAsync(Stream.Null, Token);
            UploadGateway.Answer(context, StatusCodes.Status413RequestEntityTooLarge);
        });
        using var sender = new Sender(gateway.Url, piece: 300_000);

        var reply = await sender.SendAsync(Archive with { Size = 1_000_000 });

        reply.Stored.ShouldBeFalse();
        reply.Reason.ShouldNotBeNull().ShouldContain("however small");
        sizes.ShouldBe([300_000, 150_000, 75_000, 65_536]);
    }

    [Fact]
    public async Task Send_WhenAnArchiveIsGoneOrShorterThanItWas_IsAnEnd()
    {
        await using var gateway = await UploadGateway.StartAsync(UploadGateway.Empty);
        using var sender = new Sender(gateway.Url);

        (await sender.SendAsync(Archive, () => throw new FileNotFoundException("no such file"))).Reason.ShouldNotBeNull().ShouldContain("no such file");
        (await sender.SendAsync(Archive, () => new MemoryStream(new byte[5]))).Reason.ShouldNotBeNull().ShouldContain("shorter");
    }

    [Fact]
    public async Task Send_WhenItStandsStill_IsCutInTimeWhetherABodyOrAnAnswerIsWaitedFor()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var takes = false;
        await using var gateway = await UploadGateway.StartAsync(async context =>
        {
            if (takes)
            {
                await context.Request.Body.CopyToAsync(Stream.Null, Token);
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        var time = new ManualTimeProvider();
        using var sender = new Sender(gateway.Url, time);

        var stuck = sender.SendAsync(Archive);
        await time.ArmedAsync(TimeSpan.FromSeconds(15));
        await StandsAsync(time, TimeSpan.FromSeconds(15));
        (await Should.ThrowAsync<IOException>(stuck.DefaultTimeout("the end of a body that nobody reads"))).Message.ShouldContain("it stood still");

        takes = true;
        var unanswered = sender.SendAsync(Archive with { Size = 3 });
        await Api.ApiHub.UntilAsync(() => Task.FromResult(gateway.Requests == 4), "the second upload");
        await StandsAsync(time, TimeSpan.FromMinutes(2));
        (await Should.ThrowAsync<IOException>(unanswered.DefaultTimeout("the end of a request without an answer"))).Message.ShouldContain("it stood still");
        await end.CancelAsync();

        // Not before its time: a second less moves nothing.
        async Task StandsAsync(ManualTimeProvider clock, TimeSpan limit)
        {
            clock.Advance(limit - TimeSpan.FromSeconds(1));
            await clock.ArmedAsync(limit);
            clock.Advance(limit);
        }
    }

    [Fact]
    public async Task Send_WhenTheLinkEnds_IsCut()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var came = new TaskCompletionSource();
        await using var gateway = await UploadGateway.StartAsync(async _ =>
        {
            came.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using var sender = new Sender(gateway.Url);
        var sending = sender.SendAsync(Archive);
        await came.Task.DefaultTimeout("the piece");

        await sender.EndLinkAsync();

        (await Should.ThrowAsync<IOException>(sending.DefaultTimeout("the end of the upload"))).Message.ShouldContain("the link ended");
        await end.CancelAsync();
    }

    [Fact]
    public void PieceSize_AfterCutsAndRefusals_ShrinksAndGrowsNoFurtherThanWasRefused()
    {
        const int MiB = 1 << 20;
        var size = new PieceSize(16 * MiB);
        size.Cut(16 * MiB);
        size.Now.ShouldBe(8 * MiB);
        Take(PieceSize.Smooth - 1);
        size.Now.ShouldBe(8 * MiB);
        Take(1);
        size.Now.ShouldBe(16 * MiB, "what was only cut is tried again");

        size.Refused(16 * MiB).ShouldBeTrue();
        Take(3 * PieceSize.Smooth);
        size.Now.ShouldBe(8 * MiB, "what was refused is not");
        for (var i = 0; i < 20; i++)
        {
            size.Cut(size.Now);
        }

        size.Now.ShouldBe(PieceSize.Least);
        size.Refused(PieceSize.Least).ShouldBeFalse();

        void Take(int times)
        {
            for (var i = 0; i < times; i++)
            {
                size.Taken();
            }
        }
    }

    private sealed class Sender : IDisposable
    {
        private readonly LinkDialer _dialer;
        private readonly ArchiveSender _sender;
        private readonly CancellationTokenSource _linkEnd = new();

        public Sender(Uri url, TimeProvider? time = null, int piece = 64 << 20)
        {
            var options = new LinkAgentOptions { Gateway = url, Token = () => "x", PieceBytes = piece };
            _dialer = new LinkDialer(options, TimeProvider.System);
            _sender = new ArchiveSender(_dialer, options, time ?? TimeProvider.System, () => LinkHub.Hello("north"));
        }

        public Task EndLinkAsync() => _linkEnd.CancelAsync();

        public Task<UploadReply> SendAsync(ArchiveInfo archive, Func<Stream>? open = null) => _sender.SendAsync(
            new AttemptRef("repo/x86_64/a/1900000000000", 1), archive, _ => new(open?.Invoke() ?? new MemoryStream(new byte[archive.Size])), _linkEnd.Token, Token)
            .DefaultTimeout("the upload");

        public void Dispose()
        {
            _dialer.Dispose();
            _linkEnd.Dispose();
        }
    }
}
