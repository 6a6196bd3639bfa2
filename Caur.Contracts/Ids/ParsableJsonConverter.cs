using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caur.Contracts.Ids;

/// <summary>Writes an id as its text, also as a property's name.</summary>
/// <typeparam name="T">An id whose <c>ToString</c> its <c>Parse</c> reads.</typeparam>
public sealed class ParsableJsonConverter<T> : JsonConverter<T>
    where T : IParsable<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString());

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Parse(reader.GetString());

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WritePropertyName(value.ToString()!);

    private static T Parse(string? text)
    {
        try
        {
            return T.Parse(text ?? "", CultureInfo.InvariantCulture);
        }
        catch (FormatException wrong)
        {
            // Which says what is wanted.
            throw new JsonException(wrong.Message);
        }
    }
}
