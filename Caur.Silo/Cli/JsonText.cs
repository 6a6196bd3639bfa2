using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Caur.Api.Hosting;

namespace Caur.Silo.Cli;

/// <summary>JSON as the gateway writes it.</summary>
internal static class JsonText
{
    public static JsonSerializerOptions Wire { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = ApiNames.Policy,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>How a message is written and read.</summary>
    public static JsonTypeInfo WireOf(Type message) => WireJson.Default.GetTypeInfo(message) ?? Wire.GetTypeInfo(message);

    /// <summary>One object per line.</summary>
    public static JsonSerializerOptions Line { get; } = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write<T>(TextWriter writer, T value) => writer.WriteLine(JsonSerializer.Serialize(value, Indented));
}
