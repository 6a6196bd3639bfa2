using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Caur.Api.Metrics;

/// <summary>The process as every Prometheus client shows it (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).</summary>
public sealed class ProcessInstruments
{
    private const string Files = "/proc/self/fd";

    /// <summary>Makes the instruments.</summary>
    public ProcessInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Caur.Process");
        meter.CreateObservableCounter("process.cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time that the process took");
        meter.CreateObservableGauge("process.resident_memory", () => Environment.WorkingSet, "By", "Memory that the process has in use");
        meter.CreateObservableGauge("process.virtual_memory", VirtualMemory, "By", "Addresses that the process has in use");
        meter.CreateObservableGauge("process.open_fds", OpenFiles, "{file}", "Files and connections that the process has open");
        meter.CreateObservableGauge("process.max_fds", MostFiles, "{file}", "Files and connections that the process may have open");
        var started = StartTime();
        meter.CreateObservableGauge("process.start_time", () => started, "s", "When the process started, in seconds since 1970");
    }

    private static double StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0;
    }

    private static long OpenFiles() => Try(() => Directory.EnumerateFileSystemEntries(Files).LongCount());

    private static long VirtualMemory() =>
        Try(() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], CultureInfo.InvariantCulture) * Environment.SystemPageSize);

    private static long MostFiles() => Try(() => File.ReadLines("/proc/self/limits")
        .Where(line => line.StartsWith("Max open files", StringComparison.Ordinal))
        .Select(line => line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0])
        .Select(text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most : 0)
        .FirstOrDefault());

    /// <summary>0 where /proc does not say.</summary>
    private static long Try(Func<long> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }
}
