using Caur.Builder.Engines;

namespace Caur.Builder.Workspaces;

/// <summary>The room that builds have on a disk.</summary>
internal static class WorkspaceDisk
{
    /// <summary>With less than this nothing can be built: the order's own files may not fit.</summary>
    public const long LeastFree = 1024 * 1024;

    private const int NoSpace = 28;
    private const int OverQuota = 122;

    /// <summary>How many bytes are free; null when that cannot be learnt.</summary>
    public static long? Free(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Why nothing can be built in a folder, for people; null when there is room.</summary>
    public static string? Problem(string folder) =>
        Free(folder) is { } free and < LeastFree ? $"the disk of {folder} is full, {free / 1024} KiB are free; make room there, or move it (SHARED_PATH)" : null;

    /// <summary>Whether a failure is the want of room, here or on the engine's own disk.</summary>
    public static bool IsFull(Exception error) => error switch
    {
        IOException { HResult: NoSpace or OverQuota } => true,
        EngineException engine => engine.Message.Contains("no space left on device", StringComparison.OrdinalIgnoreCase),
        _ => false,
    };
}
