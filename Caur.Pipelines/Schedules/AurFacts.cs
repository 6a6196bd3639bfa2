using System.Globalization;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Polite;
using Caur.Pipelines.State;

namespace Caur.Pipelines.Schedules;

/// <summary>What a run knows of the AUR, for all packages from one asking.</summary>
/// <param name="Snapshot">What the AUR said; refused when it could not be asked.</param>
/// <param name="Watermark">Until when packages of which nothing more is remembered have been looked at; 0 for never.</param>
internal sealed record AurFacts(Answer<AurSnapshot> Snapshot, long Watermark)
{
    /// <summary>Whether all packages that were looked at are remembered with their own times, so that the watermark says nothing of another one: it may
    /// have passed the time of a package that follows the AUR only now.</summary>
    public bool IsRemembered { get; init; }

    /// <summary>Whether a package has changed since it was looked at.</summary>
    public (Finding Finding, AurPackage? Package) Look(string pkgbase, PackageState state)
    {
        if (!Snapshot.IsGiven)
        {
            return (new Finding(FindingKind.Failed, Snapshot.Problem), null);
        }

        if (!Snapshot.Value.Packages.TryGetValue(pkgbase, out var package))
        {
            return (new Finding(FindingKind.Failed, "the AUR has no timestamp of it; was it removed there?"), null);
        }

        // A package's own time counts exactly: one that was pushed to while metadata were made has a time that lies before theirs.
        var known = state.AurTimestamp is { } own ? own == package.LastModified : !IsRemembered && package.LastModified <= Watermark;
        return known
            ? (new Finding(FindingKind.Same, $"no newer AUR timestamp since {Time(package.LastModified)}"), package)
            : (new Finding(FindingKind.New, $"changed in the AUR at {Time(package.LastModified)}"), package);
    }

    internal static string Time(long seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Min(seconds, 253_402_300_799)).ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
