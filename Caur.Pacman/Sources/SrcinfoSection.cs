namespace Caur.Pacman;

/// <summary>What one section says of one key. An empty list is a statement: the key stood there without a value.</summary>
internal sealed class SrcinfoField
{
    public static readonly SrcinfoField Empty = new();

    private readonly List<string> _values = [];
    private List<Dependency>? _dependencies;

    public IReadOnlyList<string> Values => _values;

    public IReadOnlyList<Dependency> Dependencies => _dependencies ?? [];

    public void Add(string value) => _values.Add(value);

    public void Add(string value, Dependency dependency)
    {
        _values.Add(value);
        (_dependencies ??= []).Add(dependency);
    }

    /// <summary>Gives back the room for values that do not come any more.</summary>
    public void Trim()
    {
        _values.TrimExcess();
        _dependencies?.TrimExcess();
    }
}

/// <summary>The keys of one section of a .SRCINFO.</summary>
internal sealed class SrcinfoSection
{
    private static readonly SrcinfoSection Empty = new();

    private readonly IDictionary<string, SrcinfoField> _fields;

    public SrcinfoSection()
        : this(new Dictionary<string, SrcinfoField>(StringComparer.Ordinal))
    {
    }

    private SrcinfoSection(IDictionary<string, SrcinfoField> fields) => _fields = fields;

    public IReadOnlyCollection<string> Keys => [.. _fields.Keys];

    public SrcinfoField? Find(string key) => _fields.TryGetValue(key, out var field) ? field : null;

    public SrcinfoField GetOrAdd(string key)
    {
        if (!_fields.TryGetValue(key, out var field))
        {
            _fields.Add(key, field = new SrcinfoField());
        }

        return field;
    }

    /// <summary>The same with some of the keys and their forms for architectures, in as little memory as they need. Nothing is added to it.</summary>
    public SrcinfoSection Only(IReadOnlyCollection<string> keys)
    {
        // For so few keys a third of a dictionary's size.
        var kept = new SortedList<string, SrcinfoField>(StringComparer.Ordinal);
        foreach (var (key, field) in _fields)
        {
            if (keys.FirstOrDefault(wanted => IsFormOf(key, wanted)) is { } wanted)
            {
                field.Trim();

                // One text for a key, however many sections have it.
                kept.Add(key == wanted ? wanted : key, field);
            }
        }

        kept.TrimExcess();
        return kept.Count == 0 ? Empty : new SrcinfoSection(kept);
    }

    public string? Single(string key) => Find(key)?.Values is [.., var last] ? last : null;

    private static bool IsFormOf(string key, string wanted) =>
        key.StartsWith(wanted, StringComparison.Ordinal) && (key.Length == wanted.Length || key[wanted.Length] == '_');
}
