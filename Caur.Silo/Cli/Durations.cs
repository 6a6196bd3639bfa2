using System.Globalization;

namespace Caur.Silo.Cli;

/// <summary>Lengths of time as people write them: <c>90d</c>, <c>12h</c>, <c>30m</c>, <c>45s</c>.</summary>
internal static class Durations
{
    /// <summary>A length of time for people: <c>7 s</c>, <c>2:07</c>, <c>1:02:07</c>.</summary>
    public static string Text(TimeSpan length) =>
        length < TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalSeconds} s")
        : length < TimeSpan.FromHours(1) ? string.Create(CultureInfo.InvariantCulture, $"{length.Minutes}:{length.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalHours}:{length.Minutes:00}:{length.Seconds:00}");

    /// <summary>What is wrong with a text that is none, for people.</summary>
    public static string Wanted(string option, string text, string example) =>
        $"{option} wants a number from 1 on with d, h, m or s behind it, as {example}, and at most 100 years; '{text}' is none.";

    /// <summary>Reads one of more than nothing and at most 100 years.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        var unit = text[^1] switch
        {
            'd' => TimeSpan.FromDays(1),
            'h' => TimeSpan.FromHours(1),
            'm' => TimeSpan.FromMinutes(1),
            's' => TimeSpan.FromSeconds(1),
            _ => TimeSpan.Zero,
        };
        if (unit == TimeSpan.Zero || number == 0 || number * unit.TotalDays > 36_525)
        {
            return false;
        }

        duration = number * unit;
        return true;
    }
}
