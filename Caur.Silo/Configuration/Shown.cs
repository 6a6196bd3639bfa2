using System.Text.RegularExpressions;

namespace Caur.Silo.Configuration;

/// <summary>Values as they may be shown: short, on one line, without secrets.</summary>
internal static partial class Shown
{
    /// <summary>What stands for a secret.</summary>
    public const string Mask = "***";

    private const int Longest = 100;

    /// <summary>A value: control characters become question marks, passwords in addresses and what is longer than 100 characters go.</summary>
    public static string Text(string value)
    {
        var masked = Password().Replace(value, "$1" + Mask + "@");
        var cut = masked.Length > Longest ? masked[..Longest] + "..." : masked;
        return new([.. cut.Select(c => char.IsControl(c) ? '?' : c)]);
    }

    /// <summary>An address's password, or its name without one, which is a token then.</summary>
    [GeneratedRegex(@"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s""'?#]*@", RegexOptions.CultureInvariant)]
    private static partial Regex Password();
}
