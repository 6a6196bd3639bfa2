using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Cronos;

namespace Caur.Grains.Following;

/// <summary>When something is due, as five fields of cron say it (crontab(5); with <c>@hourly</c> and its like), in UTC.</summary>
public static class CronTimes
{
    /// <summary>Why a text is no expression; null when it is one that ever comes true.</summary>
    public static string? Problem(string text)
    {
        if (!TryParse(text, out var cron))
        {
            return $"'{text}' is no cron expression: five fields are wanted, minute, hour, day of the month, month and day of the week; '*/30 * * * *' is every half hour";
        }

        var some = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        return cron.GetNextOccurrence(some) is null ? $"'{text}' never comes true" : null;
    }

    /// <summary>The newest moment that it was due, as a text: it is another one when it is due again. Null before the first.</summary>
    /// <param name="text">The expression; one that is none is never due.</param>
    /// <param name="now">The time.</param>
    internal static string? Last(string text, DateTimeOffset now) =>
        TryParse(text, out var cron) && cron.GetPreviousOccurrence(now.UtcDateTime, inclusive: true) is { } last
            ? last.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture)
            : null;

    private static bool TryParse(string text, [NotNullWhen(true)] out CronExpression? cron) => CronExpression.TryParse(text.Trim(), out cron);
}
