using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Web;

/// <summary>Files with the headers that belong to them, in one folder that is this process' own, bounded in bytes: what was not asked for the
/// longest goes first. It holds nothing that the hub has not, and may be removed while nobody runs on it.</summary>
/// <remarks>A file <c>HASH.json</c> names a file <c>HASH-N.body</c>; either appears whole by being renamed, the description last. What is still
/// written is called <c>*.part</c>.</remarks>
internal sealed partial class DiskCache : IDisposable
{
    private const string LockName = "cache.lock";

    private readonly string _folder;
    private readonly long _mostBytes;
    private readonly ILogger<DiskCache> _logger;
    private readonly FileStream _lockFile;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = [];
    private readonly Lock _lock = new();
    private long _bytes;

    private DiskCache(string folder, long mostBytes, FileStream lockFile, TimeProvider clock, ILogger<DiskCache> logger) =>
        (_folder, _mostBytes, _lockFile, _clock, _logger) = (folder, mostBytes, lockFile, clock, logger);

    /// <summary>How much is there, with what is being written.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>How many are kept, all of them whole.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Opens it, makes its folder when it is new, and sweeps what a process left that ended in the middle.</summary>
    /// <exception cref="IOException">The folder cannot be used, or another process uses it; the message says which.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is not this user's.</exception>
    public static DiskCache Open(string folder, long mostBytes, TimeProvider clock, ILogger<DiskCache> logger)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, LockName);
        FileStream taken;
        try
        {
            taken = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException used) when (File.Exists(path))
        {
            throw new IOException($"another 'caur web' uses the cache {folder}: name another folder with --data", used);
        }

        var cache = new DiskCache(folder, mostBytes, taken, clock, logger);
        cache.Sweep();
        return cache;
    }

    /// <summary>Opens what is kept under a key; null when nothing is.</summary>
    public KeptFile? Find(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(Stem(key), out var node) || node.Value.Description.Key != key)
            {
                return null;
            }

            var entry = node.Value;
            try
            {
                var body = new FileStream(PathOf(entry.Description.Body), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1, FileOptions.Asynchronous);
                if (body.Length == entry.Description.Length)
                {
                    _byUse.Remove(node);
                    _byUse.AddLast(node);
                    File.SetLastAccessTimeUtc(PathOf(entry.Stem + ".json"), _clock.GetUtcNow().UtcDateTime);
                    return new KeptFile(entry.Description, body, entry.Checked);
                }

                body.Dispose();
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // Somebody removed it.
            }

            Remove(node);
            return null;
        }
    }

    /// <summary>Begins a file that is kept when it is committed.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public PartFile Begin(string key) => new(this, key, PathOf($"{Stem(key)}-{Guid.NewGuid():N}.part"));

    /// <summary>Notes that the hub has it as it is here.</summary>
    public void Confirm(string key)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(Stem(key), out var node))
            {
                node.Value.Checked = _clock.GetUtcNow();
            }
        }
    }

    /// <summary>Forgets what is kept under a key. Who reads it reads on.</summary>
    public void Remove(string key)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(Stem(key), out var node))
            {
                Remove(node);
            }
        }
    }

    public void Dispose() => _lockFile.Dispose();

    /// <summary>Counts what is being written, and makes room for it.</summary>
    internal void Grow(long bytes)
    {
        lock (_lock)
        {
            _bytes += bytes;
            MakeRoom();
        }
    }

    /// <summary>Keeps a part that is whole; its bytes are counted already.</summary>
    internal void Keep(string key, string part, long length, Dictionary<string, string[]> headers)
    {
        var stem = Stem(key);
        var description = new KeptDescription { Key = key, Body = $"{Path.GetFileNameWithoutExtension(part)}.body", Length = length, Headers = headers };
        var text = PathOf($"{stem}-{Guid.NewGuid():N}.part");
        File.WriteAllBytes(text, JsonSerializer.SerializeToUtf8Bytes(description));
        lock (_lock)
        {
            File.Move(part, PathOf(description.Body));
            if (_entries.TryGetValue(stem, out var older))
            {
                Remove(older);
            }

            File.Move(text, PathOf(stem + ".json"), overwrite: true);
            _entries[stem] = _byUse.AddLast(new Entry(stem, description) { Checked = _clock.GetUtcNow() });
            MakeRoom();
        }
    }

    private static string Stem(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 20));

    private string PathOf(string name) => Path.Combine(_folder, name);

    private void MakeRoom()
    {
        while (_bytes > _mostBytes && _byUse.First is { } oldest)
        {
            Remove(oldest);
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        var entry = node.Value;
        _entries.Remove(entry.Stem);
        _byUse.Remove(node);
        _bytes -= entry.Description.Length;
        try
        {
            File.Delete(PathOf(entry.Stem + ".json"));
            File.Delete(PathOf(entry.Description.Body));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogNotRemoved(_logger, entry.Description.Body, error);
        }
    }

    private void Sweep()
    {
        var named = new HashSet<string>(StringComparer.Ordinal) { LockName };
        var found = new List<(Entry Entry, DateTime Used)>();
        foreach (var path in Directory.EnumerateFiles(_folder, "*.json"))
        {
            var stem = Path.GetFileNameWithoutExtension(path);
            if (Read(path) is { } description && Stem(description.Key) == stem
                && Path.GetFileName(description.Body) == description.Body
                && new FileInfo(PathOf(description.Body)) is { Exists: true } body && body.Length == description.Length)
            {
                named.Add(Path.GetFileName(path));
                named.Add(description.Body);
                found.Add((new Entry(stem, description), File.GetLastAccessTimeUtc(path)));
            }
        }

        foreach (var path in Directory.EnumerateFiles(_folder).Where(path => !named.Contains(Path.GetFileName(path)) && IsOurs(path)))
        {
            File.Delete(path);
        }

        foreach (var (entry, _) in found.OrderBy(static one => one.Used))
        {
            _entries[entry.Stem] = _byUse.AddLast(entry);
            _bytes += entry.Description.Length;
        }

        MakeRoom();
    }

    /// <summary>A folder that somebody named by mistake loses nothing of its own.</summary>
    private static bool IsOurs(string path)
    {
        var (name, ending) = (Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
        return name.Length >= 40 && name.AsSpan(0, 40).IndexOfAnyExcept("0123456789abcdef") < 0
            && (ending is ".part" or ".body" ? name.Length == 73 && name[40] == '-' : ending is ".json" && name.Length == 40);
    }

    private static KeptDescription? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<KeptDescription>(File.ReadAllBytes(path));
        }
        catch (Exception damaged) when (damaged is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name} of the cache could not be removed")]
    private static partial void LogNotRemoved(ILogger logger, string name, Exception exception);

    private sealed class Entry(string stem, KeptDescription description)
    {
        public string Stem { get; } = stem;

        public KeptDescription Description { get; } = description;

        /// <summary>When the hub said last that it is so.</summary>
        public DateTimeOffset Checked { get; set; } = DateTimeOffset.MinValue;
    }
}
