using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Caur.Pacman;

/// <summary>
/// A version as pacman writes it: <c>[epoch:]pkgver[-pkgrel]</c>. Order is that of <c>vercmp</c>; equality is that of the text, so
/// two versions can compare as 0 and still not be equal (<c>1.0</c> and <c>1.00</c>, or <c>1.0</c> and <c>1.0-1</c>).
/// Printable ASCII without blanks, <c>/</c>, <c>&lt;</c>, <c>=</c> and <c>&gt;</c>; a colon only after the epoch: safe as part of a file name.
/// </summary>
public readonly record struct PackageVersion : IComparable<PackageVersion>, IParsable<PackageVersion>
{
    /// <summary>The greatest length in characters.</summary>
    public const int MaxLength = 255;

    private readonly string? _value;

    private PackageVersion(string value) => _value = value;

    /// <summary>Whether this is the default value, which is no version.</summary>
    public bool IsEmpty => _value is null;

    /// <summary>The epoch; 0 when none is written.</summary>
    public int Epoch => Colon is var colon and > 0 ? int.Parse(Text.AsSpan(0, colon), CultureInfo.InvariantCulture) : 0;

    /// <summary>The version of the software, without epoch and pkgrel.</summary>
    public string PkgVer => Text[(Colon + 1)..(Dash < 0 ? Text.Length : Dash)];

    /// <summary>The release of the package, such as <c>1</c> or <c>1.2</c>, or null when none is written.</summary>
    public string? PkgRel => Dash < 0 ? null : Text[(Dash + 1)..];

    private string Text => _value ?? string.Empty;

    private int Colon => Text.IndexOf(':', StringComparison.Ordinal);

    private int Dash => Text.LastIndexOf('-');

    /// <summary>Compares as <c>vercmp</c> does.</summary>
    public static bool operator <(PackageVersion left, PackageVersion right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(PackageVersion left, PackageVersion right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(PackageVersion left, PackageVersion right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(PackageVersion left, PackageVersion right) => left.CompareTo(right) >= 0;

    /// <summary>The version made of its parts.</summary>
    /// <param name="epoch">The epoch; 0 is not written.</param>
    /// <param name="pkgver">The version of the software.</param>
    /// <param name="pkgrel">The release, or null for a version without one.</param>
    /// <exception cref="FormatException">The parts do not make a version.</exception>
    public static PackageVersion Create(int epoch, string pkgver, string? pkgrel)
    {
        var text = (epoch == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"{epoch}:"))
            + pkgver + (pkgrel is null ? string.Empty : "-" + pkgrel);
        return Parse(text);
    }

    /// <summary>The version in a text.</summary>
    /// <exception cref="FormatException">The text is not a version.</exception>
    public static PackageVersion Parse(string text) =>
        TryParse(text, out var version) ? version : throw new FormatException($"{FormatError.Quote(text)} is not a version");

    /// <summary>Whether a text is a version, and which.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PackageVersion version)
    {
        var valid = text is not null && IsValid(text);
        version = valid ? new PackageVersion(text!) : default;
        return valid;
    }

    /// <summary>Whether a text is a version.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (c is <= ' ' or > '~' or '/' or '<' or '=' or '>')
            {
                return false;
            }
        }

        var colon = text.IndexOf(':');
        if (colon >= 0)
        {
            var epoch = text[..colon];
            if (epoch.ContainsAnyExceptInRange('0', '9') || !int.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                return false;
            }

            text = text[(colon + 1)..];
        }

        var dash = text.LastIndexOf('-');
        return !text.Contains(':') && text.Length > 0 && dash != 0 && dash != text.Length - 1;
    }

    /// <inheritdoc/>
    public int CompareTo(PackageVersion other) => VersionComparer.Compare(Text.AsSpan(), other.Text);

    /// <summary>The version as it was written; empty for the default value.</summary>
    public override string ToString() => Text;

    static PackageVersion IParsable<PackageVersion>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<PackageVersion>.TryParse(string? s, IFormatProvider? provider, out PackageVersion result) =>
        TryParse(s, out result);
}
