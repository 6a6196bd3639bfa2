using System.Text;
using System.Text.Unicode;

namespace Caur.Pacman;

/// <summary>
/// The settings of a package folder (<c>.CI/config</c>) or of a source repository (<c>.ci/config</c>), as the templates of Chaotic-AUR's
/// infra 4.0 write them: lines of <c>KEY=value</c>, white space around the parts, quotes around a value allowed. Every other line counts
/// as a comment. A key that stands twice has its last value. <see cref="CiConfigText"/> changes such a text.
/// </summary>
public sealed class CiConfig
{
    /// <summary>The greatest size of a text that <see cref="Read"/> takes, in bytes.</summary>
    public const int MaxSize = 1 << 20;

    private readonly Dictionary<string, string> _values;

    private CiConfig(Dictionary<string, string> values) => _values = values;

    /// <summary>No settings.</summary>
    public static CiConfig Empty { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>The keys that are set, also those that this library gives no meaning.</summary>
    public IReadOnlyCollection<string> Keys => _values.Keys;

    /// <summary>The value of a key without its quotes; null when it is not set or set to nothing.</summary>
    public string? this[string key] => Verbatim(key) is { } value && Unquote(value) is { Length: > 0 } plain ? plain : null;

    /// <summary>The value of a key as it is written, with its quotes; null when it is not set, empty when it is set to nothing.</summary>
    public string? Verbatim(string key) => _values.GetValueOrDefault(key);

    /// <summary>Whether a key says <c>true</c>, in whatever case.</summary>
    public bool IsTrue(string key) => string.Equals(this[key], "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a text. There is none that cannot be read: what is no setting is a comment.</summary>
    public static CiConfig Parse(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Of(utf8, CiConfigLine.Split(utf8));
    }

    /// <summary>
    /// Reads the bytes of a file. Refused are a file beyond <see cref="MaxSize"/> and a value that is not UTF-8 or has a NUL; what
    /// stands in comments does not matter.
    /// </summary>
    public static FormatResult<CiConfig> Read(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxSize)
        {
            return FormatResult<CiConfig>.Refused(new FormatError(
                FormatErrorCode.TooLarge, $"a config has {utf8.Length} bytes, more than {MaxSize}"));
        }

        var lines = CiConfigLine.Split(utf8);
        foreach (var line in lines)
        {
            var value = utf8[line.Value];
            if (!Utf8.IsValid(value) || value.Contains((byte)0))
            {
                return FormatResult<CiConfig>.Refused(new FormatError(
                    FormatErrorCode.NotUtf8, $"the value of {FormatError.Quote(Encoding.UTF8.GetString(utf8[line.Key]))} is not UTF-8 text", line.Number));
            }
        }

        return FormatResult<CiConfig>.Of(Of(utf8, lines));
    }

    private static CiConfig Of(ReadOnlySpan<byte> utf8, List<CiConfigLine> lines)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (line.IsSetting)
            {
                values[Encoding.UTF8.GetString(utf8[line.Key])] = Encoding.UTF8.GetString(utf8[line.Value]);
            }
        }

        return new CiConfig(values);
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value;
}
