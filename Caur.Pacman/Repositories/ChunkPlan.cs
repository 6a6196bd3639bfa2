namespace Caur.Pacman;

/// <summary>
/// Divides the sorted entries of a database into chunks. Where a chunk begins depends only on the entry there and its neighbour, never
/// on the history: the same entries give the same bytes, and a change of one entry leaves all chunks but one or two as they are.
/// </summary>
internal sealed class ChunkPlan
{
    /// <summary>
    /// The mean size of a chunk in plain bytes. Smaller ones are quicker to make anew, but each begins without knowledge of what came
    /// before, which costs size: about 2 % at 32 KiB.
    /// </summary>
    private const int MeanSize = 32 * 1024;

    private ChunkPlan(IReadOnlyList<ArchiveChunk> chunks) => Chunks = chunks;

    public static ChunkPlan Empty { get; } = new([]);

    public IReadOnlyList<ArchiveChunk> Chunks { get; }

    /// <summary>Plans the chunks and takes over those that the plan before had too.</summary>
    public static ChunkPlan Make(ReadOnlyMemory<RepositoryEntry> entries, DatabaseKind kind, ChunkPlan before)
    {
        var known = new Dictionary<RepositoryEntry, ArchiveChunk>(before.Chunks.Count, ReferenceEqualityComparer.Instance);
        foreach (var chunk in before.Chunks)
        {
            known.Add(chunk.First, chunk);
        }

        var chunks = new List<ArchiveChunk>();
        var start = 0;
        for (var i = 1; i <= entries.Length; i++)
        {
            if (i < entries.Length && !Begins(entries.Span[i - 1], entries.Span[i], kind))
            {
                continue;
            }

            var part = entries[start..i];
            chunks.Add(known.TryGetValue(part.Span[0], out var old) && old.Holds(part.Span)
                ? old
                : new ArchiveChunk(part.ToArray(), kind));
            start = i;
        }

        return new ChunkPlan(chunks);
    }

    /// <summary>An entry begins a chunk with a chance that grows with its size, and always beside one that fills a chunk alone.</summary>
    private static bool Begins(RepositoryEntry before, RepositoryEntry entry, DatabaseKind kind)
    {
        var size = entry.SizeIn(kind);
        return size >= MeanSize || before.SizeIn(kind) >= MeanSize || entry.Hash % MeanSize < (uint)size;
    }
}
