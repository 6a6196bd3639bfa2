using System.Text;

namespace Caur.Grains.Logs;

/// <summary>The farm's own lines behind an attempt's output. A line may be said again after a failure: it then stands there already,
/// wholly or, when the disk was full or the process died in the middle of it, in part.</summary>
internal static class FarmLines
{
    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>What is missing so that the line stands there once.</summary>
    /// <param name="said">What stands behind the attempt's output.</param>
    /// <param name="line">Without line end.</param>
    /// <returns>The bytes to append; none when the line is there.</returns>
    public static byte[] Missing(ReadOnlySpan<byte> said, string line)
    {
        var wanted = Encoding.UTF8.GetBytes($"{line}\r\n");
        if (said.IndexOf(wanted) >= 0)
        {
            return [];
        }

        var last = said.LastIndexOf(LineEnd);
        var torn = last < 0 ? said : said[(last + LineEnd.Length)..];
        return wanted.AsSpan().StartsWith(torn) ? wanted[torn.Length..] : [.. LineEnd, .. wanted];
    }
}
