namespace Caur.Benchmarks.Comparing;

/// <summary>The original's graph, read as its manager reads it: names first, whoever comes last has a name that several provide.</summary>
internal sealed class OriginalGraph
{
    private readonly Dictionary<string, HashSet<string>> _providers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _last = new(StringComparer.Ordinal);

    private OriginalGraph(Dictionary<string, Entry> entries)
    {
        Entries = entries;
        foreach (var (folder, entry) in entries)
        {
            foreach (var name in entry.Names)
            {
                if (!_providers.TryGetValue(name, out var folders))
                {
                    _providers[name] = folders = new HashSet<string>(StringComparer.Ordinal);
                }

                folders.Add(folder);
                _last[name] = folder;
            }
        }
    }

    public IReadOnlyDictionary<string, Entry> Entries { get; }

    public static OriginalGraph Parse(string text) => new(text.Trim().Split(';', StringSplitOptions.RemoveEmptyEntries)
        .Select(entry => entry.Split(':'))
        .Where(fields => fields.Length == 3)
        .ToDictionary(
            fields => fields[0],
            fields => new Entry(
                [.. fields[1].Split(',', StringSplitOptions.RemoveEmptyEntries)], [.. fields[2].Split(',', StringSplitOptions.RemoveEmptyEntries)]),
            StringComparer.Ordinal));

    /// <summary>All folders that say they provide a name.</summary>
    public IReadOnlySet<string> ProvidersOf(string name) => _providers.TryGetValue(name, out var folders) ? folders : new HashSet<string>();

    /// <summary>The folders that a folder waits for.</summary>
    public IReadOnlySet<string> DependenciesOf(string folder) => Entries.TryGetValue(folder, out var entry)
        ? entry.Dependencies.Select(name => _last.GetValueOrDefault(name)).OfType<string>().Where(to => to != folder).ToHashSet(StringComparer.Ordinal)
        : new HashSet<string>();

    /// <summary>A folder.</summary>
    internal sealed record Entry(HashSet<string> Names, HashSet<string> Dependencies);
}
