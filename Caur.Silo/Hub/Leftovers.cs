using System.Diagnostics;
using Caur.Storage.Files;

namespace Caur.Silo.Hub;

/// <summary>Files that a hub was writing when it died: hidden, under names that nobody looks for again. Repositories, the archive and idempotency
/// keys look after their own.</summary>
internal static class Leftovers
{
    /// <summary>Removes those from before this process began. A younger one may be of a verb that works beside it.</summary>
    /// <returns>How many were removed.</returns>
    public static int Sweep(DataFolders folders)
    {
        using var process = Process.GetCurrentProcess();
        return Sweep(folders, process.StartTime);
    }

    /// <summary>Removes those that were written before a time. What cannot be removed stays: it takes room, and does no harm.</summary>
    public static int Sweep(DataFolders folders, DateTimeOffset writtenBefore)
    {
        var removed = 0;
        foreach (var folder in Folders(folders))
        {
            try
            {
                removed += AtomicFile.Sweep(folder, writtenBefore);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
            }
        }

        return removed;
    }

    private static IEnumerable<string> Folders(DataFolders folders)
    {
        var attempts = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true };
        return [folders.Root, folders.Archive, .. Directory.EnumerateDirectories(folders.Landing, "*", attempts)];
    }
}
