namespace Caur.Pacman;

/// <summary>What one section says of one key. An empty list is a statement: the key stood there without a value.</summary>
internal sealed class SrcinfoField
{
    public static readonly SrcinfoField Empty = new();

    private readonly List<string> _values = [];
    private readonly List<Dependency> _dependencies = [];

    public IReadOnlyList<string> Values => _values;

    public IReadOnlyList<Dependency> Dependencies => _dependencies;

    public void Add(string value) => _values.Add(value);

    public void Add(string value, Dependency dependency)
    {
        _values.Add(value);
        _dependencies.Add(dependency);
    }
}

/// <summary>The keys of one section of a .SRCINFO.</summary>
internal sealed class SrcinfoSection
{
    private readonly Dictionary<string, SrcinfoField> _fields = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Keys => _fields.Keys;

    public SrcinfoField? Find(string key) => _fields.GetValueOrDefault(key);

    public SrcinfoField GetOrAdd(string key)
    {
        if (!_fields.TryGetValue(key, out var field))
        {
            _fields.Add(key, field = new SrcinfoField());
        }

        return field;
    }

    public string? Single(string key) => Find(key)?.Values is [.., var last] ? last : null;
}
