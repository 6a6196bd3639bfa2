using System.Text.Json;
using System.Text.Unicode;

namespace Caur.Silo.StateTransfer;

/// <summary>
/// The file that a farm's state travels in: text, one JSON object per line, each line ended by a line feed. The first is the header, then comes
/// a line for each record and each reminder, and the last has their numbers and the SHA-256 of every byte before it.
/// </summary>
internal static class StateFileFormat
{
    /// <summary>What the header's <c>format</c> says.</summary>
    public const string Name = "caur-state";

    /// <summary>What this program writes, and the newest that it reads.</summary>
    public const int Version = 1;

    /// <summary>Bytes of one line at most, with its end; more is no record of a farm.</summary>
    public const int LongestLine = 64 * 1024 * 1024;

    /// <summary>How deep a record's JSON may be nested to stand in a line as it is.</summary>
    public const int DeepestJson = 64;

    public const string TimeFormat = "O";

    public const string PeriodFormat = "c";

    /// <summary>The members of the lines.</summary>
    public static class Members
    {
        public const string Format = "format";
        public const string Version = "version";
        public const string Engine = "engine";
        public const string At = "at";
        public const string Farm = "farm";
        public const string Grain = "grain";
        public const string State = "state";
        public const string Json = "json";
        public const string Base64 = "base64";
        public const string Damaged = "damaged";
        public const string Reminder = "reminder";
        public const string Start = "start";
        public const string Period = "period";
        public const string Next = "next";
        public const string Records = "records";
        public const string Reminders = "reminders";
        public const string Hash = "sha256";
    }

    /// <summary>Whether bytes can stand in a line as they are and come out of it the same: one JSON value in valid UTF-8, without a line's end
    /// and with no blank around it.</summary>
    public static bool StandsInLine(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty || IsBlank(data[0]) || IsBlank(data[^1]) || data.IndexOfAny((byte)'\n', (byte)'\r') >= 0 || !Utf8.IsValid(data))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = DeepestJson });
            while (reader.Read())
            {
            }

            return reader.BytesConsumed == data.Length;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsBlank(byte one) => one is (byte)' ' or (byte)'\t';
}
