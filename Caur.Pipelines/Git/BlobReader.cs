using System.Globalization;
using System.Text;

namespace Caur.Pipelines.Git;

/// <summary>Reads many files of a repository at once, by their object ids.</summary>
/// <param name="git">The repository.</param>
internal sealed class BlobReader(GitRepository git)
{
    /// <summary>So many bytes are in memory at the same time.</summary>
    internal int MostBytes { get; init; } = 64 << 20;

    /// <summary>So many files are asked for at once.</summary>
    internal int MostFiles { get; init; } = 8192;

    /// <summary>Reads files and hands out each.</summary>
    /// <param name="blobs">Their object ids.</param>
    /// <param name="largest">Of larger ones, in bytes, the content is not read.</param>
    /// <param name="take">Called with the id and the content; with null for one that is too large.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">The repository lacks one, or it is no file.</exception>
    public async Task ReadAsync(
        IReadOnlyCollection<string> blobs, int largest, Action<string, ReadOnlyMemory<byte>?> take, CancellationToken cancellationToken)
    {
        foreach (var some in blobs.Chunk(MostFiles))
        {
            // Thousands of them together are a few MiB: their sizes are asked for only when they are not.
            var read = await git.RunAsync(["cat-file", "--batch"], cancellationToken, Lines(some), MostBytes);
            if (!read.OutputCut)
            {
                Parse(read.Succeeded ? read.Output : throw Damaged(GitText.Of(read)), some, largest, take);
                continue;
            }

            foreach (var part in await PartsAsync(some, largest, take, cancellationToken))
            {
                Parse((await git.RequireAsync(["cat-file", "--batch"], cancellationToken, Lines(part))).Output, part, largest, take);
            }
        }
    }

    private static byte[] Lines(IEnumerable<string> blobs) => Encoding.ASCII.GetBytes(string.Concat(blobs.Select(blob => blob + "\n")));

    private static void Parse(ReadOnlyMemory<byte> rest, IEnumerable<string> blobs, int largest, Action<string, ReadOnlyMemory<byte>?> take)
    {
        foreach (var blob in blobs)
        {
            // <oid> SP <type> SP <size> LF <contents> LF
            var line = rest.Span.IndexOf((byte)'\n');
            var length = line < 0 ? -1 : Size(Encoding.ASCII.GetString(rest.Span[..line]));
            if (length < 0)
            {
                throw Damaged($"it does not know the file {blob}");
            }

            // Without its type, null would become an empty file.
            take(blob, length <= largest ? rest.Slice(line + 1, (int)length) : (ReadOnlyMemory<byte>?)null);
            rest = rest[(line + 1 + (int)length + 1)..];
        }
    }

    private static long Size(string header) =>
        header.Split(' ') is [_, "blob", var size] && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : -1;

    private static SourceUnavailableException Damaged(string what) => new($"git cat-file failed: {what}; the clone is damaged: remove it");

    /// <summary>Those that are not too large, in parts that fit into memory.</summary>
    private async Task<List<List<string>>> PartsAsync(
        IEnumerable<string> blobs, int largest, Action<string, ReadOnlyMemory<byte>?> take, CancellationToken cancellationToken)
    {
        var wanted = blobs.ToList();
        var sizes = (await git.RequireAsync(["cat-file", "--batch-check"], cancellationToken, Lines(wanted))).OutputText.Split('\n');
        var parts = new List<List<string>>();
        long bytes = 0;
        foreach (var (blob, header) in wanted.Zip(sizes))
        {
            var size = Size(header);
            if (size < 0)
            {
                throw Damaged($"it does not know the file {blob}");
            }

            if (size > largest)
            {
                take(blob, null);
                continue;
            }

            bytes += size;
            if (parts.Count == 0 || bytes > MostBytes)
            {
                parts.Add([]);
                bytes = size;
            }

            parts[^1].Add(blob);
        }

        return parts;
    }
}
