namespace Caur.Storage.Files;

/// <summary>Brings whole files into a folder, within a file system or from another.</summary>
internal static class FilePlacement
{
    /// <summary>Creates a folder that a web server of another user can read, with the folders above it; those that exist stay as they are.</summary>
    public static void CreatePublicFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (Path.GetDirectoryName(folder) is { } parent)
        {
            CreatePublicFolder(parent);
        }

        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, DataFolders.Public);
        if (Path.GetDirectoryName(folder) is { } above)
        {
            Libc.SyncFolder(above);
        }
    }

    /// <summary>Lets a file appear also as <paramref name="target"/>, replacing what is there in one step. Within a file system it is a
    /// second name of the same file, which costs nothing and needs no undoing after a crash; otherwise a synced copy. The caller syncs
    /// the target's folder.</summary>
    /// <exception cref="IOException">The target is as it was.</exception>
    public static async Task LinkOrCopyAsync(string source, string target, CancellationToken cancellationToken)
    {
        var temporary = AtomicFile.NewTemporary(target);
        switch (Libc.TryLink(source, temporary))
        {
            case 0:
                AtomicFile.SyncFile(temporary);
                if (File.GetUnixFileMode(temporary) != AtomicFile.Readable)
                {
                    File.SetUnixFileMode(temporary, AtomicFile.Readable);
                }

                Libc.Rename(temporary, target);
                // rename(2) does nothing when both names are the same file already.
                File.Delete(temporary);
                break;
            case Libc.Exdev or Libc.Eperm or Libc.Emlink or Libc.Enotsup:
                await CopyAsync(source, target, cancellationToken);
                break;
            case var code:
                throw new IOException($"link of {source} to {temporary}: error {code}", code);
        }
    }

    private static async Task CopyAsync(string source, string target, CancellationToken cancellationToken)
    {
        await using var from = new FileStream(
            source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        await using var to = AtomicFile.Begin(target, expectedSize: from.Length);
        await from.CopyToAsync(to.Stream, FileHash.PieceBytes, cancellationToken);
        await to.CommitAsync(cancellationToken, syncFolder: false);
    }
}
