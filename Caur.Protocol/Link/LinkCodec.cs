using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Protocol.Builders;

namespace Caur.Protocol.Link;

/// <summary>What a message turned out to be.</summary>
/// <param name="Message">The message; null when it is refused.</param>
/// <param name="Refusal">Why it is refused; null when it is not.</param>
public readonly record struct LinkReading(LinkMessage? Message, LinkEnd? Refusal)
{
    /// <summary>A good one.</summary>
    public static LinkReading Of(LinkMessage message) => new(message, null);

    /// <summary>A bad one.</summary>
    public static LinkReading Refuse(LinkEndReason reason, string text) => new(null, new LinkEnd(reason, text));
}

/// <summary>JSON messages to bytes and back. Members that are not known are left out, so that a version may add some; everything else
/// that is not as it has to be is refused.</summary>
public static class LinkCodec
{
    private static readonly Dictionary<Type, string> Names = typeof(LinkMessage).GetCustomAttributes(typeof(JsonDerivedTypeAttribute), inherit: false)
        .Cast<JsonDerivedTypeAttribute>()
        .ToDictionary(derived => derived.DerivedType, derived => (string)derived.TypeDiscriminator!)
        .Append(new(typeof(LogRequest), "log"))
        .ToDictionary();

    /// <summary>The bytes of a message; the binary one has its own form.</summary>
    public static byte[] Encode(LinkMessage message) => message is LogRequest log
        ? LogFrame.Encode(log)
        : JsonSerializer.SerializeToUtf8Bytes(message, LinkJson.Default.LinkMessage);

    /// <summary>Why an order does not go into a message, for people; null when it does.</summary>
    public static string? Problem(BuildOrder order) =>
        LinkBounds.Problem(new OrdersReply([order]) { Id = 1 })
        ?? (JsonSerializer.SerializeToUtf8Bytes(order, LinkJson.Default.BuildOrder).Length is > LinkProtocol.MaxOrderBytes and var bytes
            ? $"it takes {bytes} bytes, and {LinkProtocol.MaxOrderBytes} are the most"
            : null);

    /// <summary>Reads a JSON message. Its bounds are checked too.</summary>
    public static LinkReading Decode(ReadOnlySpan<byte> json)
    {
        if (json.Length > LinkProtocol.MaxControlBytes)
        {
            return LinkReading.Refuse(LinkEndReason.TooLarge, $"a message of {json.Length} bytes");
        }

        LinkMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(json, LinkJson.Default.LinkMessage);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or ArgumentException or FormatException or OverflowException)
        {
            return TypeOf(json) is { } type && (type == "log" || !Types.Contains(type))
                ? LinkReading.Refuse(LinkEndReason.UnknownType, $"there is no message '{LinkBounds.Shown(type)}'")
                : LinkReading.Refuse(LinkEndReason.Malformed, "a message is no JSON, or not as its type has to be");
        }

        return message is null ? LinkReading.Refuse(LinkEndReason.Malformed, "a message is null")
            : LinkBounds.Problem(message) is { } problem ? LinkReading.Refuse(LinkEndReason.OutOfBounds, $"{NameOf(message)}: {problem}")
            : LinkReading.Of(message);
    }

    /// <summary>The names of all messages.</summary>
    public static IReadOnlySet<string> Types { get; } = Names.Values.ToHashSet(StringComparer.Ordinal);

    /// <summary>A message's name; a closed set.</summary>
    public static string NameOf(LinkMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Names[message.GetType()];
    }

    private static string? TypeOf(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isType = reader.ValueTextEquals("type"u8);
                if (!reader.Read())
                {
                    return null;
                }

                if (isType)
                {
                    return reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                }

                reader.Skip();
            }

            return null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>Seconds, as the manual counts time, with a fraction where one is needed.</summary>
internal sealed class SecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var seconds = reader.GetDouble();
        return Math.Abs(seconds) <= TimeSpan.FromDays(10_000).TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new JsonException("seconds are out of their bounds");
    }

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.TotalSeconds);
}

/// <summary>How the link's JSON is written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowOutOfOrderMetadataProperties = true,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 16,
    Converters = [typeof(SecondsConverter), typeof(WordConverter<AttemptStep>), typeof(WordConverter<AttemptOutcome>), typeof(WordConverter<LogStatus>)])]
[JsonSerializable(typeof(LinkMessage))]
[JsonSerializable(typeof(BuildOrder))]
internal sealed partial class LinkJson : JsonSerializerContext;

/// <summary>A value of an enumeration as one of its names in snake_case, never as a number.</summary>
internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
