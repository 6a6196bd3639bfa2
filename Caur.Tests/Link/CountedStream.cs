namespace Caur.Tests.Link;

/// <summary>An archive that tells how much of it is read.</summary>
internal sealed class CountedStream(byte[] bytes, Action<int> count) : MemoryStream(bytes)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await base.ReadAsync(buffer, cancellationToken);
        count(read);
        return read;
    }
}
