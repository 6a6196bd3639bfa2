namespace Caur.Silo.StateTransfer;

/// <summary>Reads lines of bytes, none longer than it may be, with no more than one in memory.</summary>
/// <param name="stream">Where from.</param>
/// <param name="longest">Bytes of a line at most, with its end.</param>
internal sealed class LineReader(Stream stream, int longest)
{
    private byte[] _buffer = new byte[128 * 1024];
    private int _begin;
    private int _end;
    private bool _isAtEnd;

    /// <summary>The next line with its line feed, until the next call; empty at the end. The last one of a file that was cut has none.</summary>
    /// <exception cref="InvalidDataException">It is longer than it may be.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_begin + searched, _end - _begin - searched).IndexOf((byte)'\n');
            if (found >= 0 && searched + found < longest)
            {
                return Take(searched + found + 1);
            }

            searched = _end - _begin;
            if (found >= 0 || searched >= longest)
            {
                throw new InvalidDataException($"it is longer than {Cli.ByteText.Of(longest)}, which no line of a state file is");
            }

            if (_isAtEnd)
            {
                return Take(searched);
            }

            await FillAsync(cancellationToken);
        }
    }

    private ReadOnlyMemory<byte> Take(int length)
    {
        var line = _buffer.AsMemory(_begin, length);
        _begin += length;
        return line;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        var held = _end - _begin;
        var from = _buffer;
        if (held == _buffer.Length)
        {
            _buffer = new byte[Math.Min(2L * held, Math.Max(longest, held + 1L))];
        }

        Buffer.BlockCopy(from, _begin, _buffer, 0, held);
        (_begin, _end) = (0, held);
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        _isAtEnd = read == 0;
    }
}
