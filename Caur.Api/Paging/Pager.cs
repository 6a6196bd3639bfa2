namespace Caur.Api.Paging;

/// <summary>Cuts pages out of sorted lists.</summary>
internal static class Pager
{
    /// <summary>A page of a list that is there as a whole.</summary>
    /// <param name="sorted">The list in its order.</param>
    /// <param name="isBehind">Whether an item stands behind the cursor.</param>
    /// <param name="limit">So many at most.</param>
    /// <param name="cursor">The cursor that stands at an item.</param>
    public static (IReadOnlyList<T> Items, string? Next) Cut<T>(IEnumerable<T> sorted, Func<T, bool> isBehind, int limit, Func<T, string> cursor)
    {
        var items = sorted.Where(isBehind).Take(limit + 1).ToList();
        if (items.Count <= limit)
        {
            return (items, null);
        }

        items.RemoveAt(limit);
        return (items, cursor(items[^1]));
    }
}
