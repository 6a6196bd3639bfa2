using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Caur.Benchmarks.Running;

/// <summary>What is said of the machine beside the figures.</summary>
internal static class Machine
{
    public static MachineResult Describe(string folder) => new()
    {
        Processors = Environment.ProcessorCount,
        Processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?
            .Split(':')[1].Trim() ?? "unknown",
        FileSystem = new DriveInfo(folder).DriveFormat,
        Runtime = RuntimeInformation.FrameworkDescription,
        LoadBefore = Load(),
        SyncMilliseconds = Sync(folder),
    };

    public static double Load() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>What it costs to add 4 KiB to a file and sync it, as a commit does.</summary>
    public static Spread Sync(string folder)
    {
        const int Times = 100;
        var path = Path.Combine(folder, $"caur-bench-sync-{Environment.ProcessId}");
        var page = new byte[4096];
        var took = new List<double>(Times);
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose))
        {
            for (var i = 0; i < Times; i++)
            {
                Random.Shared.NextBytes(page);
                RandomAccess.Write(file, page, i * (long)page.Length);
                var started = Stopwatch.GetTimestamp();
                RandomAccess.FlushToDisk(file);
                took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        return Spread.Of(took)!;
    }
}
