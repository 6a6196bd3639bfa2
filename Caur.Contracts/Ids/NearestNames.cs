namespace Caur.Contracts.Ids;

/// <summary>The names that somebody probably meant.</summary>
public static class NearestNames
{
    /// <summary>Up to three names within a third of the word's length by edits, or that contain it; the nearest first.</summary>
    public static IReadOnlyList<string> Of(string word, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(names);
        var most = Math.Max(2, word.Length / 3);
        return
        [
            .. names
                .Select(name => (Name: name, Contains: word.Length > 2 && name.Contains(word, StringComparison.OrdinalIgnoreCase)))
                // Anybody may ask for any word: edits are counted only where they can be few enough.
                .Where(pair => pair.Contains || Math.Abs(pair.Name.Length - word.Length) <= most)
                .Select(pair => (pair.Name, pair.Contains, Distance: Distance(word, pair.Name)))
                .Where(pair => pair.Contains || pair.Distance <= most)
                .OrderBy(pair => pair.Distance)
                .ThenBy(pair => pair.Name, StringComparer.Ordinal)
                .Take(3)
                .Select(pair => pair.Name),
        ];
    }

    private static int Distance(string a, string b)
    {
        var (previous, current) = (new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + change);
            }

            (previous, current) = (current, previous);
        }

        return previous[b.Length];
    }
}
