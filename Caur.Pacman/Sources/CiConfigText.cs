using System.Text;

namespace Caur.Pacman;

/// <summary>
/// The text of a <c>.CI/config</c> or <c>.ci/config</c>, whose settings are changed one by one. All other bytes stay as they are:
/// comments (which need not be UTF-8), order, blank lines, unknown keys, indentation, line endings. It never changes; a change makes a new one.
/// </summary>
public sealed class CiConfigText
{
    private readonly byte[] _bytes;
    private readonly List<CiConfigLine> _lines;

    private CiConfigText(byte[] bytes, CiConfig settings)
    {
        _bytes = bytes;
        _lines = CiConfigLine.Split(bytes);
        Settings = settings;
    }

    /// <summary>A text of no bytes.</summary>
    public static CiConfigText Empty { get; } = new([], CiConfig.Empty);

    /// <summary>The bytes of the file.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>What the text says.</summary>
    public CiConfig Settings { get; }

    /// <summary>Takes the bytes of a file, which are refused for what <see cref="CiConfig.Read"/> refuses.</summary>
    public static FormatResult<CiConfigText> Read(ReadOnlySpan<byte> utf8)
    {
        var settings = CiConfig.Read(utf8);
        return settings.IsValid
            ? FormatResult<CiConfigText>.Of(new CiConfigText(utf8.ToArray(), settings.Value))
            : FormatResult<CiConfigText>.Refused(settings.Errors);
    }

    /// <summary>
    /// The text with a key set to a value. Where the key stands already, only its value is changed, in its last line if it has several,
    /// which is the one that counts; white space behind the old value goes. Otherwise a line is added at the end, with the line ending
    /// that the text has.
    /// </summary>
    /// <param name="key">ASCII letters, digits and <c>_</c>.</param>
    /// <param name="value">
    /// What will stand behind the <c>=</c>, and what <see cref="CiConfig.Verbatim"/> gives back. Refused are values that the format cannot
    /// hold: with a line end or NUL, with white space at an end, or with halves of surrogate pairs.
    /// </param>
    public FormatResult<CiConfigText> With(string key, string value)
    {
        if (Refuse(key, value) is { } error)
        {
            return FormatResult<CiConfigText>.Refused(error);
        }

        if (Settings.Verbatim(key) == value)
        {
            return FormatResult<CiConfigText>.Of(this);
        }

        var utf8Key = Encoding.UTF8.GetBytes(key);
        var utf8Value = Encoding.UTF8.GetBytes(value);
        var at = _lines.FindLastIndex(line => Is(line, utf8Key));
        return Read(at >= 0 ? Replace(_lines[at], utf8Value) : Append(utf8Key, utf8Value));
    }

    /// <summary>The text without any line that sets a key.</summary>
    public CiConfigText Without(string key)
    {
        var utf8Key = Encoding.UTF8.GetBytes(key);
        if (!_lines.Exists(line => Is(line, utf8Key)))
        {
            return this;
        }

        var bytes = new List<byte>(_bytes.Length);
        foreach (var line in _lines)
        {
            // A mark of the byte order belongs to the text, not to the setting behind it.
            bytes.AddRange(Is(line, utf8Key) ? MarkOf(line) : _bytes.AsSpan(line.Whole));
        }

        return Read(bytes.ToArray()).GetRequired();
    }

    /// <summary>The text; what is not UTF-8 in it is replaced.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_bytes);

    private static FormatError? Refuse(string key, string value)
    {
        if (!CiConfigLine.IsKey(Encoding.UTF8.GetBytes(key)))
        {
            return new FormatError(FormatErrorCode.InvalidName, $"{FormatError.Quote(key)} cannot be the key of a setting");
        }

        var fault = value.AsSpan().IndexOfAny('\n', '\r', '\0') >= 0 ? "has a line end or NUL"
            : value.Length > 0 && (char.IsWhiteSpace(value[0]) || char.IsWhiteSpace(value[^1])) ? "has white space at an end"
            : !IsUnicode(value) ? "is not Unicode text"
            : null;
        return fault is null ? null : new FormatError(
            FormatErrorCode.InvalidValue, $"{FormatError.Quote(value)} cannot be the value of {FormatError.Quote(key)}: it {fault}");
    }

    private static bool IsUnicode(string value)
    {
        var rest = value.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var used) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            rest = rest[used..];
        }

        return true;
    }

    private bool Is(CiConfigLine line, byte[] key) => line.IsSetting && _bytes.AsSpan(line.Key).SequenceEqual(key);

    private ReadOnlySpan<byte> MarkOf(CiConfigLine line) => line.Number == 1 ? _bytes.AsSpan(..CiConfigLine.MarkLength(_bytes)) : [];

    private byte[] Replace(CiConfigLine line, byte[] value)
    {
        var end = _bytes.AsSpan(line.Whole).EndsWith("\r\n"u8) ? 2 : _bytes.AsSpan(line.Whole).EndsWith("\n"u8) ? 1 : 0;
        return [.. _bytes.AsSpan(..line.Value.Start), .. value, .. _bytes.AsSpan(line.Whole.End.Value - end)];
    }

    private byte[] Append(byte[] key, byte[] value)
    {
        var newline = _lines.Count > 0 && _bytes.AsSpan(_lines[0].Whole).EndsWith("\r\n"u8) ? "\r\n"u8 : "\n"u8;
        ReadOnlySpan<byte> before = _lines.Count == 0 || _bytes[^1] == '\n' || _bytes.Length == MarkOf(_lines[0]).Length
            ? []
            : newline;
        return [.. _bytes, .. before, .. key, (byte)'=', .. value, .. newline];
    }
}
