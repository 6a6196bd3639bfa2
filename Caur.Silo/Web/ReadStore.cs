namespace Caur.Silo.Web;

/// <summary>Answers in memory, bounded in number and bytes; those that were not asked for the longest go first.</summary>
internal sealed class ReadStore(int mostEntries, long mostBytes)
{
    private readonly Dictionary<ReadKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];
    private readonly Lock _lock = new();
    private long _bytes;

    /// <summary>An answer, and when the hub said last that it is so.</summary>
    public (StoredRead Read, DateTimeOffset Checked)? Find(ReadKey key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddLast(node);
            return (node.Value.Read, node.Value.Checked);
        }
    }

    public void Put(ReadKey key, StoredRead read, DateTimeOffset now)
    {
        lock (_lock)
        {
            Remove(key);
            _entries[key] = _byUse.AddLast(new Entry(key, read, now));
            _bytes += key.Bytes + read.Bytes;
            while (_byUse.First is { } oldest && (_entries.Count > mostEntries || _bytes > mostBytes))
            {
                Remove(oldest.Value.Key);
            }
        }
    }

    private void Remove(ReadKey key)
    {
        if (_entries.Remove(key, out var node))
        {
            _byUse.Remove(node);
            _bytes -= key.Bytes + node.Value.Read.Bytes;
        }
    }

    private sealed record Entry(ReadKey Key, StoredRead Read, DateTimeOffset Checked);
}
