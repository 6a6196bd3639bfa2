using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Caur.Api.Audit;

/// <summary>What the audit log says of a body: enough to see what was wanted, in a size that does not grow with it, and no secret.</summary>
internal static class BodySummary
{
    private const int MaxText = 200;
    private const int MaxMembers = 24;
    private const int MaxElements = 10;
    private const int MaxDepth = 4;

    /// <summary>Bytes: behind these, what is left is only said to be there.</summary>
    private const int MaxSummary = 2048;

    private static readonly string[] SecretNames = ["token", "secret", "password", "passphrase", "authorization", "credential"];

    /// <summary>The summary; null when there is no body.</summary>
    public static JsonElement? Of(JsonElement? body, long length, string? contentType)
    {
        if (length == 0)
        {
            return null;
        }

        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            if (body is { } json)
            {
                Write(writer, json, 0);
            }
            else
            {
                writer.WriteStartObject();
                writer.WriteNumber("bytes", length);
                writer.WriteString("type", Cut(contentType ?? ""));
                writer.WriteEndObject();
            }
        }

        using var document = JsonDocument.Parse(bytes.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when depth < MaxDepth && HasRoom(writer):
                WriteObject(writer, value, depth);
                break;
            case JsonValueKind.Array when depth < MaxDepth && HasRoom(writer):
                WriteArray(writer, value, depth);
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Text(() => value.GetString() ?? ""));
                break;
            case JsonValueKind.Object or JsonValueKind.Array:
                writer.WriteStringValue("...");
                break;
            default:
                writer.WriteStringValue(Cut(value.GetRawText()));
                break;
            case JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null:
                value.WriteTo(writer);
                break;
            case JsonValueKind.Number when value.GetRawText().Length <= 32:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement value, int depth)
    {
        writer.WriteStartObject();
        foreach (var (index, member) in value.EnumerateObject().Index())
        {
            if (index == MaxMembers || !HasRoom(writer))
            {
                writer.WriteString("...", "more members");
                break;
            }

            var name = Text(() => member.Name);
            writer.WritePropertyName(name);
            if (SecretNames.Any(secret => name.Contains(secret, StringComparison.OrdinalIgnoreCase)))
            {
                writer.WriteStringValue("(left out)");
            }
            else
            {
                Write(writer, member.Value, depth + 1);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter writer, JsonElement value, int depth)
    {
        writer.WriteStartArray();
        var written = 0;
        foreach (var element in value.EnumerateArray().Take(MaxElements).TakeWhile(_ => HasRoom(writer)))
        {
            Write(writer, element, depth + 1);
            written++;
        }

        if (value.GetArrayLength() - written is > 0 and var more)
        {
            writer.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"... and {more} more"));
        }

        writer.WriteEndArray();
    }

    private static bool HasRoom(Utf8JsonWriter writer) => writer.BytesCommitted + writer.BytesPending < MaxSummary;

    private static string Text(Func<string> read)
    {
        try
        {
            return Cut(read());
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return "(no text)";
        }
    }

    private static string Cut(string text) =>
        text.Contains("caur_", StringComparison.Ordinal) ? "(left out)"
        : text.Length <= MaxText ? text
        : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)}... ({text.Length} characters)");
}
