using System.Buffers;

namespace Caur.Pacman;

/// <summary>
/// Entries that stand together in a written database and are compressed together. A chunk never changes, so the databases that share
/// one share its compressed bytes.
/// </summary>
internal sealed class ArchiveChunk(ReadOnlyMemory<RepositoryEntry> entries, DatabaseKind kind)
{
    private CompressedBlock? _gzip;
    private CompressedBlock? _zstd;

    public RepositoryEntry First => entries.Span[0];

    public bool Holds(ReadOnlySpan<RepositoryEntry> others) => entries.Span.SequenceEqual(others);

    public bool IsReady(CompressionFormat format) => Cached(format) is not null;

    /// <summary>The compressed bytes, made when they are first asked for. Two threads that ask at once make the same.</summary>
    public CompressedBlock Compressed(CompressionFormat format)
    {
        if (Cached(format) is { } known)
        {
            return known;
        }

        var raw = new ArrayBufferWriter<byte>();
        var places = Write(raw);
        var block = CompressedBlock.Compress(raw.WrittenSpan, format);
        switch (format)
        {
            case CompressionFormat.Gzip:
                Volatile.Write(ref _gzip, block);
                break;
            case CompressionFormat.Zstd:
                Volatile.Write(ref _zstd, block);
                break;
            default:
                return block;
        }

        for (var i = 0; i < places.Length; i++)
        {
            entries.Span[i].MoveFiles(new FileListSource.InChunk(block, places[i].Offset, places[i].Length));
        }

        return block;
    }

    private CompressedBlock? Cached(CompressionFormat format) => format switch
    {
        CompressionFormat.Gzip => Volatile.Read(ref _gzip),
        CompressionFormat.Zstd => Volatile.Read(ref _zstd),
        _ => null,
    };

    /// <summary>Writes the members of all entries, and says where the lists of files stand.</summary>
    private (int Offset, int Length)[] Write(ArrayBufferWriter<byte> output)
    {
        var span = entries.Span;
        var places = new (int, int)[kind == DatabaseKind.Files ? span.Length : 0];
        var cache = new FileListSource.ChunkCache();
        for (var i = 0; i < span.Length; i++)
        {
            var entry = span[i];
            TarWriter.WriteDirectory(output, entry.Folder + "/", entry.Time);
            TarWriter.WriteFile(output, entry.Folder + "/desc", entry.Desc.Span, entry.Time);
            if (kind == DatabaseKind.Files)
            {
                var files = entry.Files!.Read(cache);
                TarWriter.WriteFile(output, entry.Folder + "/files", files.Span, entry.Time);
                places[i] = (output.WrittenCount - files.Length - TarHeader.Padding(files.Length), files.Length);
            }
        }

        return places;
    }
}
