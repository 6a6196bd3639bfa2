using System.Runtime.CompilerServices;

namespace Caur.Tests.Support;

/// <summary>One place for how long a test waits for something that must happen: a timeout names the phase and the line.</summary>
internal static class TestTimeouts
{
    /// <summary>Long enough for a machine that has much else to do: only what hangs takes it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    public static Task<T> DefaultTimeout<T>(
        this Task<T> task, string phase = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Named(task, Longest, phase, file, line);

    public static async Task DefaultTimeout(
        this Task task, string phase = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        await Named(Wrap(task), Longest, phase, file, line);

        static async Task<bool> Wrap(Task inner)
        {
            await inner;
            return true;
        }
    }

    public static Task<T> Timeout<T>(
        this Task<T> task, TimeSpan limit, string phase = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Named(task, limit, phase, file, line);

    private static async Task<T> Named<T>(Task<T> task, TimeSpan limit, string phase, string file, int line)
    {
        try
        {
            return await task.WaitAsync(limit, TimeProvider.System);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"{phase} did not happen within {limit} ({Path.GetFileName(file)}:{line})");
        }
    }
}
