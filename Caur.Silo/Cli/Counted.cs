using System.Globalization;

namespace Caur.Silo.Cli;

/// <summary>Numbers of things, for people.</summary>
internal static class Counted
{
    /// <summary><c>1 build</c>, <c>0 builds</c>, <c>2533 builds</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="thing">One of them, of which an s makes several.</param>
    public static string Of(long count, string thing) => string.Create(CultureInfo.InvariantCulture, $"{count} {thing}{(count == 1 ? "" : "s")}");
}
