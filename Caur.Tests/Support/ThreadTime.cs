using System.Globalization;

namespace Caur.Tests.Support;

/// <summary>How long a thread computed: what something costs, however busy the machine is.</summary>
internal static class ThreadTime
{
    /// <summary>The processor time of some work on this thread, to 10 ms.</summary>
    public static TimeSpan Of(Action work)
    {
        var start = Now();
        work();
        return Now() - start;
    }

    /// <summary>utime and stime of proc(5)'s stat, in hundredths of a second; the name before them may have blanks and ends with the last bracket.</summary>
    private static TimeSpan Now()
    {
        var stat = File.ReadAllText("/proc/thread-self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)));
    }
}
