using System.Globalization;

namespace Caur.Api.Paging;

/// <summary>What a page of a list may be.</summary>
internal static class PageQuery
{
    /// <summary>How many a page has when nobody says.</summary>
    public const int Default = 100;

    /// <summary>How many a page has at most.</summary>
    public const int Most = 1000;

    /// <summary>What is wrong with a limit, for people; null when nothing is.</summary>
    /// <param name="limit">The limit given.</param>
    /// <param name="without">How many a page has without one.</param>
    public static string? Problem(int? limit, int without = Default) => limit is null or (>= 1 and <= Most)
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"limit is {limit}, and a number from 1 to {Most} is wanted; without it a page has {without}");
}

/// <summary>Some of a list. A list is read to its end by asking again with <c>after</c> as <see cref="Next"/> says: what is there all the
/// while is read exactly once, whatever comes and goes meanwhile.</summary>
/// <typeparam name="T">What it lists.</typeparam>
public record Page<T>
{
    /// <summary>What this page has. It may be fewer than the limit, also none, before the list's end.</summary>
    public required IReadOnlyList<T> Items { get; init; }

    /// <summary>The <c>after</c> of the next page; null at the end.</summary>
    public string? Next { get; init; }
}
