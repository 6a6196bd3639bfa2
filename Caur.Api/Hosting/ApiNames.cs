using System.Text.Json;

namespace Caur.Api.Hosting;

/// <summary>How names are written in the gateway's JSON: snake_case, with MiB as one word.</summary>
public sealed class ApiNames : JsonNamingPolicy
{
    private ApiNames()
    {
    }

    /// <summary>The only one.</summary>
    public static ApiNames Policy { get; } = new();

    /// <inheritdoc/>
    public override string ConvertName(string name) => SnakeCaseLower.ConvertName(name.Replace("MiB", "Mib", StringComparison.Ordinal));
}
