using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace Caur.Silo.Demo;

/// <summary>A process that can be known again: ids are given anew, but not with the same start in the same boot.</summary>
/// <param name="Id">The process id.</param>
/// <param name="Started">When it started, in clock ticks since boot (proc(5), field 22 of stat).</param>
/// <param name="Boot">Which boot of the machine.</param>
internal sealed record ProcessIdentity(int Id, long Started, string Boot)
{
    private const int Terminate = 15;
    private const int Kill = 9;

    /// <summary>Null when there is no such process, or only what is left of one.</summary>
    public static ProcessIdentity? Of(int id)
    {
        try
        {
            // The name in parentheses may hold anything, also spaces and parentheses.
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X"
                ? null
                : new ProcessIdentity(id, long.Parse(fields[19], CultureInfo.InvariantCulture), File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>True while this very process runs.</summary>
    [JsonIgnore]
    public bool IsAlive => Of(Id) == this;

    /// <summary>SIGTERM, and SIGKILL when <paramref name="patience"/> is over. Returns when it is gone.</summary>
    /// <returns>False when it is still there, or belongs to somebody else.</returns>
    public async Task<bool> StopAsync(TimeSpan patience, TimeProvider time)
    {
        var since = time.GetTimestamp();
        var signal = Terminate;
        while (IsAlive)
        {
            if (signal != 0)
            {
                if (Send(Id, signal) != 0 && IsAlive)
                {
                    return false;
                }

                signal = 0;
            }

            var waited = time.GetElapsedTime(since);
            if (waited > patience + TimeSpan.FromSeconds(10))
            {
                return false;
            }

            signal = waited > patience ? Kill : 0;
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, CancellationToken.None);
        }

        return true;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Send(int id, int signal);
}
