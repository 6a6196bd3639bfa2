using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Caur.Pacman;

/// <summary>
/// The name of a package or of a package folder (pkgname, pkgbase), and of what a package provides.
/// Letters, digits and <c>@ . _ + -</c>, not starting with <c>-</c> or <c>.</c>, at most 255 characters (PKGBUILD(5)):
/// safe as one part of a path. Equality and order are ordinal.
/// </summary>
public readonly record struct PackageName : IComparable<PackageName>, IParsable<PackageName>
{
    /// <summary>The greatest length in characters: a file name's limit.</summary>
    public const int MaxLength = 255;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@._+-");

    private readonly string? _value;

    private PackageName(string value) => _value = value;

    /// <summary>Whether this is the default value, which names nothing.</summary>
    public bool IsEmpty => _value is null;

    /// <summary>Compares ordinally, as the databases are sorted.</summary>
    public static bool operator <(PackageName left, PackageName right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(PackageName left, PackageName right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(PackageName left, PackageName right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(PackageName left, PackageName right) => left.CompareTo(right) >= 0;

    /// <summary>The name in a text.</summary>
    /// <exception cref="FormatException">The text is not a package name.</exception>
    public static PackageName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"{FormatError.Quote(text)} is not a package name");

    /// <summary>Whether a text is a package name, and which.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PackageName name)
    {
        var valid = text is not null && IsValid(text);
        name = valid ? new PackageName(text!) : default;
        return valid;
    }

    /// <summary>Whether a text is a package name.</summary>
    public static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxLength && text[0] is not ('-' or '.') && !text.ContainsAnyExcept(Allowed);

    /// <inheritdoc/>
    public int CompareTo(PackageName other) => string.CompareOrdinal(_value, other._value);

    /// <summary>The name as text; empty for the default value.</summary>
    public override string ToString() => _value ?? string.Empty;

    static PackageName IParsable<PackageName>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<PackageName>.TryParse(string? s, IFormatProvider? provider, out PackageName result) => TryParse(s, out result);
}
