using System.Net.WebSockets;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Tests.Support;

namespace Caur.Tests.Link;

/// <summary>One end of a link whose other end takes nothing.</summary>
public sealed class LinkSocketTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Send_WhenTheOtherEndTakesNothing_IsTheEndBeforeMuchMemoryIsTaken()
    {
        using var line = new StuckLine();
        using var socket = Socket(line);
        var running = socket.RunAsync(_ => null, TestContext.Current.CancellationToken);
        var message = Large();
        var each = LinkCodec.Encode(message).Length;
        var sent = 0;
        socket.Send(message);
        await line.Stuck.DefaultTimeout("the first message that is not taken");

        // What is encoded is what it holds: the allocations of this thread tell what it went on to keep.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (; sent < 500; sent++)
        {
            socket.Send(message);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4L * LinkProtocol.MaxWaitingBytes, "500 of them would be far more");
        ((long)each * sent).ShouldBeGreaterThan(10L * LinkProtocol.MaxWaitingBytes);
        (await EndAsync(running)).Reason.ShouldBe(LinkEndReason.TooMany);
    }

    [Fact]
    public async Task Close_WhenTheOtherEndTakesNothing_BreaksItOff()
    {
        using var line = new StuckLine();
        using var socket = Socket(line);
        var running = socket.RunAsync(_ => null, TestContext.Current.CancellationToken);
        var written = false;
        socket.Send(Large(), () => written = true);
        await line.Stuck.DefaultTimeout("the message that is not taken");

        socket.Close(new LinkEnd(LinkEndReason.Superseded, "another one"));

        (await EndAsync(running)).Reason.ShouldBe(LinkEndReason.Superseded);
        written.ShouldBeFalse();
    }

    private static RenewedReply Large() =>
        new(new RenewReply(true, [.. Enumerable.Range(1, 4_000).Select(number => new AttemptRef("repo/x86_64/some-package/1900000000000", number))], [])) { Id = 1 };

    private LinkSocket Socket(StuckLine line) =>
        new(WebSocket.CreateFromStream(line, isServer: true, LinkProtocol.Version, Timeout.InfiniteTimeSpan), _time);

    /// <summary>So soon that it is not for the silence of the other end, which says nothing either.</summary>
    private async Task<LinkEnd> EndAsync(Task<LinkEnd> running)
    {
        var look = TimeSpan.FromMilliseconds(250);
        for (var passed = TimeSpan.Zero; passed < LinkProtocol.CloseWithin + look && !running.IsCompleted; passed += look)
        {
            await Task.WhenAny(running, _time.AdvanceArmedAsync(look));
        }

        return await running.DefaultTimeout("the end");
    }

    /// <summary>Takes the first bytes of what is written and no more; nothing ever comes.</summary>
    private sealed class StuckLine : Stream
    {
        private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Stuck => _stuck.Task;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _end.Task.WaitAsync(cancellationToken);
            return 0;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _stuck.TrySetResult();
            await _end.Task.WaitAsync(cancellationToken);
            throw new IOException("the line is gone");
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _end.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
