using System.Diagnostics.Metrics;
using Caur.Storage.Files;

namespace Caur.Api.Metrics;

/// <summary>The room on the file systems of the data folder's parts, each of which may lie on one of its own. It is asked for when somebody
/// looks; a folder of which nobody can say has no series.</summary>
public sealed class DiskInstruments
{
    /// <summary>Makes the instruments.</summary>
    public DiskInstruments(IMeterFactory meters, DataFolders folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        (string Name, string Path)[] parts =
        [
            ("data", folders.Root), ("logs", folders.Logs), ("landing", folders.Landing), ("repos", folders.Repositories),
            ("archive", folders.Archive), ("sources", folders.Sources), ("keys", folders.Keys),
        ];
        var meter = meters.Create("Caur.Disk");
        meter.CreateObservableGauge("caur.disk.free", () => Measure(parts, DiskSpace.FreeBytes), "By", "What the farm's user may still write on the file system of a folder");
        meter.CreateObservableGauge("caur.disk.size", () => Measure(parts, DiskSpace.TotalBytes), "By", "What the file system of a folder has in all");
    }

    private static IEnumerable<Measurement<long>> Measure((string Name, string Path)[] parts, Func<string, long?> ask) => parts
        .Select(part => (part.Name, Bytes: ask(part.Path)))
        .Where(part => part.Bytes is not null)
        .Select(part => new Measurement<long>(part.Bytes!.Value, new KeyValuePair<string, object?>("folder", part.Name)));
}
