namespace Caur.Storage.Logs;

/// <summary>Which builds have a log, over all pkgbases. A folder that did not change is not read again, so that asking costs a look at each
/// folder. Safe for all threads.</summary>
/// <param name="root">The folder of all logs.</param>
/// <param name="clock">Tells how long ago a folder changed.</param>
public sealed class BuildLogIndex(string root, TimeProvider clock)
{
    /// <summary>A folder that changed so lately may change again within the same tick of its file system.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Dictionary<string, Folder> _folders = new(StringComparer.Ordinal);
    private LogKey[]? _all;

    /// <summary>The logs of all pkgbases, in no order.</summary>
    /// <returns>The same list as before when nothing changed.</returns>
    public IReadOnlyList<LogKey> List()
    {
        lock (_lock)
        {
            var (found, changed) = (new Dictionary<string, Folder>(StringComparer.Ordinal), _all is null);
            var now = clock.GetUtcNow().UtcDateTime;
            foreach (var directory in Directory.Exists(root) ? new DirectoryInfo(root).EnumerateDirectories() : [])
            {
                var written = directory.LastWriteTimeUtc;
                if (_folders.TryGetValue(directory.Name, out var known) && known.Written == written && known.IsSettled)
                {
                    found[directory.Name] = known;
                    continue;
                }

                var keys = Read(directory);
                changed |= known is null || !known.Keys.SequenceEqual(keys);
                found[directory.Name] = new Folder(written, now - written > Settled, keys);
            }

            changed |= found.Count != _folders.Count;
            _folders = found;
            return changed || _all is null ? _all = [.. found.Values.SelectMany(folder => folder.Keys)] : _all;
        }
    }

    private static LogKey[] Read(DirectoryInfo directory)
    {
        try
        {
            return
            [
                .. directory.EnumerateFiles()
                    .Where(file => file.Extension is LogFileNames.Finished or LogFileNames.Live)
                    .Select(file => LogKey.TryParse(directory.Name, Path.GetFileNameWithoutExtension(file.Name), out var key) ? key : null)
                    .OfType<LogKey>()
                    .Distinct()
                    .OrderBy(key => key.Timestamp)
                    .ThenBy(key => key.Target, StringComparer.Ordinal)
                    .ThenBy(key => key.Arch, StringComparer.Ordinal),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            // Retention just removed it.
            return [];
        }
    }

    private sealed record Folder(DateTime Written, bool IsSettled, LogKey[] Keys);
}
