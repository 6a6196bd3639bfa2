using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Caur.Silo.Configuration;

/// <summary>Reads JSON with comments and trailing commas (RFC 8259 otherwise) and keeps the line of every value.</summary>
internal sealed class ConfigurationReader
{
    private const int Deepest = 16;

    private readonly ConfigurationPlace _source;
    private readonly bool _withLines;
    private readonly byte[] _json;
    private readonly List<ConfigurationProblem> _problems;
    private int _counted;
    private int _line = 1;

    private ConfigurationReader(ConfigurationPlace source, byte[] json, List<ConfigurationProblem> problems)
    {
        (_source, _json, _problems) = (source, json, problems);

        // A variable is most often one line, of which nobody wants to know the number.
        _withLines = source.IsFile || json.AsSpan().Contains((byte)'\n');
    }

    /// <summary>Reads one value.</summary>
    /// <param name="source">The file or variable it comes from, for messages.</param>
    /// <param name="json">The text in UTF-8.</param>
    /// <param name="problems">Takes what is wrong.</param>
    /// <returns>Null when it is no JSON; of a key that is set twice the first is there.</returns>
    public static ConfigurationNode? Read(ConfigurationPlace source, ReadOnlySpan<byte> json, List<ConfigurationProblem> problems)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        var text = json.StartsWith(mark) ? json[mark.Length..] : json;
        if (!Utf8.IsValid(text))
        {
            problems.Add(new(source, "it is not UTF-8"));
            return null;
        }

        return new ConfigurationReader(source, text.ToArray(), problems).Read();
    }

    /// <inheritdoc cref="Read(ConfigurationPlace, ReadOnlySpan{byte}, List{ConfigurationProblem})"/>
    public static ConfigurationNode? Read(ConfigurationPlace source, string json, List<ConfigurationProblem> problems) =>
        Read(source, Encoding.UTF8.GetBytes(json), problems);

    private ConfigurationNode? Read()
    {
        var reader = new Utf8JsonReader(
            _json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = Deepest });
        try
        {
            reader.Read();
            var node = ReadValue(ref reader, "");
            // Only comments may follow.
            reader.Read();
            return node;
        }
        catch (JsonException wrong)
        {
            var line = (int)(wrong.LineNumber ?? 0) + 1;
            _problems.Add(new(_source with { Line = _withLines ? line : 0 }, $"it is no JSON: {Plain(wrong.Message)}"));
            return null;
        }
        catch (InvalidOperationException wrong)
        {
            // A text with half of a surrogate pair.
            _problems.Add(new(Place(reader.TokenStartIndex), $"it is no JSON: {Plain(wrong.Message)}"));
            return null;
        }
    }

    private ConfigurationNode ReadValue(ref Utf8JsonReader reader, string name)
    {
        var place = Place(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Container(ref reader, name, place, JsonValueKind.Object, JsonTokenType.EndObject);
            case JsonTokenType.StartArray:
                return Container(ref reader, name, place, JsonValueKind.Array, JsonTokenType.EndArray);
            case JsonTokenType.String:
                return new(name, place, JsonValueKind.String, reader.GetString()!, []);
            default:
                var kind = reader.TokenType switch
                {
                    JsonTokenType.Number => JsonValueKind.Number,
                    JsonTokenType.True => JsonValueKind.True,
                    JsonTokenType.False => JsonValueKind.False,
                    _ => JsonValueKind.Null,
                };
                return new(name, place, kind, Encoding.UTF8.GetString(reader.ValueSpan), []);
        }
    }

    private ConfigurationNode Container(
        ref Utf8JsonReader reader, string name, ConfigurationPlace place, JsonValueKind kind, JsonTokenType end)
    {
        var start = (int)reader.TokenStartIndex;
        var children = new List<ConfigurationNode>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != end)
        {
            if (kind == JsonValueKind.Array)
            {
                children.Add(ReadValue(ref reader, ""));
                continue;
            }

            var key = reader.GetString()!;
            var at = Place(reader.TokenStartIndex);
            reader.Read();
            var value = ReadValue(ref reader, key);
            if (names.Add(key))
            {
                children.Add(value);
            }
            else
            {
                _problems.Add(new(at, $"'{Shown.Text(key)}' is set twice, first at {children.First(child => child.Name == key).Place}"));
            }
        }

        return new(name, place, kind, Encoding.UTF8.GetString(_json.AsSpan(start, (int)reader.TokenStartIndex + 1 - start)), children);
    }

    /// <summary>The line of a byte. Bytes are asked for in their order.</summary>
    private ConfigurationPlace Place(long index)
    {
        if (index < _counted)
        {
            (_counted, _line) = (0, 1);
        }

        _line += _json.AsSpan(_counted, (int)index - _counted).Count((byte)'\n');
        _counted = (int)index;
        return _source with { Line = _withLines ? _line : 0 };
    }

    /// <summary>Without the framework's own count of lines, which begins at 0.</summary>
    private static string Plain(string message)
    {
        var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ');
    }
}
