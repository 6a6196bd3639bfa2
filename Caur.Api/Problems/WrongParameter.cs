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
        .Select(parameter => (parameter.Name, parameter.ParameterInfo.ParameterType, Value: context.Request.Query[parameter.Name].ToString()))
        .Where(static sent => sent.Value.Length > 0 && !IsFit(sent.ParameterType, sent.Value))
        .Select(static sent => Describe(sent.Name, sent.Value, "int"))
        .FirstOrDefault();

    /// <summary>Says what was sent, and what is wanted for a type of this program.</summary>
    public static string Describe(string name, string value, string type) => $"{name} is '{Shown(value)}', and {Wanted(type)} is wanted";

    /// <summary>A value of others, short and without control characters.</summary>
    public static string Shown(string value) =>
        new([.. (value.Length > 80 ? value[..80] + "..." : value).Select(static c => char.IsControl(c) ? '?' : c)]);

    private static bool IsFit(Type wanted, string text) =>
        wanted == typeof(int) || wanted == typeof(int?) ? int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out _)
        : (wanted != typeof(long) && wanted != typeof(long?)) || long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out _);

    private static string Wanted(string type) =>
        type.Contains("int", StringComparison.OrdinalIgnoreCase) || type.Contains("long", StringComparison.OrdinalIgnoreCase) ? "a whole number"
        : type.Contains("bool", StringComparison.OrdinalIgnoreCase) ? "true or false"
        : type.Contains("Guid", StringComparison.OrdinalIgnoreCase) ? "a GUID"
        : "another form";
}
