using System.Text.RegularExpressions;

namespace Caur.Pacman;

/// <summary>
/// The settings of a package folder (<c>.CI/config</c>) or of a source repository (<c>.ci/config</c>), as the templates of Chaotic-AUR's
/// infra 4.0 write them: lines of <c>KEY=value</c>, white space around the parts, quotes around a value allowed. Every other line counts
/// as a comment. A key that stands twice has its last value.
/// </summary>
public sealed partial class CiConfig
{
    private readonly Dictionary<string, string> _values;

    private CiConfig(Dictionary<string, string> values) => _values = values;

    /// <summary>No settings.</summary>
    public static CiConfig Empty { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>The keys that are set, also those that this library gives no meaning.</summary>
    public IReadOnlyCollection<string> Keys => _values.Keys;

    /// <summary>The value of a key without its quotes; null when it is not set or set to nothing.</summary>
    public string? this[string key] => _values.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    /// <summary>Whether a key says <c>true</c>, in whatever case.</summary>
    public bool IsTrue(string key) => string.Equals(this[key], "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a text. There is none that cannot be read: what is no setting is a comment.</summary>
    public static CiConfig Parse(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.EnumerateLines())
        {
            var match = Setting().Match(line.ToString());
            if (match.Success)
            {
                values[match.Groups["key"].Value] = Unquote(match.Groups["value"].Value);
            }
        }

        return new CiConfig(values);
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value;

    [GeneratedRegex(@"^\s*(?<key>[A-Za-z0-9_]+)\s*=\s*(?<value>.*?)\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Setting();
}
