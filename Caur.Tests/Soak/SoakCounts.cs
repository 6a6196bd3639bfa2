namespace Caur.Tests.Soak;

/// <summary>What the rounds did, by name. Safe for concurrent use.</summary>
internal sealed class SoakCounts
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public void Add(string what, long number)
    {
        lock (_gate)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + number;
        }
    }

    public IReadOnlyList<KeyValuePair<string, long>> All()
    {
        lock (_gate)
        {
            return [.. _counts];
        }
    }
}
