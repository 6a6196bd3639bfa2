namespace Caur.Contracts.Ids;

/// <summary>The names that somebody probably meant.</summary>
public static class NearestNames
{
    /// <summary>Up to three names within a third of the word's length by edits, or that contain it; the nearest first.</summary>
    public static IReadOnlyList<string> Of(string word, IEnumerable<string> names) =>
    [
        .. (names ?? throw new ArgumentNullException(nameof(names)))
            .Select(name => (Name: name, Distance: Distance(word, name)))
            .Where(pair => pair.Distance <= Math.Max(2, word.Length / 3)
                || (word.Length > 2 && pair.Name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(pair => pair.Distance)
            .ThenBy(pair => pair.Name, StringComparer.Ordinal)
            .Take(3)
            .Select(pair => pair.Name),
    ];

    private static int Distance(string a, string b)
    {
        var previous = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + change);
            }

            previous = current;
        }

        return previous[b.Length];
    }
}
