using System.Globalization;

namespace Caur.Api.Events;

/// <summary>A place in a stream: <c>run-number</c>, behind the item of that number. What <c>Last-Event-ID</c> says.</summary>
/// <param name="Run">The count that the number is of.</param>
/// <param name="Number">0 stands before the first.</param>
internal readonly record struct StreamPlace(string Run, long Number)
{
    /// <summary>Reads what a client brings back; null when it cannot be one of ours.</summary>
    public static StreamPlace? TryParse(string text)
    {
        var cut = text.LastIndexOf('-');
        return cut > 0 && text.Length <= 100 && long.TryParse(text.AsSpan(cut + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new StreamPlace(text[..cut], number)
            : null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Run}-{Number}");
}
