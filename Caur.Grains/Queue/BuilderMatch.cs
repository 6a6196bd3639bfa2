using System.Globalization;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>Which builds fit which builder. A numeric class goes to a builder with an equal or higher one, a name to that builder
/// alone; a builder whose own class is a name takes only what names it.</summary>
internal static class BuilderMatch
{
    /// <summary>What a build without a class asks for.</summary>
    public const string DefaultClass = "1";

    public static bool Fits(string? wanted, BuilderProfile builder)
    {
        var asked = string.IsNullOrEmpty(wanted) ? DefaultClass : wanted;
        if (!TryNumber(asked, out var level))
        {
            return string.Equals(asked, builder.Builder.Name, StringComparison.Ordinal)
                || string.Equals(asked, builder.Class, StringComparison.Ordinal);
        }

        return TryNumber(builder.Class, out var has) && has >= level;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
