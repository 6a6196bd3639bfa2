namespace Caur.Tests.Support;

/// <summary>Puts away what a test had.</summary>
internal static class CleanUp
{
    /// <summary>Takes every step, whatever becomes of the others. What cannot be put away is told and no more: it must not hide why the test
    /// failed.</summary>
    public static async Task AllAsync(params IEnumerable<Func<Task>> steps)
    {
        foreach (var step in steps)
        {
            try
            {
                await step();
            }
            catch (Exception error)
            {
                Tell($"not put away: {error}");
            }
        }
    }

    /// <summary>Runs a program that puts something away, also when the test has been called off.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        var done = await Processes.CleanUpAsync(program, arguments);
        if (done.ExitCode != 0)
        {
            Tell($"{program} {string.Join(' ', arguments)}: {done}");
        }
    }

    /// <summary>Where there is no test, as in a fixture, the runner is told.</summary>
    private static void Tell(string line)
    {
        if (TestContext.Current.TestOutputHelper is { } output)
        {
            output.WriteLine(line);
        }
        else
        {
            TestContext.Current.SendDiagnosticMessage(line);
        }
    }
}
