using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Caur.Storage.Files;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Storage.Landing;

/// <summary>Where a file is to be put that comes by another way, or why it cannot come.</summary>
/// <param name="Result">Why it cannot; null when it can.</param>
/// <param name="Name">Its name in <see cref="LandingZone.IncomingFolder"/>; null when there is no room for it there and in its place at the same time, or
/// when it could not be taken over from there.</param>
/// <param name="Offset">How much of it lies there.</param>
public sealed record IncomingFile(LandingResult? Result, string? Name, long Offset);

/// <content>Files that others put into a folder of the zone, as an SFTP server does, and that are taken over from there. Whoever may write there is
/// believed nothing: what is checked and published is a copy, which they cannot reach.</content>
public sealed partial class LandingZone
{
    /// <summary>The folder's name below the zone: hidden, so that it is no build's.</summary>
    public const string IncomingFolderName = ".incoming";

    /// <summary>How long a file lies in the folder that nobody writes to any more.</summary>
    public static readonly TimeSpan KeepIncoming = TimeSpan.FromDays(1);

    /// <summary>What is wrong with the folder is wrong for every archive: it is said so often at most.</summary>
    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(10);

    /// <summary>A folder that cannot be used is looked at so often at most.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    private const string KeyName = ".incoming.key";
    private const int KeyBytes = 32;

    /// <summary>Others of the folder's group put files there under names that they were told. They cannot list it, and not remove what is
    /// another user's; with the group's bit their files stay the group's.</summary>
    private const UnixFileMode IncomingMode =
        DataFolders.Private | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.SetGroup | UnixFileMode.StickyBit;

    private readonly ConcurrentDictionary<string, Lazy<Task<PieceResult>>> _taking = new(StringComparer.Ordinal);
    private readonly ILogger _logger = logger ?? NullLogger<LandingZone>.Instance;
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _keyGate = new();
    private readonly Lock _lookGate = new();
    private string? _problem;
    private long? _looked;
    private byte[]? _key;
    private long _said = long.MinValue;

    /// <summary>The folder that others put files into.</summary>
    public string IncomingFolder => Path.Combine(root, IncomingFolderName);

    /// <summary>Makes the folder where it is missing. One that is there keeps its owner and mode.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not make it.</exception>
    public void PrepareIncoming()
    {
        if (!Directory.Exists(IncomingFolder))
        {
            Directory.CreateDirectory(IncomingFolder, DataFolders.Private);
            File.SetUnixFileMode(IncomingFolder, IncomingMode);
        }
    }

    /// <summary>Looks whether this user can do with the folder what has to be done with it, and makes it where it is missing.</summary>
    /// <returns>What is wrong, for people; null when nothing is.</returns>
    public string? IncomingProblem()
    {
        lock (_lookGate)
        {
            _problem = LookAtIncoming();
            _looked = _time.GetTimestamp();
            return _problem;
        }
    }

    /// <summary>The same, as it was a short time ago: this is asked for each archive.</summary>
    private string? LastIncomingProblem()
    {
        lock (_lookGate)
        {
            return _looked is { } last && _time.GetElapsedTime(last) < LookEvery ? _problem : IncomingProblem();
        }
    }

    private string? LookAtIncoming()
    {
        try
        {
            PrepareIncoming();
            using var names = Directory.EnumerateFileSystemEntries(IncomingFolder).GetEnumerator();
            names.MoveNext();
            using var probe = File.OpenHandle(
                Path.Combine(IncomingFolder, $".{Path.GetRandomFileName()}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
            return null;
        }
        catch (IOException error) when (Libc.IsNoSpace(error))
        {
            // That passes, and is told to whoever brings something.
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    /// <summary>Says where a file is to be put, and how much of it lies there. The name is the same each time, also after a restart, and
    /// nobody can guess that of a file of somebody else.</summary>
    public IncomingFile Expect(string buildId, int attempt, string fileName, long size, string sha256)
    {
        if (NameProblem(buildId, attempt, fileName, size, sha256, out var path) is { } problem)
        {
            return new IncomingFile(new LandingResult(LandingStatus.BadName, problem), null, 0);
        }

        if (LastIncomingProblem() is { } unusable)
        {
            // What came there could not be taken, and would be sent for nothing.
            Say(IncomingFolder, unusable);
            return new IncomingFile(null, null, 0);
        }

        try
        {
            PrepareIncoming();
            return Expect(IncomingOf(path, size, sha256), size);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Say(IncomingFolder, error.Message);
            return new IncomingFile(null, null, 0);
        }
    }

    private IncomingFile Expect(string incoming, long size)
    {
        var file = new FileInfo(incoming);
        var there = file is { Exists: true, LinkTarget: null } ? file.Length : 0;
        if (_taking.ContainsKey(incoming))
        {
            // The room that is missing is what the copy has, and whoever says that it lies there gets the answer to that.
            return new IncomingFile(null, Path.GetFileName(incoming), there);
        }

        if (there > size)
        {
            RemoveIncoming(incoming);
            there = 0;
        }

        // It is there twice for a moment. Where there is no room for that, what lies there may be in the way of what comes otherwise.
        if (SizeProblem(size, there) is { } full)
        {
            return new IncomingFile(full, null, there);
        }

        if (DiskSpace.FreeBytes(root) is { } free && free - size < size - there)
        {
            RemoveIncoming(incoming);
            return new IncomingFile(null, null, 0);
        }

        return new IncomingFile(null, Path.GetFileName(incoming), there);
    }

    /// <summary>Takes over a file that was put into the folder: copies it to its place while hashing it, and removes it there unless there was no room.
    /// A call for a file that is being taken waits for that.</summary>
    /// <param name="buildId">The build's id; any text.</param>
    /// <param name="attempt">The attempt's number, 1 or more.</param>
    /// <param name="fileName">The file's name without a folder; not hidden.</param>
    /// <param name="size">Of the file, in bytes.</param>
    /// <param name="sha256">Of the file: 64 hexadecimal digits.</param>
    /// <param name="ended">Told once what became of the file, by the call that began it and before any is answered; also when nobody waits any more. Throws nothing.</param>
    /// <param name="cancellationToken">Ends the wait. The file is taken all the same: whoever waited asks again.</param>
    /// <exception cref="IOException">It cannot be read, or the disk fails otherwise than by being full.</exception>
    public Task<PieceResult> TakeAsync(
        string buildId, int attempt, string fileName, long size, string sha256, Func<Task<PieceResult>, Task> ended, CancellationToken cancellationToken)
    {
        if (NameProblem(buildId, attempt, fileName, size, sha256, out var path) is { } problem)
        {
            return EndAsync(Task.FromResult(new PieceResult(new LandingResult(LandingStatus.BadName, problem), 0)), ended);
        }

        var incoming = IncomingOf(path, size, sha256);
        var taking = _taking.GetOrAdd(incoming, _ => new Lazy<Task<PieceResult>>(() => Task.Run(() => TakeAsync(incoming, path, size, sha256, ended), CancellationToken.None)));
        return taking.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Removes what lies in the folder of a file that came by another way in the end.</summary>
    public void ForgetIncoming(string buildId, int attempt, string fileName, long size, string sha256)
    {
        if (!Directory.Exists(IncomingFolder) || NameProblem(buildId, attempt, fileName, size, sha256, out var path) is not null)
        {
            return;
        }

        try
        {
            RemoveIncoming(IncomingOf(path, size, sha256));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is there by the other way; what is left here is swept.
            Say(IncomingFolder, error.Message);
        }
    }

    /// <summary>Removes from the folder what nobody wrote to for a time, whatever it is. Folders go when they are empty: what is in
    /// them is looked for by nobody, and following others' folders leads where they want.</summary>
    /// <returns>How many were removed.</returns>
    public int SweepIncoming(DateTimeOffset untouchedSince) => !Directory.Exists(IncomingFolder) ? 0
        : new DirectoryInfo(IncomingFolder).EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0 })
            .Where(entry => entry.LastWriteTimeUtc < untouchedSince.UtcDateTime).ToList()
            .Count(entry => RemoveIncoming(entry.FullName));

    private bool RemoveIncoming(string path)
    {
        try
        {
            if (new DirectoryInfo(path) is { Exists: true, LinkTarget: null })
            {
                Directory.Delete(path);
            }
            else
            {
                File.Delete(path);
            }

            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder of somebody else's making, or one that is not empty. It takes room, and does no harm.
            Say(path, error.Message);
            return false;
        }
    }

    private void Say(string path, string problem)
    {
        var last = Interlocked.Read(ref _said);
        if ((last == long.MinValue || Stopwatch.GetElapsedTime(last) >= SayEvery) && Interlocked.CompareExchange(ref _said, Stopwatch.GetTimestamp(), last) == last)
        {
            LogNotMine(_logger, path, problem, SayEvery.TotalMinutes);
        }
    }

    private async Task<PieceResult> TakeAsync(string incoming, string path, long size, string sha256, Func<Task<PieceResult>, Task> ended)
    {
        try
        {
            return await EndAsync(TakeAsync(incoming, path, size, sha256), ended);
        }
        finally
        {
            _taking.TryRemove(incoming, out _);
        }
    }

    private static async Task<PieceResult> EndAsync(Task<PieceResult> taking, Func<Task<PieceResult>, Task> ended)
    {
        await ((Task)taking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended(taking);
        return await taking;
    }

    private async Task<PieceResult> TakeAsync(string incoming, string path, long size, string sha256)
    {
        try
        {
            if (await IsThereAsync(path, size, sha256, CancellationToken.None))
            {
                RemoveIncoming(incoming);
                return new PieceResult(new LandingResult(LandingStatus.AlreadyThere, "it was there already"), size);
            }

            using var handle = Libc.OpenPlain(incoming, out var isThere);
            if (handle is null)
            {
                RemoveIncoming(incoming);
                return isThere
                    ? new PieceResult(new LandingResult(LandingStatus.HashMismatch, "what lies there is no plain file with one name"), 0)
                    : new PieceResult(null, 0, IsElsewhere: true);
            }

            await using var content = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            if (content.Length < size)
            {
                return new PieceResult(null, content.Length, IsElsewhere: true);
            }

            var result = SizeProblem(size, 0) ?? await StoreAsync(Path.GetDirectoryName(path)!, path, size, sha256, content, CancellationToken.None);
            if (result.Status != LandingStatus.NoSpace)
            {
                RemoveIncoming(incoming);
            }

            return new PieceResult(result, result.IsThere ? size : 0);
        }
        catch (UnauthorizedAccessException error)
        {
            return new PieceResult(new LandingResult(LandingStatus.NotReadable, $"what came cannot be read: {error.Message}"), 0);
        }
    }

    private string IncomingOf(string path, long size, string sha256)
    {
        var about = string.Create(CultureInfo.InvariantCulture, $"{Path.GetRelativePath(root, path)}\n{size}\n{sha256.ToLowerInvariant()}");
        return Path.Combine(IncomingFolder, Convert.ToHexStringLower(HMACSHA256.HashData(Key(), Encoding.UTF8.GetBytes(about))));
    }

    /// <summary>Kept, so that what was begun goes on after a restart; one that is lost costs no more than that.</summary>
    private byte[] Key()
    {
        lock (_keyGate)
        {
            if (_key is { } known)
            {
                return known;
            }

            // Other processes look at the same time. Keys appear whole and are never replaced, so that all have the one that was there
            // first; what is no key was damaged by a disk, and the next name is looked at.
            for (var number = 0; ; number++)
            {
                var path = Path.Combine(root, number == 0 ? KeyName : string.Create(CultureInfo.InvariantCulture, $"{KeyName}.{number}"));
                var made = RandomNumberGenerator.GetBytes(KeyBytes);
                if (!File.Exists(path) && AtomicFile.TryAdd(path, made, UnixFileMode.UserRead | UnixFileMode.UserWrite))
                {
                    return _key = made;
                }

                if (File.ReadAllBytes(path) is { Length: KeyBytes } kept)
                {
                    return _key = kept;
                }
            }
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "What came by SFTP stays in the way: {Path} cannot be looked at or removed: {Problem}. The hub's user has to own the folder. Others like this are not told of for {Minutes} minutes")]
    private static partial void LogNotMine(ILogger logger, string path, string problem, double minutes);
}
