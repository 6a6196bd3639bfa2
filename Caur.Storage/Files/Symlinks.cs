namespace Caur.Storage.Files;

/// <summary>Symbolic links that change in one step.</summary>
public static class Symlinks
{
    /// <summary>Makes <paramref name="link"/> point to <paramref name="target"/>, whatever link or file was there, by one rename.
    /// A reader sees the old or the new target, never none.</summary>
    /// <param name="link">The link's path; its folder must exist.</param>
    /// <param name="target">What is written into the link, usually relative to its folder. It need not exist.</param>
    /// <param name="cancellationToken">Ends the wait before the change.</param>
    /// <param name="syncFolder">False when the caller syncs the folder: until then the change is not durable.</param>
    /// <returns>False when the link had that target already.</returns>
    public static Task<bool> ReplaceAsync(string link, string target, CancellationToken cancellationToken, bool syncFolder = true) =>
        Task.Run(() => Replace(link, target, syncFolder), cancellationToken);

    /// <summary>What a link points to, as written in it; null when there is no link of that name.</summary>
    public static string? Read(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool Replace(string link, string target, bool syncFolder)
    {
        if (string.Equals(Read(link), target, StringComparison.Ordinal))
        {
            return false;
        }

        var temporary = AtomicFile.NewTemporary(link);
        File.CreateSymbolicLink(temporary, target);
        try
        {
            Libc.Rename(temporary, link);
        }
        catch (IOException)
        {
            File.Delete(temporary);
            throw;
        }

        if (syncFolder)
        {
            Libc.SyncFolder(Path.GetDirectoryName(temporary)!);
        }

        return true;
    }
}
