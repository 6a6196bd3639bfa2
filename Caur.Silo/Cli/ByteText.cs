using System.Globalization;

namespace Caur.Silo.Cli;

/// <summary>Numbers of bytes for people.</summary>
internal static class ByteText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary><c>512 B</c>, <c>1.5 KiB</c>, ...</summary>
    public static string Of(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? $"{bytes}" : value.ToString("0.0", CultureInfo.InvariantCulture))} {Units[unit]}");
    }
}
