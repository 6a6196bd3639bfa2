using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Caur.Api.Problems;

/// <summary>What is said of a parameter that cannot be read.</summary>
internal static class WrongParameter
{
    /// <summary>Looks for one that is no number though its route wants one: where that may be left out, the code that the compiler makes for
    /// a route answers 400 without a word.</summary>
    public static string? Find(HttpContext context) => context.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
        .Where(static parameter => parameter.ParameterInfo.ParameterType == typeof(int?))
        .Select(parameter => (parameter.Name, Value: context.Request.Query[parameter.Name].ToString()))
        .Where(static sent => sent.Value.Length > 0 && !int.TryParse(sent.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
        .Select(static sent => Describe(sent.Name, sent.Value, "int"))
        .FirstOrDefault();

    /// <summary>Says what was sent, and what is wanted for a type of this program.</summary>
    public static string Describe(string name, string value, string type) => $"{name} is '{Shown(value)}', and {Wanted(type)} is wanted";

    /// <summary>A value of others, short and without control characters.</summary>
    public static string Shown(string value) =>
        new([.. (value.Length > 80 ? value[..80] + "..." : value).Select(static c => char.IsControl(c) ? '?' : c)]);

    private static string Wanted(string type) =>
        type.Contains("int", StringComparison.OrdinalIgnoreCase) || type.Contains("long", StringComparison.OrdinalIgnoreCase) ? "a whole number"
        : type.Contains("bool", StringComparison.OrdinalIgnoreCase) ? "true or false"
        : type.Contains("Guid", StringComparison.OrdinalIgnoreCase) ? "a GUID"
        : "another form";
}
