namespace Caur.Tests.Deploy.Containers;

/// <summary>Bytes of which the second half is there when somebody saw the first.</summary>
/// <param name="length">How many; all of them are 0.</param>
/// <param name="seen">Asked once, when the first half was read.</param>
internal sealed class HalfwayStream(long length, Func<Task> seen) : Stream
{
    private bool _asked;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= length / 2 && !_asked)
        {
            _asked = true;
            await seen();
        }

        var count = (int)Math.Min(buffer.Length, length - Position);
        buffer.Span[..count].Clear();
        Position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
