using System.Globalization;

namespace Caur.Contracts.Ids;

/// <summary>What a builder class may look like: a number (that or higher) or a builder's name.</summary>
public static class BuilderClasses
{
    /// <summary>What is wrong with a class, for people; null when nothing is.</summary>
    public static string? Problem(string text) =>
        !Names.IsValid(text) ? $"'{Shown(text)}' is no builder class: a number or a builder's name is"
        : text.All(char.IsAsciiDigit) && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? $"'{Shown(text)}' is too large for a builder class: {int.MaxValue} is the largest"
        : null;

    private static string Shown(string text) =>
        new([.. (text.Length > 40 ? text[..40] + "..." : text).Select(c => char.IsControl(c) ? '?' : c)]);
}
