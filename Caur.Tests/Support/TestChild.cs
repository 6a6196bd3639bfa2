using System.Diagnostics;
namespace Caur.Tests.Support;

/// <summary>Processes that tests start in order to kill them: the tests' own program with the arguments <c>child NAME ...</c>.</summary>
internal static class TestChild
{
    /// <summary>Runs the static method <c>Task RunAsync(string[])</c> of the named class of this assembly.</summary>
    public static async Task<int> RunAsync(string name, string[] arguments)
    {
        var run = typeof(TestChild).Assembly.GetType(name, throwOnError: true)!.GetMethod("RunAsync")!;
        await run.CreateDelegate<Func<string[], Task>>()(arguments);
        return 0;
    }

    /// <summary>The command line of a child that runs <paramref name="type"/>.</summary>
    public static IReadOnlyList<string> Command(Type type, params string[] arguments) =>
        [Environment.ProcessPath!, "exec", typeof(TestChild).Assembly.Location, "child", type.FullName!, .. arguments];

    /// <summary>Starts a child that runs <paramref name="type"/> and whose output the test reads.</summary>
    public static Process Start(Type type, params string[] arguments)
    {
        var command = Command(type, arguments);
        return Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true })!;
    }
}
