using Caur.Tests.Support;

namespace Caur.Tests.Engine.Durability;

/// <summary>Runs a child of the tests under strace, to see its system calls or to make them fail.</summary>
internal static class Strace
{
    private static readonly Lazy<Task<string?>> WhyNot = new(FindAsync);

    /// <summary>Where strace is missing or may not trace, the test is skipped, or fails where CI is <c>true</c>.</summary>
    public static async Task RequireAsync()
    {
        if (await WhyNot.Value is { } whyNot)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                Assert.Fail(whyNot);
            }

            Assert.Skip(whyNot);
        }
    }

    /// <summary>Runs the child to its end; what strace saw is in the file <paramref name="trace"/>.</summary>
    public static Task<ProcessResult> RunAsync(string trace, IEnumerable<string> options, Type child, params string[] arguments) =>
        Processes.RunAsync("strace", ["-f", "--seccomp-bpf", "-y", "-o", trace, .. options, "--", .. TestChild.Command(child, arguments)]);

    private static async Task<string?> FindAsync()
    {
        if (!Processes.OnPath("strace"))
        {
            return "strace is not installed; './caur setup' installs it";
        }

        var tried = await Processes.RunAsync("strace", ["-f", "-o", "/dev/null", "-e", "trace=fsync", "true"]);
        return tried.ExitCode == 0 ? null : $"this machine does not let strace trace a process: {tried.Error}";
    }
}
