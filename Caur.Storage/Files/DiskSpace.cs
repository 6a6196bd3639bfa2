namespace Caur.Storage.Files;

/// <summary>Whether there is room on a file system.</summary>
public static class DiskSpace
{
    /// <summary>True when an exception, or one that led to it, says that the file system or the quota is full.</summary>
    public static bool IsFull(Exception? error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is IOException disk && Libc.IsNoSpace(disk))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The bytes that this user may still write below a folder; null when nobody can say, as when the folder is not there.</summary>
    public static long? FreeBytes(string folder) => Ask(folder, static drive => drive.AvailableFreeSpace);

    /// <summary>The bytes that a folder's file system has in all; null when nobody can say.</summary>
    public static long? TotalBytes(string folder) => Ask(folder, static drive => drive.TotalSize);

    private static long? Ask(string folder, Func<DriveInfo, long> question)
    {
        try
        {
            return Directory.Exists(folder) ? question(new DriveInfo(folder)) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
