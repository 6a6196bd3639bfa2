using System.Globalization;
using Caur.Contracts.Ids;

namespace Caur.Silo.Cli;

/// <summary>Paths of the gateway.</summary>
internal static class FarmPaths
{
    public static string Repository(TargetId target) => $"api/v1/repositories/{Uri.EscapeDataString(target.Name)}/{Uri.EscapeDataString(target.Arch)}";

    public static string Build(BuildId build) => string.Create(
        CultureInfo.InvariantCulture,
        $"api/v1/builds/{Uri.EscapeDataString(build.Target.Name)}/{Uri.EscapeDataString(build.Arch)}/{Uri.EscapeDataString(build.Pkgbase)}/{build.Timestamp}");

    public static string Builder(BuilderId builder)
    {
        var text = builder.ToString();
        var cut = text.LastIndexOf('/');
        return $"api/v1/builders/{Uri.EscapeDataString(text[..cut])}/{Uri.EscapeDataString(text[(cut + 1)..])}";
    }

    public static string Source(string source) => $"api/v1/sources/{Uri.EscapeDataString(source)}";

    /// <summary>The parameters of a query that have a value: empty, or <c>?a=b&amp;c=d</c>.</summary>
    public static string Query(params (string Name, string? Value)[] parameters)
    {
        var set = parameters.Where(one => one.Value is { Length: > 0 }).Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value!)}").ToList();
        return set.Count == 0 ? "" : $"?{string.Join('&', set)}";
    }
}
