using Caur.Builder.Engines;

namespace Caur.Builder.Logs;

/// <summary>Some bytes, and then those of another stream.</summary>
internal sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : OwningStream(rest, rest)
{
    private ReadOnlyMemory<byte> _prefix = prefix;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_prefix.IsEmpty)
        {
            return Inner.ReadAsync(buffer, cancellationToken);
        }

        var taken = Math.Min(buffer.Length, _prefix.Length);
        _prefix[..taken].CopyTo(buffer);
        _prefix = _prefix[taken..];
        return ValueTask.FromResult(taken);
    }
}
