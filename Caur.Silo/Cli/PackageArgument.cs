using System.Globalization;
using System.Text.Json;
using Caur.Api.Queue;
using Caur.Contracts.Ids;
using Caur.Silo.Configuration;

namespace Caur.Silo.Cli;

/// <summary>A package as <c>schedule</c> takes it: <c>pkgbase</c> or <c>pkgbase/class</c>.</summary>
internal static class PackageArgument
{
    /// <summary>Reads one.</summary>
    /// <returns>Null, with <paramref name="problem"/> set, when it is none.</returns>
    public static ScheduleBodyPackage? TryParse(string text, out string? problem)
    {
        problem = null;
        var cut = text.IndexOf('/', StringComparison.Ordinal);
        var (pkgbase, builderClass) = cut < 0 ? (text, null) : (text[..cut], text[(cut + 1)..]);
        if (!Names.IsValid(pkgbase))
        {
            problem = $"'{Shown.Text(text)}' is no package folder: letters, digits and @ . _ + - are allowed, with /CLASS behind it if wanted";
            return null;
        }

        if (builderClass is null)
        {
            return new ScheduleBodyPackage { Pkgbase = pkgbase };
        }

        if (BuilderClasses.Problem(builderClass) is { } wrong)
        {
            problem = $"'{Shown.Text(text)}': {wrong}";
            return null;
        }

        return new ScheduleBodyPackage
        {
            Pkgbase = pkgbase,
            BuildClass = int.TryParse(builderClass, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? JsonSerializer.SerializeToElement(number)
                : JsonSerializer.SerializeToElement(builderClass),
        };
    }
}
