using System.Diagnostics.CodeAnalysis;
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

    /// <summary>How a moment is written down.</summary>
    internal const string Form = "yyyy-MM-dd'T'HH:mm'Z'";

    /// <summary>The newest moment that it was due; null before the first, and for what is no expression.</summary>
    internal static DateTimeOffset? Last(string text, DateTimeOffset now) =>
        TryParse(text, out var cron) && cron.GetPreviousOccurrence(now.UtcDateTime, inclusive: true) is { } last ? new DateTimeOffset(last) : null;

    /// <summary>When it is due next, after now; null for never.</summary>
    internal static DateTimeOffset? Next(string text, DateTimeOffset now) =>
        TryParse(text, out var cron) && cron.GetNextOccurrence(now.UtcDateTime) is { } next ? new DateTimeOffset(next) : null;

    private static bool TryParse(string text, [NotNullWhen(true)] out CronExpression? cron) => CronExpression.TryParse(text.Trim(), out cron);
}
