using System.Globalization;

namespace Caur.Pacman;

/// <summary>What is wrong with a text, an archive or a database. Every reader of this library answers with one of these, never with half a result.</summary>
public enum FormatErrorCode
{
    /// <summary>A line or record is not of the form that the format asks for.</summary>
    Malformed,

    /// <summary>The bytes are not valid UTF-8.</summary>
    NotUtf8,

    /// <summary>A key that must be there is not.</summary>
    MissingKey,

    /// <summary>A key or section that may stand only once stands twice.</summary>
    Duplicate,

    /// <summary>A name is not a package name.</summary>
    InvalidName,

    /// <summary>A version is not of the form [epoch:]pkgver[-pkgrel].</summary>
    InvalidVersion,

    /// <summary>A dependency is not of the form name, or name, operator and version.</summary>
    InvalidDependency,

    /// <summary>A value is out of its range, a number for example.</summary>
    InvalidValue,

    /// <summary>The input ends before its format says that it does.</summary>
    Truncated,

    /// <summary>The input, or what it unpacks to, exceeds a limit.</summary>
    TooLarge,

    /// <summary>The bytes are not an archive of a known kind, or a checksum in it is wrong.</summary>
    NotAnArchive,

    /// <summary>A member of an archive has a name that leads out of it: absolute, or with a <c>..</c> part.</summary>
    UnsafeName,

    /// <summary>A member that must be a plain file is a link, a device or a directory.</summary>
    NotAFile,

    /// <summary>A member that must be in the archive is not.</summary>
    MissingMember,

    /// <summary>Two statements of the same input contradict each other.</summary>
    Inconsistent,
}

/// <summary>A named fault of an input, with the line where it was found (counted from 1) when the input is text.</summary>
/// <param name="Code">The kind of fault, for programs.</param>
/// <param name="Message">The fault in words, for people. It quotes at most a short part of the input.</param>
/// <param name="Line">The line, counted from 1, or null when the fault has no line.</param>
public sealed record FormatError(FormatErrorCode Code, string Message, int? Line = null)
{
    /// <summary>The fault in one line: its place, its kind and its words.</summary>
    public override string ToString() => Line is { } line ? $"line {line}: {Message} ({Code})" : $"{Message} ({Code})";

    /// <summary>A short printable form of a piece of input, so that a hostile one cannot flood or garble a log.</summary>
    internal static string Quote(ReadOnlySpan<char> text)
    {
        const int Shown = 80;
        var cut = text.Length > Shown ? text[..Shown] : text;
        Span<char> clean = stackalloc char[cut.Length];
        for (var i = 0; i < cut.Length; i++)
        {
            clean[i] = IsPrintable(cut[i]) ? cut[i] : '?';
        }

        return text.Length > Shown ? $"'{clean}...'" : $"'{clean}'";
    }

    /// <summary>Also marks that change the direction of writing, and what ends a line, are kept out of messages.</summary>
    private static bool IsPrintable(char c) => char.GetUnicodeCategory(c) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
