using System.Globalization;

namespace Caur.Pipelines.Polite;

/// <summary>
/// The value of <c>CI_CLONE_DELAY</c>: what sleep(1) takes, a number of seconds or one with <c>s</c>, <c>m</c>, <c>h</c> or <c>d</c> behind it.
/// The manual calls it true or false: <c>false</c> is none, <c>true</c> a second.
/// </summary>
internal static class CloneDelay
{
    /// <summary>The longest: with it a run of a thousand clones still ends within a week.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromMinutes(10);

    /// <returns>Null, with a problem in words, when the text is no such value.</returns>
    public static TimeSpan? Parse(string? text, out string? problem)
    {
        problem = null;
        var plain = text?.Trim();
        if (string.IsNullOrEmpty(plain) || plain.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            return TimeSpan.Zero;
        }

        if (plain.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            return TimeSpan.FromSeconds(1);
        }

        var unit = plain[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 };
        var number = unit == 0 ? plain : plain[..^1];
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds * Math.Max(unit, 1) <= Longest.TotalSeconds)
        {
            return TimeSpan.FromSeconds(seconds * Math.Max(unit, 1));
        }

        problem = $"CI_CLONE_DELAY is '{Shown.Short(plain)}'; it is a number of seconds, up to {Longest.TotalSeconds:0}";
        return null;
    }
}
