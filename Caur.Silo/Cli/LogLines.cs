using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Caur.Silo.Cli;

/// <summary>Makes a log's bytes into JSON, one object per line of it: where the line begins, and its text without the line's end. A line
/// that is longer than a mebibyte comes in several.</summary>
internal sealed class LogLines
{
    private const int Longest = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _line = new();
    private long _offset;

    /// <summary>Takes the next bytes and gives the lines that they end.</summary>
    public ReadOnlyMemory<byte> Take(ReadOnlySpan<byte> piece)
    {
        var made = new MemoryStream();
        while (piece.Length > 0)
        {
            var end = piece.IndexOf((byte)'\n') + 1;
            var part = end > 0 ? piece[..end] : piece;
            _line.Write(part);
            piece = piece[part.Length..];
            if (end > 0 || _line.WrittenCount >= Longest)
            {
                Write(made);
            }
        }

        return made.ToArray();
    }

    /// <summary>Gives what stands behind the last line's end.</summary>
    public ReadOnlyMemory<byte> End()
    {
        var made = new MemoryStream();
        if (_line.WrittenCount > 0)
        {
            Write(made);
        }

        return made.ToArray();
    }

    private void Write(MemoryStream made)
    {
        var text = Encoding.UTF8.GetString(_line.WrittenSpan);
        made.Write(JsonSerializer.SerializeToUtf8Bytes(new { offset = _offset, text = text.TrimEnd('\n').TrimEnd('\r') }, JsonText.Line));
        made.WriteByte((byte)'\n');
        _offset += _line.WrittenCount;
        _line.ResetWrittenCount();
    }
}
