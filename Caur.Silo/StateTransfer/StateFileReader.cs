using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Caur.Silo.StateTransfer;

/// <summary>Reads a state file and believes nothing: a version that it does not know, lines that are none of the format, entries that come
/// twice, numbers and a hash that are not those of the lines, and anything behind the last one end the reading.</summary>
/// <param name="stream">Where from; it stays open.</param>
/// <param name="name">What the file is called in messages.</param>
internal sealed class StateFileReader(Stream stream, string name)
{
    private readonly LineReader _lines = new(stream, StateFileFormat.LongestLine);
    private long _line;

    /// <summary>The first line, once an entry was asked for.</summary>
    public StateHeader? Header { get; private set; }

    /// <summary>What was read so far.</summary>
    public StateCount Count { get; private set; }

    /// <summary>The hash that the last line has; empty before it was read.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>The entries, in their order. Only when it ends without an exception is the file what was written.</summary>
    /// <exception cref="StateTransferException">It is not.</exception>
    public async IAsyncEnumerable<StateEntry> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var seen = new SeenEntries();
        while (true)
        {
            var line = await NextAsync(cancellationToken);
            if (line.IsEmpty)
            {
                throw new StateTransferException(
                    _line == 1 ? $"{name} is empty" : $"{name} was cut: it ends at line {_line - 1}, and the last line of an export is not there");
            }

            if (Read(line, hash) is not { } entry)
            {
                if (Hash.Length > 0)
                {
                    break;
                }
            }
            else if (!seen.Add(entry))
            {
                throw Problem($"{entry.Title} came before");
            }
            else
            {
                Count = Count.With(entry);
                yield return entry;
            }

            hash.AppendData(line.Span);
        }

        if (!(await NextAsync(cancellationToken)).IsEmpty)
        {
            throw Problem("it stands behind the last one");
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellationToken)
    {
        _line++;
        try
        {
            return await _lines.ReadAsync(cancellationToken);
        }
        catch (InvalidDataException wrong)
        {
            throw Problem(wrong.Message, wrong);
        }
    }

    /// <summary>Reads one line; null when it is the first or the last.</summary>
    private StateEntry? Read(ReadOnlyMemory<byte> line, IncrementalHash hash)
    {
        if (line.Span[^1] != '\n')
        {
            throw new StateTransferException($"{name} was cut: it ends in the middle of line {_line}");
        }

        try
        {
            var parsed = StateLine.Parse(line);
            if (Header is null)
            {
                Header = parsed.IsHeader ? parsed.ToHeader() : throw new InvalidDataException("a state file begins with another");
                return null;
            }

            if (parsed.IsRecord)
            {
                return parsed.ToRecord();
            }

            if (parsed.IsReminder)
            {
                return parsed.ToReminder();
            }

            End(parsed.IsEnd ? parsed : throw new InvalidDataException($"it is neither a record, nor a reminder, nor the last line; it has {parsed.Names}"), hash);
            return null;
        }
        catch (InvalidDataException wrong)
        {
            throw Problem(wrong.Message, wrong);
        }
    }

    private void End(StateLine line, IncrementalHash hash)
    {
        var (count, written) = line.ToEnd();
        if (count != Count)
        {
            throw new StateTransferException($"{name} is not what was written: it has {Count}, and its last line tells of {count}");
        }

        if (Convert.ToHexStringLower(hash.GetCurrentHash()) != written)
        {
            throw new StateTransferException($"{name} is not what was written: its lines do not have the SHA-256 that its last line tells");
        }

        Hash = written;
    }

    private StateTransferException Problem(string text, Exception? inner = null) => new($"{name}, line {_line}: {text}", inner);
}
