using System.Text;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;

namespace Caur.Tests.Logs;

/// <summary>What a log file has to hold when its build is over, decided before it is written.</summary>
internal sealed class LogModel
{
    private readonly List<Part> _parts = [];

    public LogModel(BuildId build) => Add(new Part(LogHeader.For(build), null, LogHeader.For(build).Length));

    public long Length { get; private set; }

    /// <summary>Adds an attempt's output.</summary>
    /// <returns>Its content.</returns>
    public LogContent AddOutput(int seed, long length)
    {
        var content = new LogContent(seed);
        Add(new Part([], content, length));
        return content;
    }

    /// <summary>Adds a line of the farm.</summary>
    public void AddLine(string line)
    {
        var bytes = Encoding.UTF8.GetBytes($"{line}\r\n");
        Add(new Part(bytes, null, bytes.Length));
    }

    /// <summary>Throws when bytes that were received are not the log's bytes at that offset.</summary>
    public void Verify(long offset, ReadOnlySpan<byte> bytes)
    {
        var start = 0L;
        foreach (var part in _parts)
        {
            var at = offset - start;
            if (at < part.Length && !bytes.IsEmpty)
            {
                var count = (int)Math.Min(bytes.Length, part.Length - at);
                if (!part.Holds(at, bytes[..count]))
                {
                    throw new InvalidDataException($"These are not the log's {count} bytes at {offset} of {Length}");
                }

                offset += count;
                bytes = bytes[count..];
            }

            start += part.Length;
        }

        if (!bytes.IsEmpty)
        {
            throw new InvalidDataException($"{bytes.Length} bytes stand behind the log's end at {Length}");
        }
    }

    /// <summary>Throws when a file is not the log.</summary>
    public async Task VerifyFileAsync(string path)
    {
        await using var file = File.OpenRead(path);
        var buffer = new byte[64 * 1024];
        var offset = 0L;
        while (await file.ReadAsync(buffer) is var read and > 0)
        {
            Verify(offset, buffer.AsSpan(0, read));
            offset += read;
        }

        offset.ShouldBe(Length);
    }

    private void Add(Part part)
    {
        _parts.Add(part);
        Length += part.Length;
    }

    private sealed record Part(byte[] Bytes, LogContent? Content, long Length)
    {
        public bool Holds(long offset, ReadOnlySpan<byte> bytes) =>
            Content?.Holds(offset, bytes) ?? Bytes.AsSpan((int)offset, bytes.Length).SequenceEqual(bytes);
    }
}
