using System.Text.Json;
using System.Text.Json.Serialization;
using Caur.Storage.Files;

namespace Caur.Api.Idempotency;

/// <summary>The keys of writes and their answers: a file each in a folder of the data folder, which appears whole and synced. Keys are few
/// and short-lived; what a database would add is not needed.</summary>
internal sealed class KeyStore(string folder, IdempotencyOptions options, TimeProvider clock)
{
    /// <summary>Answers are for who has the token.</summary>
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string Extension = ".json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (DateTimeOffset Created, long Bytes)> _kept = [];
    private readonly SortedSet<(DateTimeOffset Created, string Slot)> _byAge = [];

    /// <summary>Answers that no file may hold, by slot.</summary>
    private readonly Dictionary<string, KeyedAnswer> _secrets = [];

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
        lock (_lock)
        {
            ReadFolder();
            if (!_kept.TryGetValue(slot, out var kept))
            {
                return null;
            }

            if (kept.Created + options.Keep <= clock.GetUtcNow())
            {
                Remove(slot);
                return null;
            }
        }

        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PathOf(slot));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            // It had to make room in between, or somebody removed the folder.
            return null;
        }

        var record = JsonSerializer.Deserialize<KeyRecord>(bytes, Json) ?? throw new JsonException("it is empty");
        lock (_lock)
        {
            return record.Answer is null && _secrets.TryGetValue(slot, out var secret) ? record with { Answer = secret } : record;
        }
    }

    /// <summary>Keeps a record, durable when this returns, in place of an earlier one of the key.</summary>
    /// <param name="slot">The key's name here.</param>
    /// <param name="record">What is kept.</param>
    /// <param name="isSecret">Its answer stays in memory.</param>
    public async Task SaveAsync(string slot, KeyRecord record, bool isSecret = false)
    {
        lock (_lock)
        {
            ReadFolder();
            if (isSecret && record.Answer is { } answer)
            {
                if (_kept.ContainsKey(slot))
                {
                    _secrets[slot] = answer;
                }

                return;
            }
        }

        Directory.CreateDirectory(folder, DataFolders.Private);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(record, Json);
        await AtomicFile.WriteAsync(PathOf(slot), bytes, CancellationToken.None, Mode);
        lock (_lock)
        {
            Forget(slot);
            Note(slot, record.Created, bytes.Length);

            // The newest stays: it is the one that somebody works with.
            while (_kept.Count > 1 && (_kept.Count > options.Keys || _bytes > options.Bytes))
            {
                Remove(_byAge.Min is var oldest && oldest.Slot != slot ? oldest.Slot : _byAge.First(kept => kept.Slot != slot).Slot);
            }
        }
    }

    /// <summary>Removes what is kept no longer, and what a crash left.</summary>
    public void Sweep()
    {
        lock (_lock)
        {
            ReadFolder();
            var now = clock.GetUtcNow();
            while (_byAge.Count > 0 && _byAge.Min.Created + options.Keep <= now)
            {
                Remove(_byAge.Min.Slot);
            }

            AtomicFile.Sweep(folder, now - TimeSpan.FromHours(1));
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
        if (Directory.Exists(folder))
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + Extension).Where(file => FileHash.IsSha256(Path.GetFileNameWithoutExtension(file.Name))))
            {
                Note(Path.GetFileNameWithoutExtension(file.Name), file.LastWriteTimeUtc, file.Length);
            }
        }
    }

    private void Note(string slot, DateTimeOffset created, long bytes)
    {
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
