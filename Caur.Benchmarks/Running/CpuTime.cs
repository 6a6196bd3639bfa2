using System.Globalization;

namespace Caur.Benchmarks.Running;

/// <summary>Processor time, as /proc/PID/stat has it: user and system, in hundredths of a second.</summary>
internal static class CpuTime
{
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of this process, of its children that have ended, and of processes that go on.</summary>
    public static double Now(params int[] servers) =>
        (Read("/proc/self/stat", withChildren: true) + servers.Sum(id => Read($"/proc/{id}/stat", withChildren: true))) / TicksPerSecond;

    private static long Read(string path, bool withChildren)
    {
        // The second field is the program's name in brackets, which may have blanks.
        var text = File.ReadAllText(path);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return fields[11..(withChildren ? 15 : 13)].Sum(static field => long.Parse(field, CultureInfo.InvariantCulture));
    }
}
