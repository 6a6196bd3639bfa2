using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caur.Contracts;

/// <summary>Writes an enum as its word and reads nothing but one of its words, in any case: no number, and no list of words, which would come
/// out as another one whose number is theirs together.</summary>
/// <typeparam name="T">An enum without flags.</typeparam>
public sealed class WordJsonConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    private static readonly string[] Words = Enum.GetNames<T>();

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return Words.FirstOrDefault(word => word.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known
            ? Enum.Parse<T>(known)
            : throw new JsonException($"one of {string.Join(", ", Words)} is wanted");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
