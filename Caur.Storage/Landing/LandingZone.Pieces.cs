using System.Globalization;
using Caur.Storage.Files;

namespace Caur.Storage.Landing;

/// <summary>How much of a file is in the landing zone.</summary>
/// <param name="Offset">So many bytes from its start.</param>
/// <param name="IsComplete">All of it, under its name, with the size and hash that were named.</param>
public sealed record LandedPart(long Offset, bool IsComplete);

/// <summary>The answer to a piece.</summary>
/// <param name="Result">What became of it; null when the file goes on behind it, or something else is wanted first.</param>
/// <param name="Offset">How much is there now.</param>
/// <param name="IsBusy">Somebody else writes the same file at this moment: another process, or a later request, which took over.</param>
/// <param name="IsElsewhere">The piece does not begin where the file goes on; none of it was taken.</param>
public sealed record PieceResult(LandingResult? Result, long Offset, bool IsBusy = false, bool IsElsewhere = false);

/// <content>Files that come in pieces: a hidden part beside the place of the file, that is what it says once its last byte came.</content>
public sealed partial class LandingZone
{
    private readonly PartWriters _writers = new();

    /// <summary>How much of a file is there. A damaged or foreign part counts as nothing.</summary>
    public async Task<LandedPart> FindAsync(
        string buildId, int attempt, string fileName, long size, string sha256, CancellationToken cancellationToken)
    {
        if (NameProblem(buildId, attempt, fileName, size, sha256, out var path) is not null)
        {
            return new LandedPart(0, false);
        }

        if (await IsThereAsync(path, size, sha256, cancellationToken))
        {
            return new LandedPart(size, true);
        }

        var part = new FileInfo(PartOf(path, sha256));
        return new LandedPart(part.Exists && part.Length <= size ? part.Length : 0, false);
    }

    /// <summary>Adds the next bytes of a file. What came is kept also when the content breaks off, and the last byte makes the file whole.
    /// A call for a file that another call still reads content for ends that one's reading, and goes on behind what it wrote.</summary>
    /// <param name="buildId">The build's id; any text.</param>
    /// <param name="attempt">The attempt's number, 1 or more.</param>
    /// <param name="fileName">The file's name without a folder; not hidden.</param>
    /// <param name="size">Of the whole file, in bytes.</param>
    /// <param name="sha256">Of the whole file: 64 hexadecimal digits.</param>
    /// <param name="offset">Where the content's first byte stands; anything but what is there is not taken.</param>
    /// <param name="content">Read to its end, or to the file's.</param>
    /// <param name="cancellationToken">Ends it; what came stays.</param>
    /// <exception cref="IOException">The content cannot be read, or the disk fails otherwise than by being full.</exception>
    public Task<PieceResult> AppendAsync(
        string buildId, int attempt, string fileName, long size, string sha256, long offset, Stream content, CancellationToken cancellationToken)
    {
        if (NameProblem(buildId, attempt, fileName, size, sha256, out var path) is { } problem)
        {
            return Task.FromResult(new PieceResult(new LandingResult(LandingStatus.BadName, problem), 0));
        }

        // Hashing keeps a processor busy: not on the caller's turn.
        return Task.Run(() => AppendAsync(path, size, sha256.ToLowerInvariant(), offset, content, cancellationToken), cancellationToken);
    }

    /// <summary>Why a file of this size cannot be taken, or not now; null when it can. What is known from the start need not be sent first.</summary>
    private LandingResult? SizeProblem(long size, long offset)
    {
        if (DiskSpace.TotalBytes(root) is { } total && size > total)
        {
            return new LandingResult(
                LandingStatus.TooLarge, string.Create(CultureInfo.InvariantCulture, $"{size} bytes were named, and the disk of the landing zone has {total} in all"));
        }

        return DiskSpace.FreeBytes(root) is { } free && size - offset > free
            ? new LandingResult(
                LandingStatus.NoSpace, string.Create(CultureInfo.InvariantCulture, $"no room for {size - offset} bytes in the landing zone: {free} are free"))
            : null;
    }

    private async Task<PieceResult> AppendAsync(
        string path, long size, string sha256, long offset, Stream content, CancellationToken cancellationToken)
    {
        if (await IsThereAsync(path, size, sha256, cancellationToken))
        {
            return new PieceResult(new LandingResult(LandingStatus.AlreadyThere, "it was there already"), size);
        }

        Directory.CreateDirectory(root);
        if (SizeProblem(size, Math.Clamp(offset, 0, size)) is { } problem)
        {
            return new PieceResult(problem, 0);
        }

        var part = PartOf(path, sha256);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var turn = await _writers.EnterAsync(part, cancellationToken);
            if (turn is null)
            {
                return new PieceResult(null, 0, IsBusy: true);
            }

            if (await IsThereAsync(path, size, sha256, cancellationToken))
            {
                // Whoever wrote it until now has ended it.
                return new PieceResult(new LandingResult(LandingStatus.AlreadyThere, "it was there already"), size);
            }

            using (var file = TryOpen(part))
            {
                if (file is null)
                {
                    return new PieceResult(null, 0, IsBusy: true);
                }

                if (file.Length > size)
                {
                    file.SetLength(0);
                }

                if (offset != file.Length)
                {
                    return new PieceResult(null, file.Length, IsElsewhere: true);
                }

                file.Seek(offset, SeekOrigin.Begin);
                if (await CopyAsync(content, file, size - offset, turn, cancellationToken) is not { } came)
                {
                    return new PieceResult(null, file.Length, IsBusy: true);
                }

                if (came > size - offset)
                {
                    file.SetLength(0);
                    return new PieceResult(new LandingResult(LandingStatus.SizeMismatch, $"{size} bytes were named, more came"), 0);
                }

                if (file.Length < size)
                {
                    return new PieceResult(null, file.Length);
                }

                file.Seek(0, SeekOrigin.Begin);
                var found = Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(file, cancellationToken));
                if (found != sha256)
                {
                    file.SetLength(0);
                    return new PieceResult(new LandingResult(LandingStatus.HashMismatch, $"SHA-256 {sha256} was named, {found} came"), 0);
                }

                FileSync.OfFile(file.SafeFileHandle);
                File.SetUnixFileMode(file.SafeFileHandle, AtomicFile.Readable);
                File.Move(part, path, overwrite: true);
            }

            AtomicFile.SyncFolder(Path.GetDirectoryName(path)!);
            return new PieceResult(new LandingResult(LandingStatus.Stored, "stored"), size);
        }
        catch (IOException error) when (Libc.IsNoSpace(error))
        {
            return new PieceResult(
                new LandingResult(LandingStatus.NoSpace, string.Create(CultureInfo.InvariantCulture, $"no room for {size} bytes in the landing zone")), 0);
        }
    }

    /// <returns>How many bytes came; null when a later call took over.</returns>
    private static async Task<long?> CopyAsync(Stream content, FileStream file, long limit, PartWriters.Turn turn, CancellationToken cancellationToken)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var copying = FileHash.CopyAsync(content, file, limit, leaving.Token);
        if (await Task.WhenAny(copying, turn.Asked) != copying)
        {
            await leaving.CancelAsync();
        }

        try
        {
            return (await copying).Size;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Null when somebody else has it open.</summary>
    private static FileStream? TryOpen(string part)
    {
        try
        {
            return new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.Asynchronous);
        }
        catch (IOException error) when (!Libc.IsNoSpace(error) && File.Exists(part))
        {
            return null;
        }
    }

    private static async Task<bool> IsThereAsync(string path, long size, string sha256, CancellationToken cancellationToken) =>
        File.Exists(path) && new FileInfo(path).Length == size
        && string.Equals(await FileHash.Sha256Async(path, cancellationToken), sha256, StringComparison.OrdinalIgnoreCase);

    /// <summary>By the hash, so that other content of the same name begins anew; hidden, so that no list has it.</summary>
    private static string PartOf(string path, string sha256) =>
        Path.Combine(Path.GetDirectoryName(path)!, $".{sha256.ToLowerInvariant()}.part");

    /// <summary>What is wrong with what a file is called; null when nothing is.</summary>
    private string? NameProblem(string buildId, int attempt, string fileName, long size, string sha256, out string path)
    {
        path = "";
        if (!TryFolder(buildId, attempt, out var folder))
        {
            return $"'{buildId}#{attempt}' is no attempt";
        }

        if (!PathGuard.TryJoin(folder, out var joined, fileName))
        {
            return $"'{fileName}' is no name for a file";
        }

        path = joined;
        return size < 0 || !FileHash.IsSha256(sha256) ? "size or SHA-256 is missing" : null;
    }
}
