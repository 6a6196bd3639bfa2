using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caur.Api.Audit;

/// <summary>The audit log's files: <c>audit.log</c>, and beside it those put aside, each with the number of its last line at the end of
/// its name.</summary>
internal static class AuditFiles
{
    private const int Digits = 15;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,

        // For people who look with less and grep; whoever shows it in a page escapes for that.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>One line, with its end.</summary>
    public static byte[] Line(AuditEntry entry) => [.. JsonSerializer.SerializeToUtf8Bytes(entry, Json), (byte)'\n'];

    /// <summary>Reads a line; null for one that a crash tore.</summary>
    public static AuditEntry? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditEntry>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The name under which a file is put aside.</summary>
    public static string AsideName(string path, long last) => $"{path}.{last.ToString($"D{Digits}", CultureInfo.InvariantCulture)}";

    /// <summary>The files put aside, the oldest first, each with the number of its last line.</summary>
    public static IReadOnlyList<(string Path, long Last)> Aside(string path) =>
    [
        .. Directory.EnumerateFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*")
            .Select(file => (Path: file, Last: Last(Path.GetExtension(file).TrimStart('.'))))
            .Where(file => file.Last > 0)
            .OrderBy(file => file.Last),
    ];

    /// <summary>The number of the last whole line, and whether the file ends with a whole one.</summary>
    public static (long Seq, bool IsWhole) End(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length == 0)
        {
            return (Aside(path) is [.., var newest] ? newest.Last : 0, true);
        }

        file.Seek(-1, SeekOrigin.End);
        var isWhole = file.ReadByte() == '\n';
        file.Seek(0, SeekOrigin.Begin);
        long last = 0;
        using var reader = new StreamReader(file, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            last = Seq(line) is { } seq and > 0 && seq > last && Parse(line) is not null ? seq : last;
        }

        return (last > 0 ? last : Aside(path) is [.., var before] ? before.Last : 0, isWhole);
    }

    /// <summary>The number at the begin of a line, without reading the rest.</summary>
    public static long? Seq(string line)
    {
        const string Start = "{\"seq\":";
        if (!line.StartsWith(Start, StringComparison.Ordinal))
        {
            return null;
        }

        var end = line.IndexOf(',', Start.Length);
        return end > 0 && long.TryParse(line.AsSpan(Start.Length..end), NumberStyles.None, CultureInfo.InvariantCulture, out var seq) ? seq : null;
    }

    private static long Last(string suffix) =>
        suffix.Length == Digits && long.TryParse(suffix, NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : 0;
}
