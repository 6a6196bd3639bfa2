using System.Collections.Concurrent;
using Caur.Pacman;
using Caur.Storage.Files;
using Caur.Storage.Signing;
using Caur.Storage.State;

namespace Caur.Storage.Repositories;

/// <summary>Reads and writes the generations of one repository, and remembers the database of the current one.</summary>
internal sealed class GenerationStore(RepositoryLayout layout, GpgSigner signer)
{
    private static readonly StateJson Json = new();

    private readonly ConcurrentDictionary<int, GenerationInfo> _infos = new();
    private Loaded? _loaded;

    /// <summary>The database of a generation; the empty one for 0.</summary>
    /// <exception cref="RepositoryDamagedException">It is missing or cannot be read.</exception>
    public async Task<RepositoryDatabase> LoadAsync(int number, CancellationToken cancellationToken)
    {
        if (number == 0)
        {
            return RepositoryDatabase.Empty;
        }

        if (Volatile.Read(ref _loaded) is { } known && known.Number == number)
        {
            return known.Database;
        }

        var folder = layout.Generation(number);
        try
        {
            await using var packages = File.OpenRead(Path.Combine(folder, layout.DatabaseName));
            await using var files = File.OpenRead(Path.Combine(folder, layout.FilesName));
            var result = await RepositoryDatabase.ReadAsync(packages, files, cancellationToken: cancellationToken);
            return result.IsValid ? result.Value : throw new RepositoryDamagedException(number, string.Join("; ", result.Errors));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RepositoryDamagedException(number, error.Message, error);
        }
    }

    /// <summary>Whether others have followed the current generation, as far as the folder tells, or the caller's record.</summary>
    /// <param name="published">The newest generation that is known to have been published; 0 when nothing is known.</param>
    /// <returns>What was found and how to mend it; null when the current generation is the newest.</returns>
    public RepositoryDamagedException? FindSetBack(int published)
    {
        var current = layout.ReadCurrent();
        var newest = layout.ReadNumbers() is [.., var last] ? last : 0;

        // The one after it may be what a publication that died had not made current yet, and is made anew.
        return (newest > current + 1 || published > current) && layout.ReadCurrent() == current
            ? RepositoryDamagedException.SetBack(layout, current, Math.Max(newest, published))
            : null;
    }

    /// <summary>The database of the current generation, kept in memory until another is current.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="evenSetBack">Also when others have followed it.</param>
    /// <exception cref="RepositoryDamagedException">It cannot be read, or the repository was set back.</exception>
    public async Task<(int Number, RepositoryDatabase Database)> LoadCurrentAsync(CancellationToken cancellationToken, bool evenSetBack = false)
    {
        if (!evenSetBack && FindSetBack(published: 0) is { } setBack)
        {
            throw setBack;
        }

        var number = layout.ReadCurrent();
        var database = await LoadAsync(number, cancellationToken);
        Remember(number, database);
        return (number, database);
    }

    public void Remember(int number, RepositoryDatabase database) => Volatile.Write(ref _loaded, new Loaded(number, database));

    /// <summary>The record of a generation; null when there is no such generation.</summary>
    /// <exception cref="RepositoryDamagedException">It cannot be read.</exception>
    public GenerationInfo? ReadInfo(int number)
    {
        try
        {
            return Json.Deserialize<GenerationInfo>(File.ReadAllBytes(layout.Info(number)));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (StateUnreadableException error)
        {
            throw new RepositoryDamagedException(number, error.Message, error);
        }
    }

    /// <summary>The record of a generation that is or was current, which never changes and so is read once. Without
    /// <see cref="GenerationInfo.Retired"/>, which is long and of use in the newest alone.</summary>
    /// <returns>Null when there is no such generation, or its record cannot be read: then <paramref name="damage"/> says why.</returns>
    public GenerationInfo? TryReadInfo(int number, out string? damage)
    {
        damage = null;
        if (!File.Exists(layout.Info(number)))
        {
            _infos.TryRemove(number, out _);
            damage = Directory.Exists(layout.Generation(number)) ? $"generation {number}: its record is missing" : null;
            return null;
        }

        try
        {
            return _infos.TryGetValue(number, out var known) ? known
                : ReadInfo(number) is { } info ? _infos[number] = info with { Retired = [] }
                : null;
        }
        catch (RepositoryDamagedException damaged)
        {
            damage = damaged.Message;
            return null;
        }
    }

    /// <summary>Writes a generation into a hidden folder.</summary>
    /// <returns>The folder, not yet synced.</returns>
    public async Task<string> WriteAsync(RepositoryDatabase database, GenerationInfo info, CancellationToken cancellationToken)
    {
        FilePlacement.CreatePublicFolder(layout.Generations);
        var folder = AtomicFile.NewTemporary(layout.Generation(info.Number));
        FilePlacement.CreatePublicFolder(folder);
        try
        {
            using var signatures = signer.BeginBatch();
            await Task.WhenAll(
                WriteSignedAsync(Path.Combine(folder, layout.DatabaseName), database, DatabaseKind.Packages, signatures, cancellationToken),
                WriteSignedAsync(Path.Combine(folder, layout.FilesName), database, DatabaseKind.Files, signatures, cancellationToken));
            foreach (var (link, file) in layout.ShortNames)
            {
                File.CreateSymbolicLink(Path.Combine(folder, link), file);
            }

            await File.WriteAllBytesAsync(layout.InfoIn(folder), Json.Serialize(info), cancellationToken);
            SetTimes(folder, info);
            return folder;
        }
        catch
        {
            // Not for a crash, which the sweep handles, but for gpg and full disks, which may be tried again and again.
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Syncs a written folder and gives it its number. What had the number was never current, and goes. The number is durable
    /// after <see cref="SyncNames"/>.</summary>
    /// <param name="folder">The hidden folder; it goes when it cannot be named.</param>
    /// <param name="number">Its number.</param>
    /// <param name="basis">The generation that it follows.</param>
    /// <returns>False when another generation than <paramref name="basis"/> is current by now: then nothing has changed.</returns>
    public bool Name(string folder, int number, int basis)
    {
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(file => file.LinkTarget is null))
        {
            File.SetUnixFileMode(file.FullName, AtomicFile.Readable);
            AtomicFile.SyncFile(file.FullName);
        }

        Libc.SyncFolder(folder);
        if (layout.ReadCurrent() is var current && (current != basis || number <= current))
        {
            Directory.Delete(folder, recursive: true);
            return false;
        }

        Discard(number);
        Libc.Rename(folder, layout.Generation(number));
        return true;
    }

    /// <summary>Makes durable which generations there are and which is current.</summary>
    public void SyncNames() => Libc.SyncFolder(layout.Generations);

    /// <summary>Removes a generation: first its number, then its files, so that no half of it is ever seen.</summary>
    public void Discard(int number)
    {
        if (Hide(number) is { } hidden)
        {
            Directory.Delete(hidden, recursive: true);
        }
    }

    /// <summary>Takes a generation its number.</summary>
    /// <returns>The hidden folder, which the caller removes; null when there is no such generation.</returns>
    public string? Hide(int number)
    {
        var folder = layout.Generation(number);
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var hidden = AtomicFile.NewTemporary(folder);
        Libc.Rename(folder, hidden);
        _infos.TryRemove(number, out _);
        return hidden;
    }

    /// <summary>Clients ask whether a database is newer than theirs, in whole seconds (If-Modified-Since). One made within the same second
    /// as the one before, or after the clock was set back, would never reach them: so each is a second younger at least.</summary>
    private void SetTimes(string folder, GenerationInfo info)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(info.Time.ToUnixTimeSeconds()).UtcDateTime;
        var newest = layout.ReadNumbers().LastOrDefault(number => number < info.Number);
        var before = new FileInfo(Path.Combine(layout.Generation(newest), layout.DatabaseName));
        var time = before.Exists && before.LastWriteTimeUtc >= now ? before.LastWriteTimeUtc.AddSeconds(1) : now;
        foreach (var (_, file) in layout.ShortNames)
        {
            File.SetLastWriteTimeUtc(Path.Combine(folder, file), time);
        }
    }

    private static async Task WriteSignedAsync(
        string path, RepositoryDatabase database, DatabaseKind kind, SigningBatch signatures, CancellationToken cancellationToken)
    {
        await using (var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0))
        {
            await database.WriteAsync(stream, kind, CompressionFormat.Gzip, cancellationToken);
        }

        await File.WriteAllBytesAsync(
            path + RepositoryLayout.SignatureSuffix, await signatures.SignAsync(path, cancellationToken), cancellationToken);
    }

    private sealed record Loaded(int Number, RepositoryDatabase Database);
}
