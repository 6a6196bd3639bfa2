using System.Globalization;

namespace Caur.Grains.Notifications;

/// <summary>What answers mean that mean the same everywhere.</summary>
internal static class Verdicts
{
    private const int LongestExcerpt = 200;

    /// <summary>Longer nobody is believed.</summary>
    private static readonly TimeSpan LongestWish = TimeSpan.FromHours(1);

    /// <summary>The verdict; null for a refusal, which each judges by itself.</summary>
    public static Verdict? Common(NotificationAnswer answer) => answer switch
    {
        { Status: >= 200 and < 300 } => Verdict.Done,
        { Status: 0 } => new Verdict(VerdictKind.Retry, answer.Problem),
        { Status: 429 } or { Status: 403, IsExhausted: true } => new Verdict(VerdictKind.Retry, Text(answer), Wish(answer.RetryAfter)),
        { Status: 408 or 409 or 423 or 425 or >= 500 } => new Verdict(VerdictKind.Retry, Text(answer), Wish(answer.RetryAfter)),
        { Status: 401 or 403 } or { Status: >= 100 and < 400 } => new Verdict(VerdictKind.Closed, Text(answer)),
        _ => null,
    };

    /// <summary>Status and what was said, in one line.</summary>
    public static string Text(NotificationAnswer answer)
    {
        var said = new string([.. answer.Body.Take(LongestExcerpt).Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        var redirect = answer.Status is >= 300 and < 400 ? " (redirections are not followed: the address has to be the final one)" : "";
        return string.Create(CultureInfo.InvariantCulture, $"it answers {answer.Status}{redirect}{(said.Length > 0 ? $": {said}" : "")}");
    }

    private static TimeSpan? Wish(TimeSpan? wish) => wish is { } some && some > LongestWish ? LongestWish : wish;
}

/// <summary>How long to wait after failures.</summary>
internal static class Backoff
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    /// <summary>How seldom somebody is tried who refuses.</summary>
    public static readonly TimeSpan Closed = TimeSpan.FromMinutes(15);

    /// <summary>The pause after so many failures in a row, 1 and more: doubled each time, and up to a half of it taken off, so that not
    /// all come back at the same moment.</summary>
    /// <param name="failures">How many.</param>
    /// <param name="chance">From 0 to 1.</param>
    public static TimeSpan After(int failures, double chance)
    {
        var full = failures > 10 ? Longest : First * Math.Pow(2, failures - 1);
        return (full < Longest ? full : Longest) * (1 - (Math.Clamp(chance, 0, 1) / 2));
    }
}
