using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;
using Spectre.Console;

namespace Caur.Silo.Demo;

/// <summary>What became of each package and why, as a table.</summary>
internal static class DemoReport
{
    public static void Write(
        CliContext context, IReadOnlyList<BuildProgress> ends, ImmutableArray<RefusedPackage> refused, DemoExpectations? expectations)
    {
        var table = context.NewTable("PACKAGE", "STATE", "ATTEMPTS", "SECONDS", "WHY");
        foreach (var end in ends.OrderBy(end => end.Build.Pkgbase, StringComparer.OrdinalIgnoreCase))
        {
            Row(
                end.Build.Pkgbase,
                end.Word,
                end.Attempts.ToString(CultureInfo.InvariantCulture),
                end.Seconds?.ToString("0.0", CultureInfo.InvariantCulture) ?? "",
                end.Reason);
        }

        foreach (var package in refused)
        {
            Row(package.Pkgbase, "Refused", "", "", package.Reason);
        }

        context.Write(table);

        void Row(string pkgbase, string state, string attempts, string seconds, string why)
        {
            var met = expectations is null || expectations.IsMet(pkgbase, state);
            table.AddRow(
                new Text(pkgbase),
                new Text(met ? state : $"{state} (!)", met || !context.IsTerminal ? null : new Style(Color.Red)),
                new Text(attempts),
                new Text(seconds),
                new Text(why));
        }
    }

    /// <summary>What each package ended as, for <see cref="DemoExpectations"/>.</summary>
    public static IReadOnlyDictionary<string, string> States(IReadOnlyList<BuildProgress> ends, ImmutableArray<RefusedPackage> refused) =>
        ends.Select(end => (end.Build.Pkgbase, end.Word))
            .Concat(refused.Select(package => (package.Pkgbase, Word: "Refused")))
            .ToDictionary(end => end.Pkgbase, end => end.Word, StringComparer.Ordinal);
}
