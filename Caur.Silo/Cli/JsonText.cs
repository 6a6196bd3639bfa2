using System.Text.Encodings.Web;
using System.Text.Json;

namespace Caur.Silo.Cli;

/// <summary>JSON as the gateway writes it.</summary>
internal static class JsonText
{
    public static JsonSerializerOptions Wire { get; } = new(JsonSerializerDefaults.Web);

    /// <summary>One object per line.</summary>
    public static JsonSerializerOptions Line { get; } = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write<T>(TextWriter writer, T value) => writer.WriteLine(JsonSerializer.Serialize(value, Indented));
}
