using System.Diagnostics;
using Caur.Tests.Engine;

namespace Caur.Tests.Support;

/// <summary>Processes that tests start in order to kill them: the tests' own program with the arguments <c>child NAME ...</c>.</summary>
internal static class TestChild
{
    private static readonly Dictionary<string, Func<string[], Task>> Known = new(StringComparer.Ordinal)
    {
        [nameof(EngineWriter)] = EngineWriter.RunAsync,
    };

    /// <summary>What the child does.</summary>
    public static async Task<int> RunAsync(string name, string[] arguments)
    {
        await Known[name](arguments);
        return 0;
    }

    /// <summary>Starts a child whose output the test reads.</summary>
    public static Process Start(string name, params string[] arguments) => Process.Start(
        new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", typeof(TestChild).Assembly.Location, "child", name, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
}
