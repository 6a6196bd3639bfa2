using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using static Caur.Silo.StateTransfer.StateFileFormat;

namespace Caur.Silo.StateTransfer;

/// <summary>Writes a state file, a line at a time. Without <see cref="EndAsync"/> it has no last line, and no import takes it.</summary>
internal sealed class StateFileWriter : IDisposable
{
    private const int Piece = 128 * 1024;

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * Piece);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Utf8JsonWriter _json;

    /// <param name="stream">Where to; it gets large pieces and stays open.</param>
    public StateFileWriter(Stream stream)
    {
        _stream = stream;
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    /// <summary>What was written so far.</summary>
    public StateCount Written { get; private set; }

    /// <summary>The hash in the last line; empty before it.</summary>
    public string Hash { get; private set; } = "";

    public Task WriteAsync(StateHeader header, CancellationToken cancellationToken)
    {
        _json.WriteStartObject();
        _json.WriteString(Members.Format, Name);
        _json.WriteNumber(Members.Version, StateFileFormat.Version);
        _json.WriteString(Members.Engine, header.Engine);
        _json.WriteString(Members.At, Text(header.At));
        _json.WriteString(Members.Farm, header.Farm);
        return EndLineAsync(cancellationToken);
    }

    /// <exception cref="StateTransferException">A record is larger than any of a farm.</exception>
    public async Task WriteAsync(StateEntry entry, CancellationToken cancellationToken)
    {
        var before = _buffer.WrittenCount;
        switch (entry)
        {
            case StateRecord record:
                Write(record);
                break;
            case StateReminder reminder:
                Write(reminder);
                break;
            default:
                throw new ArgumentException($"{entry.GetType()} is no entry", nameof(entry));
        }

        await EndLineAsync(cancellationToken, before, entry);
        Written = Written.With(entry);
    }

    /// <summary>Writes the last line, and everything to the stream.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        Hash = Convert.ToHexStringLower(_hash.GetCurrentHash());
        _json.WriteStartObject();
        _json.WriteNumber(Members.Records, Written.Records);
        _json.WriteNumber(Members.Reminders, Written.Reminders);
        _json.WriteString(Members.Hash, Hash);
        await EndLineAsync(cancellationToken);
        await FlushAsync(cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }

    public void Dispose()
    {
        _json.Dispose();
        _hash.Dispose();
    }

    private static string Text(DateTime time) => time.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private void Write(StateRecord record)
    {
        _json.WriteStartObject();
        _json.WriteString(Members.Grain, record.Grain);
        _json.WriteString(Members.State, record.State);
        if (record.IsDamaged)
        {
            _json.WriteBoolean(Members.Damaged, true);
        }

        if (record.Data.Length < LongestLine && StandsInLine(record.Data.Span))
        {
            _json.WritePropertyName(Members.Json);
            _json.WriteRawValue(record.Data.Span, skipInputValidation: true);
        }
        else if (record.Data.Length < LongestLine)
        {
            _json.WriteBase64String(Members.Base64, record.Data.Span);
        }
        else
        {
            throw TooLong(record);
        }
    }

    private void Write(StateReminder reminder)
    {
        _json.WriteStartObject();
        _json.WriteString(Members.Grain, reminder.Grain);
        _json.WriteString(Members.Reminder, reminder.Name);
        _json.WriteString(Members.Start, Text(reminder.Start));
        _json.WriteString(Members.Period, reminder.Period.ToString(PeriodFormat, CultureInfo.InvariantCulture));
        if (reminder.Next is { } next)
        {
            _json.WriteString(Members.Next, Text(next));
        }
    }

    private async Task EndLineAsync(CancellationToken cancellationToken, int begin = 0, StateEntry? entry = null)
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount - begin > LongestLine && entry is not null)
        {
            throw TooLong(entry);
        }

        if (_buffer.WrittenCount >= Piece)
        {
            await FlushAsync(cancellationToken);
        }
    }

    private static StateTransferException TooLong(StateEntry entry) => new(
        $"{entry.Title} is larger than {Cli.ByteText.Of(LongestLine)}, which no record of a farm is; nothing reads it back");

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        _hash.AppendData(_buffer.WrittenSpan);
        await _stream.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }
}
