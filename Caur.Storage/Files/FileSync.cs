using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Files;

/// <summary>Brings to the disk what must not be lost, and measures how long the disk takes: most often that is what a farm waits for.</summary>
internal static class FileSync
{
    private static readonly Histogram<double> Duration = new Meter("Caur.Storage").CreateHistogram(
        "caur.storage.sync.duration",
        "s",
        "Syncs of files and folders to the disk and how long each took, without those of grain state",
        null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5] });

    private static readonly KeyValuePair<string, object?> File = new("kind", "file");

    private static readonly KeyValuePair<string, object?> Folder = new("kind", "folder");

    /// <summary>fsync(2) of a file.</summary>
    public static void OfFile(SafeFileHandle file)
    {
        var started = Stopwatch.GetTimestamp();
        RandomAccess.FlushToDisk(file);
        Duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, File);
    }

    /// <summary>A folder was synced.</summary>
    public static void FolderSynced(long startedTimestamp) => Duration.Record(Stopwatch.GetElapsedTime(startedTimestamp).TotalSeconds, Folder);
}
