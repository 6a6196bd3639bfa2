using System.Collections.Concurrent;
using Caur.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Logs;

/// <summary>The files of build logs: one per build, in a folder per pkgbase, which is the index by pkgbase.</summary>
public sealed class BuildLogStore(string root, BuildLogOptions? options = null) : IDisposable
{
    private readonly ConcurrentDictionary<LogKey, BuildLogWriter> _writers = new();
    // Logs are opened by the thousand when a repository is rebuilt: only openings of the same log wait for each other.
    private readonly SemaphoreSlim[] _opening = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Where this process's followers wait.</summary>
    public LogTail Tail { get; } = new();

    internal LogSyncs Syncs { get; } = new(root);

    internal BuildLogOptions Options { get; } = options ?? new BuildLogOptions();

    /// <summary>Opens a log for appending and creates it when it is new. An older writer of this process is fenced off.</summary>
    /// <exception cref="UnsafePathException">A part of the key cannot be a file's name.</exception>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public async Task<BuildLogWriter> OpenAsync(LogKey key, CancellationToken cancellationToken)
    {
        if (!key.IsValid)
        {
            throw new UnsafePathException(key.ToString());
        }

        var opening = _opening[(uint)key.GetHashCode() % _opening.Length];
        await opening.WaitAsync(cancellationToken);
        try
        {
            if (_writers.TryGetValue(key, out var older))
            {
                await older.SupersedeAsync(cancellationToken);
            }

            var writer = await Task.Run(() => OpenFile(key), cancellationToken);
            _writers[key] = writer;
            return writer;
        }
        finally
        {
            opening.Release();
        }
    }

    /// <summary>The logs of a pkgbase, the newest first. Empty when there are none, or when that is no pkgbase.</summary>
    public IReadOnlyList<LogInfo> List(string pkgbase) =>
        [.. Files(pkgbase).Select(Describe).OfType<LogInfo>()
            .OrderByDescending(log => log.Key.Timestamp)
            .ThenBy(log => log.Key.Stem, StringComparer.Ordinal)];

    /// <summary>The log of the build of that pkgbase and time; with several target repositories or architectures the first by name.</summary>
    /// <param name="pkgbase">As asked for; it need not be one.</param>
    /// <param name="timestamp">Unix time in milliseconds.</param>
    public LogInfo? Find(string pkgbase, long timestamp) =>
        Pick(Files(pkgbase), timestamp) ?? Pick(Files(pkgbase), timestamp);

    /// <summary>The log of that build; null when there is none.</summary>
    public LogInfo? Find(LogKey key) => key.IsValid ? Describe(key) : null;

    /// <summary>The newest log of a pkgbase; null when there is none.</summary>
    public LogInfo? Latest(string pkgbase)
    {
        var newest = Files(pkgbase).Select(key => key.Timestamp).DefaultIfEmpty(-1).Max();
        return newest < 0 ? null : Find(pkgbase, newest);
    }

    /// <summary>Opens a log for reading as a stream that ends where the file ended when it was read.</summary>
    /// <returns>Null when there is no such log.</returns>
    public Stream? OpenRead(LogKey key) =>
        key.IsValid && LogReader.Open(root, key).Handle is { } handle ? new FileStream(handle, FileAccess.Read, 0) : null;

    /// <summary>Keeps what namcap says of a build's result beside its log, and as long as that.</summary>
    /// <exception cref="UnsafePathException">A part of the key cannot be a file's name.</exception>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public async Task AttachNamcapAsync(LogKey key, ReadOnlyMemory<byte> text, CancellationToken cancellationToken)
    {
        if (!key.IsValid)
        {
            throw new UnsafePathException(key.ToString());
        }

        Directory.CreateDirectory(LogFileNames.Folder(root, key.Pkgbase));
        await AtomicFile.WriteAsync(LogFileNames.NamcapPath(root, key), text, cancellationToken);
    }

    /// <summary>Opens what <see cref="AttachNamcapAsync"/> kept; null when there is none.</summary>
    public Stream? OpenNamcap(LogKey key)
    {
        try
        {
            return key.IsValid ? File.OpenRead(LogFileNames.NamcapPath(root, key)) : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads a log from an offset to its end and waits for more until it is finished: every byte once and in order, whenever
    /// the follower joins and however slow it is.</summary>
    /// <param name="key">Which log. One that does not exist has no bytes and is at its end.</param>
    /// <param name="offset">Where to begin, 0 or more; behind the end is allowed, and waits.</param>
    /// <param name="cancellationToken">Ends the following with <see cref="OperationCanceledException"/>.</param>
    /// <param name="head">What a log that is yet to be written will begin with: that is read, and then waited. Empty for one that has to
    /// be there.</param>
    /// <returns>Pieces of at most 64 KiB. A piece is valid until the next is asked for.</returns>
    public IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(
        LogKey key, long offset, CancellationToken cancellationToken, ReadOnlyMemory<byte> head = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return key.IsValid
            ? LogReader.FollowAsync(root, Tail, key, offset, head, cancellationToken)
            : AsyncEnumerable.Empty<ReadOnlyMemory<byte>>();
    }

    /// <summary>The logs that are not finished and that nobody of this process has open: their builds wait, or ended while nobody could
    /// say so here.</summary>
    public IEnumerable<LogKey> Unattended() => Pkgbases()
        .SelectMany(pkgbase => Files(pkgbase))
        .Where(key => !_writers.ContainsKey(key) && File.Exists(LogFileNames.Path(root, key, finished: false)));

    /// <summary>Removes finished logs that are too old or too many. A reader that has one open reads it to its end. A run that is cut off has
    /// removed some of them, and the next one removes the others.</summary>
    /// <param name="retention">What to keep.</param>
    /// <param name="now">The time to measure ages from.</param>
    /// <param name="cancellationToken">Ends it between two logs.</param>
    /// <returns>How many were removed.</returns>
    public Task<int> SweepAsync(LogRetention retention, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.Run(() => Sweep(retention, now, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Syncs.Dispose();
        foreach (var opening in _opening)
        {
            opening.Dispose();
        }
    }

    internal void MarkFinished(LogKey key)
    {
        var live = LogFileNames.Path(root, key, finished: false);
        // Absent when an earlier try renamed it and then failed. The new name need not be synced: a log whose end is lost is ended again.
        if (File.Exists(live))
        {
            Libc.Rename(live, LogFileNames.Path(root, key, finished: true));
        }
    }

    /// <summary>Makes the log's name durable. Not done when it is opened: a log without synced bytes needs no synced name.</summary>
    internal void SyncNames(LogKey key)
    {
        Libc.SyncFolder(LogFileNames.Folder(root, key.Pkgbase));
        Libc.SyncFolder(root);
    }

    internal void Closed(BuildLogWriter writer) => _writers.TryRemove(new KeyValuePair<LogKey, BuildLogWriter>(writer.Key, writer));

    private BuildLogWriter OpenFile(LogKey key)
    {
        const FileShare Share = FileShare.ReadWrite | FileShare.Delete;
        while (true)
        {
            try
            {
                var done = LogFileNames.Path(root, key, finished: true);
                if (File.Exists(done))
                {
                    return new BuildLogWriter(this, key, File.OpenHandle(done, FileMode.Open, FileAccess.Read, Share), finished: true);
                }

                var live = LogFileNames.Path(root, key, finished: false);
                Directory.CreateDirectory(LogFileNames.Folder(root, key.Pkgbase));
                SafeFileHandle handle = File.OpenHandle(live, FileMode.OpenOrCreate, FileAccess.ReadWrite, Share);
                return new BuildLogWriter(this, key, handle, finished: false);
            }
            catch (DirectoryNotFoundException) when (Directory.Exists(root))
            {
                // Retention removed the empty folder between the two lines: once more.
            }
        }
    }

    private int Sweep(LogRetention retention, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var pkgbase in Pkgbases())
        {
            var logs = List(pkgbase);
            var left = logs.Count;
            var finished = 0;
            var newest = new HashSet<(string Target, string Arch)>();
            foreach (var log in logs.Where(log => log.Finished))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var tooMany = ++finished > retention.MaxPerPkgbase;
                if (!newest.Add((log.Key.Target, log.Key.Arch)) && (tooMany || now - log.LastWrite > retention.MaxAge))
                {
                    // First: what is left of a sweep that is cut off is found by its log.
                    File.Delete(LogFileNames.NamcapPath(root, log.Key));
                    File.Delete(LogFileNames.Path(root, log.Key, finished: true));
                    removed++;
                    left--;
                }
            }

            if (left == 0)
            {
                RemoveEmpty(LogFileNames.Folder(root, pkgbase));
            }
        }

        return removed;
    }

    private IEnumerable<string> Pkgbases() => Directory.Exists(root)
        ? Directory.EnumerateDirectories(root).Select(folder => Path.GetFileName(folder)).Where(PathGuard.IsSafeName)
        : [];

    private static void RemoveEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Something is in it after all: a new log, or a file that is not ours.
        }
    }

    /// <summary>The keys in one folder. A log that is finished meanwhile may show under both names, hence the set, or under none, hence
    /// the second look of <see cref="Find(string, long)"/>.</summary>
    private HashSet<LogKey> Files(string pkgbase)
    {
        var keys = new HashSet<LogKey>();
        if (!PathGuard.TryJoin(root, out var folder, pkgbase))
        {
            return keys;
        }

        try
        {
            foreach (var path in Directory.EnumerateFiles(folder))
            {
                var ending = Path.GetExtension(path);
                if (ending is LogFileNames.Finished or LogFileNames.Live
                    && LogKey.TryParse(pkgbase, Path.GetFileNameWithoutExtension(path), out var key))
                {
                    keys.Add(key.Value);
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            // There is none, or retention just removed it.
        }

        return keys;
    }

    private LogInfo? Pick(IEnumerable<LogKey> keys, long timestamp) =>
        keys.Where(key => key.Timestamp == timestamp)
            .OrderBy(key => key.Stem, StringComparer.Ordinal)
            .Select(Describe)
            .FirstOrDefault(log => log is not null);

    private LogInfo? Describe(LogKey key)
    {
        // In this order: one that gets its other name in between is seen under that one.
        foreach (var finished in (ReadOnlySpan<bool>)[false, true])
        {
            var info = new FileInfo(LogFileNames.Path(root, key, finished));
            if (info.Exists)
            {
                return new LogInfo(key, info.Length, finished, info.LastWriteTimeUtc);
            }
        }

        return null;
    }
}
