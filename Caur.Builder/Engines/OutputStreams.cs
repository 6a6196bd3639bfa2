using System.Buffers.Binary;

namespace Caur.Builder.Engines;

/// <summary>A read-only, forward-only stream that takes its response with it when it is disposed.</summary>
internal class OwningStream(Stream inner, IDisposable owner) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    protected Stream Inner => inner;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            owner.Dispose();
        }

        base.Dispose(disposing);
    }
}

/// <summary>Joins the framed stdout and stderr of a container without a terminal, in the order in which the engine sent the frames.
/// A frame is one byte for the stream, three zero bytes, four bytes of length with the highest first, the bytes
/// (Docker Engine API, "Attach to a container", "Stream format").</summary>
internal sealed class MultiplexedStream(Stream inner, IDisposable owner) : OwningStream(inner, owner)
{
    private readonly byte[] _header = new byte[8];
    private long _left;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_left == 0)
        {
            var read = await Inner.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, cancellationToken);
            if (read == 0)
            {
                return 0;
            }

            if (read < _header.Length)
            {
                throw new EndOfStreamException("The output ended inside a frame's header.");
            }

            _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
        }

        var taken = await Inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        if (taken == 0 && buffer.Length > 0)
        {
            throw new EndOfStreamException("The output ended inside a frame.");
        }

        _left -= taken;
        return taken;
    }
}
