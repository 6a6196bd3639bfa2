using System.Globalization;
using System.Text;

namespace Caur.Pipelines.Upstream;

/// <summary>Reads what <c>git cat-file --batch</c> writes: for each object a line <c>OID TYPE SIZE</c>, its bytes and a newline (git-cat-file(1)).</summary>
internal static class BatchOutput
{
    /// <summary>What git reads to give objects in this order.</summary>
    public static byte[] Request(IEnumerable<string> oids) => Encoding.ASCII.GetBytes(string.Concat(oids.Select(oid => oid + "\n")));

    /// <summary>Takes the next object from the start of the output.</summary>
    /// <returns>Its bytes; null when it is no blob, is missing, or the output ends.</returns>
    public static ReadOnlyMemory<byte>? Next(ref ReadOnlyMemory<byte> output)
    {
        var line = output.Span.IndexOf((byte)'\n');
        if (line < 0 || Encoding.ASCII.GetString(output.Span[..line]).Split(' ') is not [_, "blob", var size]
            || !int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var length) || output.Length < line + 1 + length + 1)
        {
            return null;
        }

        var content = output.Slice(line + 1, length);
        output = output[(line + 1 + length + 1)..];
        return content;
    }
}
