using System.Globalization;
using Caur.Storage.Files;
using Microsoft.Extensions.Logging;

namespace Caur.Storage.Landing;

/// <summary>Where finished archives arrive before publication: a folder per build, in it one per attempt.</summary>
/// <param name="root">The folder.</param>
/// <param name="logger">Is told what is wrong with files that others put there; null for nobody.</param>
/// <param name="time">The clock; null for the system's.</param>
public sealed partial class LandingZone(string root, ILogger<LandingZone>? logger = null, TimeProvider? time = null)
{
    /// <summary>Takes one file of an attempt. The same file may be sent again at any time; another content of the same name replaces it.</summary>
    /// <param name="buildId">The build's id; any text.</param>
    /// <param name="attempt">The attempt's number, 1 or more.</param>
    /// <param name="fileName">The file's name without a folder; not hidden.</param>
    /// <param name="size">Bytes, 0 or more. No more than that is written.</param>
    /// <param name="sha256">64 hexadecimal digits.</param>
    /// <param name="content">Read to its end or to one byte too many.</param>
    /// <param name="cancellationToken">Ends the upload; nothing is kept.</param>
    /// <exception cref="IOException">The content cannot be read, or the disk fails otherwise than by being full.</exception>
    public Task<LandingResult> StoreAsync(
        string buildId, int attempt, string fileName, long size, string sha256, Stream content, CancellationToken cancellationToken)
    {
        if (NameProblem(buildId, attempt, fileName, size, sha256, out var path) is { } problem)
        {
            return Task.FromResult(new LandingResult(LandingStatus.BadName, problem));
        }

        // Hashing keeps a processor busy: not on the caller's turn.
        return Task.Run(() => StoreAsync(Path.GetDirectoryName(path)!, path, size, sha256, content, cancellationToken), cancellationToken);
    }

    /// <summary>The files of an attempt, by name. Empty when nothing arrived.</summary>
    public IReadOnlyList<LandedFile> List(string buildId, int attempt) =>
        TryFolder(buildId, attempt, out var folder) && Directory.Exists(folder)
            ? [.. new DirectoryInfo(folder).EnumerateFiles()
                .Where(file => PathGuard.IsSafeName(file.Name))
                .OrderBy(file => file.Name, StringComparer.Ordinal)
                .Select(file => new LandedFile(file.Name, file.FullName, file.Length))]
            : [];

    /// <summary>Every attempt that has a folder, in no order. Folders that are not ours are left out.</summary>
    public IEnumerable<LandedAttempt> ListAttempts()
    {
        if (!Directory.Exists(root))
        {
            yield break;
        }

        foreach (var build in new DirectoryInfo(root).EnumerateDirectories())
        {
            if (!FolderName.TryDecode(build.Name, out var buildId))
            {
                continue;
            }

            foreach (var attempt in build.EnumerateDirectories())
            {
                if (int.TryParse(attempt.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    yield return new LandedAttempt(buildId, number, attempt.LastWriteTimeUtc);
                }
            }
        }
    }

    /// <summary>Removes an attempt with all its files.</summary>
    /// <returns>False when there was nothing.</returns>
    public bool Remove(string buildId, int attempt)
    {
        if (!TryFolder(buildId, attempt, out var folder) || !Directory.Exists(folder))
        {
            return false;
        }

        Directory.Delete(folder, recursive: true);
        try
        {
            Directory.Delete(Path.GetDirectoryName(folder)!);
        }
        catch (IOException)
        {
            // Another attempt of the build is there.
        }

        return true;
    }

    /// <summary>Removes attempts that nobody knows.</summary>
    /// <param name="isKnown">True for an attempt that may still be published or uploaded to.</param>
    /// <param name="untouchedSince">An attempt to which something came later stays, known or not.</param>
    /// <param name="cancellationToken">Ends it between two attempts.</param>
    /// <returns>What was removed.</returns>
    public async Task<IReadOnlyList<LandedAttempt>> SweepAsync(
        Func<LandedAttempt, ValueTask<bool>> isKnown, DateTimeOffset untouchedSince, CancellationToken cancellationToken)
    {
        var removed = new List<LandedAttempt>();
        foreach (var attempt in ListAttempts().Where(attempt => attempt.LastWrite < untouchedSince).ToList())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!await isKnown(attempt) && await Task.Run(() => Remove(attempt.BuildId, attempt.Attempt), cancellationToken))
            {
                removed.Add(attempt);
            }
        }

        return removed;
    }

    private static async Task<LandingResult> StoreAsync(
        string folder, string path, long size, string sha256, Stream content, CancellationToken cancellationToken)
    {
        var expected = sha256.ToLowerInvariant();
        if (await IsThereAsync(path, size, expected, cancellationToken))
        {
            return new LandingResult(LandingStatus.AlreadyThere, "it was there already");
        }

        try
        {
            Directory.CreateDirectory(folder);
            await using var file = AtomicFile.Begin(path, expectedSize: size);
            var (read, found) = await FileHash.CopyAsync(content, file.Stream, size, cancellationToken);
            if (read != size)
            {
                var came = read > size ? "more" : read.ToString(CultureInfo.InvariantCulture);
                return new LandingResult(LandingStatus.SizeMismatch, $"{size} bytes were named, {came} came");
            }

            if (!string.Equals(found, expected, StringComparison.Ordinal))
            {
                return new LandingResult(LandingStatus.HashMismatch, $"SHA-256 {expected} was named, {found} came");
            }

            await file.CommitAsync(cancellationToken);
            return new LandingResult(LandingStatus.Stored, "stored");
        }
        catch (IOException error) when (Libc.IsNoSpace(error))
        {
            return new LandingResult(LandingStatus.NoSpace, $"no room for {size} bytes in the landing zone");
        }
    }

    private bool TryFolder(string buildId, int attempt, out string folder)
    {
        folder = "";
        if (attempt < 1 || !FolderName.TryEncode(buildId, out var build))
        {
            return false;
        }

        folder = PathGuard.Join(root, build, attempt.ToString(CultureInfo.InvariantCulture));
        return true;
    }
}
