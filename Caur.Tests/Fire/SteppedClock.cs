using System.IO.MemoryMappedFiles;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>Wall clocks of processes that a test sets, each for itself: a library that is loaded into them before all others and adds to
/// what the kernel says the time is. As with a clock that is really set, the time since the machine's start is not touched.</summary>
internal sealed class SteppedClock : IDisposable
{
    private const string Source = """
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static const volatile long *ahead;

        __attribute__((constructor)) static void begin(void) {
          const char *path = getenv("STEPPED_CLOCK");
          int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
          void *mapped = file < 0 ? MAP_FAILED : mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
          ahead = mapped == MAP_FAILED ? 0 : mapped;
          if (file >= 0) close(file);
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
          int result = (int)syscall(SYS_clock_gettime, clock, time);
          if (result == 0 && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += *ahead;
          return result;
        }

        int gettimeofday(struct timeval *restrict time, void *restrict zone) {
          int result = (int)syscall(SYS_gettimeofday, time, zone);
          if (result == 0 && ahead && time) time->tv_sec += *ahead;
          return result;
        }

        time_t time(time_t *where) {
          struct timespec now;
          clock_gettime(CLOCK_REALTIME, &now);
          if (where) *where = now.tv_sec;
          return now.tv_sec;
        }
        """;

    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly string _file;
    private readonly MemoryMappedFile _mapped;
    private TimeSpan _ahead;

    private SteppedClock(string file, string library)
    {
        _file = file;
        Library = library;
        File.WriteAllBytes(file, new byte[Environment.SystemPageSize]);
        _mapped = MemoryMappedFile.CreateFromFile(file, FileMode.Open);
    }

    /// <summary>The library; a second clock needs no second one.</summary>
    public string Library { get; }

    /// <summary>What a process has to find in its environment in order to live by this clock.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string> { ["LD_PRELOAD"] = Library, ["STEPPED_CLOCK"] = _file };

    /// <summary>Makes a clock in a folder.</summary>
    public static async Task<SteppedClock> CreateAsync(string folder, string name)
    {
        Requirement.Program("gcc");
        var (source, library) = (Path.Combine(folder, "clock.c"), Path.Combine(folder, "clock.so"));
        if (!File.Exists(library))
        {
            await File.WriteAllTextAsync(source, Source);
            var made = await Processes.RunAsync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
            made.ExitCode.ShouldBe(0, made.ToString());
        }

        return new SteppedClock(Path.Combine(folder, name), library);
    }

    /// <summary>What a process has to believe that lives by it.</summary>
    public DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _ahead;

    /// <summary>Sets it to the true time and so much.</summary>
    public void Set(TimeSpan ahead)
    {
        _ahead = ahead;
        using var view = _mapped.CreateViewAccessor(0, sizeof(long));
        view.Write(0, (long)ahead.TotalSeconds);
    }

    /// <summary>Whether a time is what this clock shows now, give or take what a process may be late with it.</summary>
    public bool Shows(DateTimeOffset time) => (time - Now).Duration() < Tolerance;

    /// <summary>The same, where the day is not told.</summary>
    public bool Shows(TimeSpan timeOfDay)
    {
        var apart = (timeOfDay - Now.TimeOfDay).Duration();
        return apart < Tolerance || apart > TimeSpan.FromDays(1) - Tolerance;
    }

    public void Dispose() => _mapped.Dispose();
}
