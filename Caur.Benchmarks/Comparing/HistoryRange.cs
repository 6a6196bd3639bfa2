namespace Caur.Benchmarks.Comparing;

/// <summary>A push, as a pipeline meets it.</summary>
/// <param name="Tag">Where the tag is; null where there is none.</param>
/// <param name="Head">The newest commit.</param>
internal sealed record HistoryRange(string? Tag, string Head)
{
    private const int Longest = 40;

    /// <summary>Chooses ranges all over a history, in its order: of one commit and of many, some without a tag, and some of a history that was
    /// set back by a force push.</summary>
    /// <param name="commits">The commits of the main branch, the oldest first.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">Chooses others.</param>
    public static IEnumerable<HistoryRange> Choose(IReadOnlyList<string> commits, int count, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var length = i % 3 == 0 ? 1 : random.Next(2, Longest);
            var (first, last) = (1 + (long)i * (commits.Count - 1) / count, 1 + (i + 1L) * (commits.Count - 1) / count);
            var at = (int)Math.Max(1, first + random.NextInt64(Math.Max(1, last - first)));
            var before = Math.Max(0, at - length);
            yield return (i % 20) switch
            {
                7 => new HistoryRange(null, commits[at]),
                13 => new HistoryRange(commits[at], commits[before]),
                _ => new HistoryRange(commits[before], commits[at]),
            };
        }
    }
}
