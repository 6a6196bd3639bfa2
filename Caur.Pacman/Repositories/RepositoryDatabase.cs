using System.Buffers;
using System.Collections;

namespace Caur.Pacman;

/// <summary>
/// The database of a pacman repository at one moment: its packages by pkgname, in ordinal order. It never changes; a change makes a new
/// one, which shares with the old one what stayed, also in compressed form, so that writing it costs what has changed.
/// The same packages always give the same bytes. Safe for use by many threads at once.
/// </summary>
public sealed class RepositoryDatabase : IReadOnlyCollection<RepositoryEntry>
{
    private const int WriteSize = 1 << 20;

    private readonly RepositoryEntry[] _entries;
    private readonly ChunkPlan _packages;
    private readonly ChunkPlan _files;

    private RepositoryDatabase(RepositoryEntry[] entries, ChunkPlan packagesBefore, ChunkPlan filesBefore)
    {
        _entries = entries;
        _packages = ChunkPlan.Make(entries, DatabaseKind.Packages, packagesBefore);
        var listed = entries.All(entry => entry.HasFiles) ? entries : [.. entries.Where(entry => entry.HasFiles)];
        _files = ChunkPlan.Make(listed, DatabaseKind.Files, filesBefore);
    }

    /// <summary>A database without packages.</summary>
    public static RepositoryDatabase Empty { get; } = new([], ChunkPlan.Empty, ChunkPlan.Empty);

    /// <summary>The number of packages.</summary>
    public int Count => _entries.Length;

    /// <summary>
    /// Reads a database that this library, repo-add or another tool wrote: a tar archive, plain or with gzip, zstd or xz; the first bytes
    /// decide. A damaged or hostile one is refused as a whole, with a named fault.
    /// </summary>
    /// <param name="packages">The <c>.db</c>; left open.</param>
    /// <param name="files">The <c>.files</c>, left open, or null: then no entry knows its files, and <c>.files</c> will be written without them.</param>
    /// <param name="limits">What is borne; <see cref="ArchiveLimits.Database"/> when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static Task<FormatResult<RepositoryDatabase>> ReadAsync(
        Stream packages, Stream? files, ArchiveLimits? limits = null, CancellationToken cancellationToken = default) =>
        Task.Run(
            () => FormatFaultException.Catch(() =>
            {
                var entries = new DatabaseReader(limits ?? ArchiveLimits.Database, cancellationToken).Read(packages, files).ToArray();
                Array.Sort(entries, CompareByName);
                return new RepositoryDatabase(entries, ChunkPlan.Empty, ChunkPlan.Empty);
            }),
            cancellationToken);

    /// <summary>The package of a name, or null.</summary>
    public RepositoryEntry? Find(PackageName name)
    {
        var (low, high) = (0, _entries.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = _entries[middle].Name.CompareTo(name);
            if (order == 0)
            {
                return _entries[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    /// <summary>
    /// The database with changes: first the removals, then the additions, which replace packages of the same name whatever their version.
    /// A removal of what is not there changes nothing; of two additions of one name the later counts.
    /// </summary>
    public RepositoryDatabase With(IEnumerable<RepositoryEntry> addOrReplace, IEnumerable<PackageName> remove)
    {
        var changes = new SortedDictionary<PackageName, RepositoryEntry?>();
        foreach (var name in remove)
        {
            changes[name] = null;
        }

        foreach (var entry in addOrReplace)
        {
            changes[entry.Name] = entry;
        }

        var entries = new List<RepositoryEntry>(_entries.Length + changes.Count);
        var old = 0;
        foreach (var (name, entry) in changes)
        {
            while (old < _entries.Length && _entries[old].Name < name)
            {
                entries.Add(_entries[old++]);
            }

            if (old < _entries.Length && _entries[old].Name == name)
            {
                old++;
            }

            if (entry is not null)
            {
                entries.Add(entry);
            }
        }

        entries.AddRange(_entries.AsSpan(old));
        return new RepositoryDatabase([.. entries], _packages, _files);
    }

    /// <summary>Writes one of the two databases. What earlier databases in this chain wrote is not compressed again.</summary>
    /// <param name="output">Where to; neither flushed to disk nor closed.</param>
    /// <param name="kind">Which of the two.</param>
    /// <param name="format">Plain, gzip or zstd.</param>
    /// <param name="cancellationToken">Ends the writing, with half a file.</param>
    public async Task WriteAsync(
        Stream output, DatabaseKind kind, CompressionFormat format = CompressionFormat.Gzip, CancellationToken cancellationToken = default)
    {
        var blocks = await Task.Run(() => Compress(kind, format, cancellationToken), cancellationToken);
        var parts = blocks.Select(block => (ReadOnlyMemory<byte>)block.Bytes);
        if (format == CompressionFormat.Gzip)
        {
            parts = [GzipArchive.Header.ToArray(), .. parts, GzipArchive.Trailer(blocks)];
        }

        await WriteAsync(output, parts, cancellationToken);
    }

    /// <summary>The packages in the ordinal order of their names.</summary>
    public IEnumerator<RepositoryEntry> GetEnumerator() => ((IEnumerable<RepositoryEntry>)_entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Gathers the parts, which are small: a write for each would cost more than compressing what has changed.</summary>
    private static async Task WriteAsync(Stream output, IEnumerable<ReadOnlyMemory<byte>> parts, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(WriteSize);
        try
        {
            var length = 0;
            foreach (var part in parts)
            {
                var rest = part;
                while (!rest.IsEmpty)
                {
                    var count = Math.Min(rest.Length, buffer.Length - length);
                    rest[..count].CopyTo(buffer.AsMemory(length));
                    rest = rest[count..];
                    length += count;
                    if (length == buffer.Length)
                    {
                        await output.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                        length = 0;
                    }
                }
            }

            await output.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int CompareByName(RepositoryEntry left, RepositoryEntry right) => left.Name.CompareTo(right.Name);

    /// <summary>The compressed chunks and the end of the archive. Many at once, as after a start, are made on all cores.</summary>
    private CompressedBlock[] Compress(DatabaseKind kind, CompressionFormat format, CancellationToken cancellationToken)
    {
        var chunks = (kind == DatabaseKind.Packages ? _packages : _files).Chunks;
        var missing = chunks.Where(chunk => !chunk.IsReady(format)).ToArray();
        var blocks = new CompressedBlock[chunks.Count + 1];
        if (format == CompressionFormat.None || missing.Length < 2)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
        else
        {
            Parallel.ForEach(missing, new ParallelOptions { CancellationToken = cancellationToken }, chunk => chunk.Compressed(format));
        }

        for (var i = 0; i < chunks.Count; i++)
        {
            blocks[i] = chunks[i].Compressed(format);
        }

        blocks[^1] = CompressedBlock.Compress(TarWriter.End, format);
        return blocks;
    }
}
