using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using static Caur.Silo.StateTransfer.StateFileFormat;

namespace Caur.Silo.StateTransfer;

/// <summary>One line of a state file, read strictly: nothing twice, nothing unknown, nothing missing.</summary>
internal sealed class StateLine
{
    private static readonly string[] HeaderMembers = [Members.Format, Members.Version, Members.Engine, Members.At, Members.Farm];
    private static readonly string[] JsonMembers = [Members.Grain, Members.State, Members.Damaged, Members.Json];
    private static readonly string[] Base64Members = [Members.Grain, Members.State, Members.Damaged, Members.Base64];
    private static readonly string[] ReminderMembers = [Members.Grain, Members.Reminder, Members.Start, Members.Period, Members.Next];
    private static readonly string[] EndMembers = [Members.Records, Members.Reminders, Members.Hash];

    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private ReadOnlyMemory<byte> _json;

    private StateLine()
    {
    }

    public bool IsHeader => _members.ContainsKey(Members.Format);

    public bool IsRecord => _members.ContainsKey(Members.State);

    public bool IsReminder => _members.ContainsKey(Members.Reminder);

    public bool IsEnd => _members.ContainsKey(Members.Hash);

    /// <summary>What it has, for whoever does not know it.</summary>
    public string Names => string.Join(", ", _names);

    /// <summary>Takes a line apart.</summary>
    /// <exception cref="InvalidDataException">It is no JSON object; the message continues a sentence about the line.</exception>
    public static StateLine Parse(ReadOnlyMemory<byte> line)
    {
        if (!Utf8.IsValid(line.Span))
        {
            throw new InvalidDataException("it is no valid UTF-8");
        }

        try
        {
            return ParseObject(line);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second: half of a surrogate pair in a member's name.
            throw new InvalidDataException($"it is no JSON object: {error.Message}", error);
        }
    }

    /// <exception cref="InvalidDataException">It is none that this program reads.</exception>
    public StateHeader ToHeader()
    {
        // The format and its version first: whatever else it has is another program's affair.
        if (Text(Members.Format) is var format && format != Name)
        {
            throw new InvalidDataException($"it is of the format '{Shown(format)}', not of '{Name}'");
        }

        if (Number(Members.Version) is var version && version != StateFileFormat.Version)
        {
            throw new InvalidDataException(
                $"it is of version {version} of the format and this program reads {StateFileFormat.Version}: use the program that wrote it, or a newer one");
        }

        Only(HeaderMembers);
        return new StateHeader(Text(Members.Engine), Time(Members.At), Text(Members.Farm));
    }

    /// <summary>The record, with bytes of its own.</summary>
    /// <exception cref="InvalidDataException">It is no record of a farm.</exception>
    public StateRecord ToRecord()
    {
        var isJson = !_json.IsEmpty;
        Only(isJson ? JsonMembers : Base64Members, Members.Damaged);
        var state = Text(Members.State);
        if (state.Length == 0 || state.Contains('/', StringComparison.Ordinal))
        {
            throw new InvalidDataException($"'{Shown(state)}' is no name of a state");
        }

        var data = isJson ? _json.ToArray()
            : Member(Members.Base64) is { ValueKind: JsonValueKind.String } encoded && encoded.TryGetBytesFromBase64(out var bytes) ? bytes
            : throw new InvalidDataException($"'{Members.Base64}' is no base64");
        var isDamaged = _members.TryGetValue(Members.Damaged, out var mark)
            && (mark.ValueKind == JsonValueKind.True ? true : throw new InvalidDataException($"'{Members.Damaged}' can only be true"));
        return new StateRecord(Grain(), state, data, isDamaged);
    }

    /// <exception cref="InvalidDataException">It is no reminder of a farm.</exception>
    public StateReminder ToReminder()
    {
        Only(ReminderMembers, Members.Next);
        var name = Text(Members.Reminder);
        if (name.Length == 0)
        {
            throw new InvalidDataException("the reminder has no name");
        }

        var text = Text(Members.Period);
        return TimeSpan.TryParseExact(text, PeriodFormat, CultureInfo.InvariantCulture, out var period) && period > TimeSpan.Zero
            ? new StateReminder(Grain(), name, Time(Members.Start), period, _members.ContainsKey(Members.Next) ? Time(Members.Next) : null)
            : throw new InvalidDataException($"'{Shown(text)}' is no period");
    }

    /// <exception cref="InvalidDataException">It is no last line.</exception>
    public (StateCount Count, string Hash) ToEnd()
    {
        Only(EndMembers);
        return (new StateCount(Number(Members.Records), Number(Members.Reminders)), Text(Members.Hash));
    }

    private static StateLine ParseObject(ReadOnlyMemory<byte> line)
    {
        // One level more than a record's own JSON may have.
        var reader = new Utf8JsonReader(line.Span, new JsonReaderOptions { MaxDepth = DeepestJson + 1 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new InvalidDataException("it is no JSON object");
        }

        var parsed = new StateLine();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            parsed._names.Add(Shown(name));
            reader.Read();
            if (name == Members.Json)
            {
                var begin = (int)reader.TokenStartIndex;
                reader.Skip();
                parsed._json = parsed._members.TryAdd(name, default) ? line[begin..(int)reader.BytesConsumed] : throw Twice(name);
            }
            else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                // Whatever it is, only a record's own JSON is nested: a member of a newer version, or of something else.
                reader.Skip();
                parsed._members.TryAdd(name, default);
            }
            else if (!parsed._members.TryAdd(name, JsonElement.ParseValue(ref reader)))
            {
                throw Twice(name);
            }
        }

        // Behind the object, the reader's next step would throw.
        return reader.TokenType == JsonTokenType.EndObject && !reader.Read() ? parsed : throw new InvalidDataException("it is no JSON object");
    }

    private static InvalidDataException Twice(string name) => new($"it has '{Shown(name)}' twice");

    private static string Shown(string text) => Configuration.Shown.Text(text);

    private string Grain()
    {
        var grain = Text(Members.Grain);
        return FarmGrains.Problem(grain) is { } problem ? throw new InvalidDataException(problem) : grain;
    }

    private JsonElement Member(string name) =>
        _members.TryGetValue(name, out var member) ? member : throw new InvalidDataException($"it has no '{name}'");

    private string Text(string name) =>
        Member(name) is { ValueKind: JsonValueKind.String } member && TryGetString(member) is { } text
            ? text
            : throw new InvalidDataException($"'{name}' is no text");

    private static string? TryGetString(JsonElement member)
    {
        try
        {
            return member.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, escaped.
            return null;
        }
    }

    private long Number(string name) =>
        Member(name) is { ValueKind: JsonValueKind.Number } member && member.TryGetInt64(out var number) && number >= 0
            ? number
            : throw new InvalidDataException($"'{name}' is no whole number");

    private DateTime Time(string name)
    {
        var text = Text(name);
        return DateTime.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time)
            && time.Kind == DateTimeKind.Utc
                ? time
                : throw new InvalidDataException($"'{name}' is '{Shown(text)}', which is no time in UTC");
    }

    private void Only(string[] members, string? optional = null)
    {
        if (_members.Keys.FirstOrDefault(name => !members.Contains(name)) is { } unknown)
        {
            throw new InvalidDataException($"it has '{Shown(unknown)}', which this program does not know there");
        }

        if (members.FirstOrDefault(name => name != optional && !_members.ContainsKey(name)) is { } missing)
        {
            throw new InvalidDataException($"it has no '{missing}'");
        }
    }
}
