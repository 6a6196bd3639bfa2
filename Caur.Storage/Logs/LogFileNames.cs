namespace Caur.Storage.Logs;

/// <summary>The names of log files: <c>logs/pkgbase/timestamp.target.arch.live</c> while it grows, <c>.log</c> when it is finished.</summary>
/// <remarks>The end mark is the ending of the name because one rename is all or nothing: after a kill -9 or a power cut the log is
/// live or finished, never both and never neither. The bytes are synced before the rename, so a finished log is complete. A second
/// file as a mark would double the folder's entries and could outlive its log; an extended attribute does not survive every backup.
/// Readers that hold the file open do not notice the rename.</remarks>
internal static class LogFileNames
{
    public const string Live = ".live";
    public const string Finished = ".log";
    public const string Namcap = ".namcap";

    public static string Folder(string root, string pkgbase) => PathGuardJoin(root, pkgbase);

    public static string Path(string root, LogKey key, bool finished) =>
        PathGuardJoin(root, key.Pkgbase, key.Stem + (finished ? Finished : Live));

    /// <summary>What namcap says of what was built, beside the log.</summary>
    public static string NamcapPath(string root, LogKey key) => PathGuardJoin(root, key.Pkgbase, key.Stem + Namcap);

    private static string PathGuardJoin(string root, params ReadOnlySpan<string> names) => Files.PathGuard.Join(root, names);
}
