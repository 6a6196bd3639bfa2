using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Files;

/// <summary>Files that appear whole or not at all: written under a hidden name in the same folder, synced, renamed, the folder synced.</summary>
/// <remarks>After a crash the old or the new content is there, never a part of it; what may be left is a hidden temporary file,
/// which <see cref="Sweep"/> removes.</remarks>
public static class AtomicFile
{
    /// <summary>rw-r--r--: what a web server of another user can read.</summary>
    public const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private const string TemporaryPrefix = ".caur-";
    private const string TemporarySuffix = ".tmp";

    /// <summary>Begins a file that appears under <paramref name="path"/> when it is committed, replacing what is there.</summary>
    /// <param name="path">The final name; its folder must exist.</param>
    /// <param name="mode">The new file's mode, which the umask does not narrow.</param>
    /// <param name="expectedSize">Bytes to reserve ahead, so that a full disk shows at once; 0 when not known.</param>
    /// <exception cref="IOException">No folder, no right, or no space.</exception>
    public static AtomicFileWriter Begin(string path, UnixFileMode mode = Readable, long expectedSize = 0) =>
        new(path, NewTemporary(path), mode, expectedSize);

    /// <summary>Writes a whole file.</summary>
    /// <exception cref="IOException">Nothing changed under <paramref name="path"/>.</exception>
    public static Task WriteAsync(
        string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken, UnixFileMode mode = Readable) =>
        WriteAsync(path, (stream, token) => stream.WriteAsync(content, token).AsTask(), cancellationToken, mode);

    /// <summary>Writes a whole file by a function that is given a stream.</summary>
    /// <exception cref="IOException">Nothing changed under <paramref name="path"/>.</exception>
    public static async Task WriteAsync(
        string path,
        Func<Stream, CancellationToken, Task> write,
        CancellationToken cancellationToken,
        UnixFileMode mode = Readable)
    {
        await using var file = Begin(path, mode);
        await write(file.Stream, cancellationToken);
        await file.CommitAsync(cancellationToken);
    }

    /// <summary>Writes a whole file where there is none: of several processes that do so at once one has it, and nobody sees a part of it.</summary>
    /// <param name="path">The final name; its folder must exist.</param>
    /// <param name="content">The content.</param>
    /// <param name="mode">The new file's mode, which the umask narrows.</param>
    /// <returns>False when there is something of that name: it is as it was.</returns>
    /// <exception cref="IOException">It did not appear.</exception>
    public static bool TryAdd(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var temporary = NewTemporary(path);
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = mode,
            }))
            {
                file.Write(content);
                FileSync.OfFile(file.SafeFileHandle);
            }

            switch (Libc.TryLink(temporary, path))
            {
                case 0:
                    break;
                case Libc.Eexist:
                    return false;
                case Libc.Eperm or Libc.Enotsup when !File.Exists(path):
                    // A file system without second names: whole all the same.
                    Libc.Rename(temporary, path);
                    break;
                case Libc.Eperm or Libc.Enotsup:
                    return false;
                case var errno:
                    throw new IOException($"link {temporary} to {path}: error {errno}", errno);
            }

            SyncFolder(Path.GetDirectoryName(temporary)!);
            return true;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Makes a file's content durable; its name is the folder's, see <see cref="SyncFolder"/>.</summary>
    public static void SyncFile(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        FileSync.OfFile(handle);
    }

    /// <summary>Makes new, changed and removed names in a folder durable.</summary>
    public static void SyncFolder(string folder) => Libc.SyncFolder(folder);

    /// <summary>A hidden name beside <paramref name="path"/> that no other call gets and that <see cref="Sweep"/> knows.</summary>
    public static string NewTemporary(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? throw new ArgumentException("a root is no file", nameof(path));
        return Path.Combine(folder, TemporaryPrefix + RandomNumberGenerator.GetHexString(20, lowercase: true) + TemporarySuffix);
    }

    /// <summary>True for the hidden names that files have before they appear.</summary>
    public static bool IsTemporary(string fileName) =>
        fileName.StartsWith(TemporaryPrefix, StringComparison.Ordinal) && fileName.EndsWith(TemporarySuffix, StringComparison.Ordinal)
        && fileName.Length > TemporaryPrefix.Length + TemporarySuffix.Length
        && fileName.AsSpan(TemporaryPrefix.Length, fileName.Length - TemporaryPrefix.Length - TemporarySuffix.Length) is var random
        && !random.ContainsAnyExcept(HexDigits);

    /// <summary>Removes temporary files, links and folders that a crash left.</summary>
    /// <param name="folder">Where to look; it need not exist.</param>
    /// <param name="writtenBefore">What was written to later is somebody's work and stays.</param>
    /// <returns>How many were removed.</returns>
    public static int Sweep(string folder, DateTimeOffset writtenBefore)
    {
        if (!Directory.Exists(folder))
        {
            return 0;
        }

        var removed = 0;
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos(TemporaryPrefix + "*" + TemporarySuffix))
        {
            if (!IsTemporary(entry.Name) || entry.LastWriteTimeUtc >= writtenBefore.UtcDateTime)
            {
                continue;
            }

            if (entry is DirectoryInfo { LinkTarget: null } directory)
            {
                directory.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }

            removed++;
        }

        return removed;
    }
}
