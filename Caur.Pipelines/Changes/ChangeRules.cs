using System.Text.RegularExpressions;

namespace Caur.Pipelines.Changes;

/// <summary>Which lines of a PKGBUILD may change without anybody looking at them.</summary>
internal static partial class ChangeRules
{
    /// <summary>The digits of a checksum in hexadecimal; null when a name is none of makepkg's arrays of checksums (PKGBUILD(5)).</summary>
    public static int? DigestLength(string? array) => array is null ? null : SumsArray().Match(array) is { Success: true } match
        ? match.Groups["kind"].Value switch
        {
            "ck" => 0,
            "md5" => 32,
            "sha1" => 40,
            "sha224" => 56,
            "sha256" => 64,
            "sha384" => 96,
            _ => 128,
        }
        : null;

    /// <summary>Whether a word is a checksum of an array, and whether it checks anything.</summary>
    public static (bool IsSum, bool IsSkip) Sum(string array, string word)
    {
        var text = Quoted().Match(word) is { Success: true } quoted ? quoted.Groups["in"].Value : word;
        var length = DigestLength(array);
        return text == "SKIP" ? (true, true)
            : length == 0 ? (text.Length is > 0 and <= 10 && text.All(char.IsAsciiDigit), false)
            : (text.Length == length && text.All(char.IsAsciiHexDigit), false);
    }

    /// <summary>What a piece sets when it is an assignment of a version or a release to a plain value; null when it is none.</summary>
    public static string? VersionSet(ShellPiece piece) =>
        piece.Assignment is { Adds: false, Name: "pkgver" or "_pkgver" or "pkgrel" } set && Plain().IsMatch(set.Value) ? set.Name : null;

    [GeneratedRegex("^(?<kind>ck|md5|sha1|sha224|sha256|sha384|sha512|b2)sums(_[A-Za-z0-9_]+)?$")]
    private static partial Regex SumsArray();

    [GeneratedRegex("""^(?:'(?<in>[^'"]*)'|"(?<in>[^'"]*)")$""")]
    private static partial Regex Quoted();

    /// <summary>No expansion, no glob, nothing that the shell does anything with.</summary>
    [GeneratedRegex("""^(?:[A-Za-z0-9_.+-]+|'[A-Za-z0-9_.+-]+'|"[A-Za-z0-9_.+-]+")\z""")]
    private static partial Regex Plain();
}
