using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>Builds that do not end by themselves.</summary>
public sealed class EndingTests
{
    [Fact]
    public async Task Build_WhenItTakesTooLong_EndsWithTheCodeOfATimeout()
    {
        using var build = new BuildCase("hangs") { Limit = 2 };
        File.Copy(Path.Combine(SourceTree.Samples, "hangs", "PKGBUILD"), Path.Combine(build.Source, "PKGBUILD"));

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(124, outcome.Log);
        outcome.Log.ShouldContain("The build took longer than 2 seconds");
    }

    [Theory]
    [InlineData("sleep infinity")]
    [InlineData("trap '' TERM; sleep infinity & wait")]
    public async Task Build_WhenStopped_EndsWithinItsGrace(string build)
    {
        using var hanging = BuildCase.Of("hanging", $"build() {{ echo now hanging; {build}; }}");
        var engine = await ContainerEngine.RequireAsync();
        try
        {
            (await engine.RunAsync(hanging.Arguments(engine, detached: true))).ExitCode.ShouldBe(0);
            await FollowUntilAsync(engine, hanging.ContainerName, "now hanging");

            (await engine.RunAsync(["stop", "-t", "30", hanging.ContainerName])).ExitCode.ShouldBe(0);

            var state = await engine.RunAsync(["inspect", "-f", "{{.State.ExitCode}}", hanging.ContainerName]);
            // 137 would mean that the engine had to kill it after the 30 seconds.
            state.Output.Trim().ShouldBe("143");
        }
        finally
        {
            await engine.RunAsync(["rm", "-f", hanging.ContainerName]);
        }
    }

    private static async Task FollowUntilAsync(ContainerEngine engine, string container, string line)
    {
        // grep ends with the first match, and with it the log's follower at its next line or not at all: the shell kills it.
        var script = """coproc "$@" 2>&1; grep -q -m1 -- "$0" <&"${COPROC[0]}"; code=$?; kill "$COPROC_PID"; exit $code""";
        var found = await Processes.RunAsync("bash", ["-c", script, line, engine.Command, "logs", "-f", container], TimeSpan.FromSeconds(60));
        found.ExitCode.ShouldBe(0, $"'{line}' in the log");
    }
}
