using System.Globalization;

namespace Caur.Benchmarks.Comparing;

/// <summary>What differs, by its explanation.</summary>
internal sealed class Differences
{
    private readonly SortedDictionary<string, (int Count, string Example)> _explained = new(StringComparer.Ordinal);

    /// <summary>What has no explanation.</summary>
    public List<string> Unexplained { get; } = [];

    /// <summary>Counts a difference.</summary>
    /// <param name="what">Which, with its commit.</param>
    /// <param name="explanation">Why; null when nobody knows.</param>
    public void Add(string what, string? explanation)
    {
        if (explanation is null)
        {
            Unexplained.Add(what);
            return;
        }

        var (count, example) = _explained.GetValueOrDefault(explanation, (0, what));
        _explained[explanation] = (count + 1, example);
    }

    /// <summary>Tells all.</summary>
    public void Write(TextWriter output)
    {
        foreach (var (explanation, (count, example)) in _explained)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count,6}  {explanation}"));
            output.WriteLine($"          such as {example}");
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {Unexplained.Count,6}  without an explanation"));
        foreach (var what in Unexplained.Take(50))
        {
            output.WriteLine($"          {what}");
        }
    }
}
