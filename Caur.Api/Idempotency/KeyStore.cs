using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Storage.Files;

namespace Caur.Api.Idempotency;

/// <summary>The keys of writes and their answers: a file each in a folder of the data folder, which appears whole and synced. Keys are few
/// and short-lived; what a database would add is not needed. Several processes may share the folder.</summary>
internal sealed class KeyStore(string folder, IdempotencyOptions options, TimeProvider clock)
{
    /// <summary>Answers are for who has the token.</summary>
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string Extension = ".json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (DateTimeOffset Created, long Bytes)> _kept = [];
    private readonly SortedSet<(DateTimeOffset Created, string Slot)> _byAge = [];

    /// <summary>Answers that no file may hold, by slot, and when the file was written that they belong to.</summary>
    private readonly Dictionary<string, (KeyedAnswer Answer, DateTime Written)> _secrets = [];

    private long _bytes;
    private bool _read;

    /// <summary>How many keys are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                ReadFolder();
                return _kept.Count;
            }
        }
    }

    /// <summary>What is kept of a key; null when nothing is, or no longer.</summary>
    /// <param name="slot">The key's name here, 64 hexadecimal digits.</param>
    /// <exception cref="JsonException">What is kept cannot be read.</exception>
    public KeyRecord? Find(string slot)
    {
        // The file, not what is known of it here: another process may have made it, added the answer, or removed it.
        byte[] bytes;
        DateTime written;
        try
        {
            written = File.GetLastWriteTimeUtc(PathOf(slot));
            bytes = File.ReadAllBytes(PathOf(slot));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var record = JsonSerializer.Deserialize<KeyRecord>(bytes, Json) ?? throw new JsonException("it is empty");
        lock (_lock)
        {
            ReadFolder();
            if (record.Created + options.Keep <= clock.GetUtcNow())
            {
                Remove(slot);
                return null;
            }

            Note(slot, record.Created, bytes.Length);
            return record.Answer is null && _secrets.TryGetValue(slot, out var secret) && secret.Written == written
                ? record with { Answer = secret.Answer }
                : record;
        }
    }

    /// <summary>Keeps a record, durable when this returns, where there is none of the key.</summary>
    /// <returns>What is kept: the record, or that which another process made in the meantime.</returns>
    /// <exception cref="JsonException">There is one that cannot be read.</exception>
    public async Task<KeyRecord> AddAsync(string slot, KeyRecord record)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(record, Json);
        while (true)
        {
            Directory.CreateDirectory(folder, DataFolders.Private);
            if (await Task.Run(() => AtomicFile.TryAdd(PathOf(slot), bytes, Mode)))
            {
                NoteSaved(slot, record, bytes.Length);
                return record;
            }

            // None any more when it had just ended, and is removed with that.
            if (Find(slot) is { } first)
            {
                return first;
            }
        }
    }

    /// <summary>Keeps a record, durable when this returns, in place of an earlier one of the key.</summary>
    /// <param name="slot">The key's name here.</param>
    /// <param name="record">What is kept.</param>
    /// <param name="isSecret">Its answer stays in memory.</param>
    public async Task SaveAsync(string slot, KeyRecord record, bool isSecret = false)
    {
        var answer = record.Answer;
        Directory.CreateDirectory(folder, DataFolders.Private);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(isSecret ? record with { Answer = null } : record, Json);
        await AtomicFile.WriteAsync(PathOf(slot), bytes, CancellationToken.None, Mode);
        NoteSaved(slot, record, bytes.Length);
        if (isSecret && answer is not null)
        {
            // Written anew: a process that gave an earlier answer, with a secret that this one replaced, sees that it holds no more.
            var written = File.GetLastWriteTimeUtc(PathOf(slot));
            lock (_lock)
            {
                _secrets[slot] = (answer, written);
            }
        }
    }

    /// <summary>Removes what is kept no longer, and what a crash left.</summary>
    public void Sweep()
    {
        lock (_lock)
        {
            _read = false;
            ReadFolder();
            var now = clock.GetUtcNow();
            while (_byAge.Count > 0 && _byAge.Min is var oldest && oldest.Created + options.Keep <= now)
            {
                // Another process may have used the key again since.
                var written = new DateTimeOffset(File.GetLastWriteTimeUtc(PathOf(oldest.Slot)));
                if (written > oldest.Created && written + options.Keep > now)
                {
                    Note(oldest.Slot, written, _kept[oldest.Slot].Bytes);
                }
                else
                {
                    Remove(oldest.Slot);
                }
            }

            MakeRoom(keep: null);
            AtomicFile.Sweep(folder, now - TimeSpan.FromHours(1));
            SweepLocks(now - TimeSpan.FromHours(1));
        }
    }

    /// <summary>Removes what processes had locked that were killed.</summary>
    private void SweepLocks(DateTimeOffset writtenBefore)
    {
        if (Directory.Exists(folder))
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + KeyTurns.Extension).Where(file => file.LastWriteTimeUtc < writtenBefore.UtcDateTime))
            {
                FileMutex.TryTakePassing(file.FullName)?.Dispose();
            }
        }
    }

    private void NoteSaved(string slot, KeyRecord record, long bytes)
    {
        lock (_lock)
        {
            ReadFolder();
            Note(slot, record.Created, bytes);

            // The newest stays: it is the one that somebody works with.
            MakeRoom(slot);
        }
    }

    private void MakeRoom(string? keep)
    {
        while (_kept.Count > 1 && (_kept.Count > options.Keys || _bytes > options.Bytes))
        {
            Remove(_byAge.Min is var oldest && oldest.Slot != keep ? oldest.Slot : _byAge.First(kept => kept.Slot != keep).Slot);
        }
    }

    private string PathOf(string slot) => Path.Combine(folder, slot + Extension);

    /// <summary>A file's time is that of its answer, which is not earlier than its key's: it is kept a little longer, never shorter.</summary>
    private void ReadFolder()
    {
        if (_read)
        {
            return;
        }

        _read = true;
        var there = new HashSet<string>(StringComparer.Ordinal);
        if (Directory.Exists(folder))
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + Extension).Where(file => FileHash.IsSha256(Path.GetFileNameWithoutExtension(file.Name))))
            {
                var slot = Path.GetFileNameWithoutExtension(file.Name);
                there.Add(slot);
                Note(slot, _kept.TryGetValue(slot, out var known) ? known.Created : file.LastWriteTimeUtc, file.Length);
            }
        }

        foreach (var gone in _kept.Keys.Where(slot => !there.Contains(slot)).ToList())
        {
            Forget(gone);
            _secrets.Remove(gone);
        }
    }

    private void Note(string slot, DateTimeOffset created, long bytes)
    {
        Forget(slot);
        _kept[slot] = (created, bytes);
        _byAge.Add((created, slot));
        _bytes += bytes;
    }

    private void Forget(string slot)
    {
        if (_kept.Remove(slot, out var kept))
        {
            _byAge.Remove((kept.Created, slot));
            _bytes -= kept.Bytes;
        }
    }

    private void Remove(string slot)
    {
        Forget(slot);
        _secrets.Remove(slot);
        File.Delete(PathOf(slot));
    }
}
