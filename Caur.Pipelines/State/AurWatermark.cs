using System.Globalization;

namespace Caur.Pipelines.State;

/// <summary>
/// <c>.ci/aur-state</c> on the main branch: a time in seconds since 1970, up to which the whole AUR has been looked at. The templates write when they
/// asked, which loses what was pushed between the making of the metadata and the asking, and what could not be cloned; here it is the newest
/// change that was seen, and never beyond one that is still to be taken over.
/// </summary>
internal static class AurWatermark
{
    /// <summary>The file's path in the source repository.</summary>
    public const string Path = ".ci/aur-state";

    /// <summary>0 when there is none, which makes every package of the AUR be looked at.</summary>
    public static long Parse(string? text) =>
        long.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < 1L << 40 ? seconds : 0;

    /// <summary>The file's content.</summary>
    public static string Text(long watermark) => watermark.ToString(CultureInfo.InvariantCulture) + "\n";

    /// <summary>What is written after a run. It never goes back.</summary>
    /// <param name="before">What was there.</param>
    /// <param name="newest">The newest change that was seen; 0 when the AUR could not be asked.</param>
    /// <param name="open">The times of changes that were seen but could not be taken over.</param>
    public static long Next(long before, long newest, IEnumerable<long> open) =>
        Math.Max(before, Math.Min(newest, open.Select(time => time - 1).DefaultIfEmpty(long.MaxValue).Min()));
}
