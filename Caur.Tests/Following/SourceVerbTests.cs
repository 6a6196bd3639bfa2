using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Tests.Cli;

namespace Caur.Tests.Following;

/// <summary>The verbs about source repositories and runs against the real hub, whose source repository has no settings of its own.</summary>
[Collection(nameof(CliHub))]
[SupportedOSPlatform("linux")]
public sealed class SourceVerbTests(CliHub hub)
{
    [Fact]
    public async Task Run_StartedDryAndFollowed_TellsItsStepsAndIsThereAfterwards()
    {
        var started = await hub.RunAsync("run start --dry-run --follow");
        started.ExitCode.ShouldBe(1, started.Output);
        started.Error.ShouldMatch("(?m)^decide +[0-9]+ ms  3 to build, 0 to remove$");
        started.Output.ShouldContain("  build    hello: its folder is new");
        started.Output.ShouldContain($"Failed at {hub.Commit[..10]}: BUILD_REPO in .ci/config is 'chaotic-aur', and the farm has no source repository of that name");

        var list = (await hub.RunAsync("run list --source-repo awesome-repo")).Succeeded().Output;
        list.ShouldMatch("(?m)^[0-9]+ +on-commit \\(dry\\) +Failed +Order ");
        (await hub.RunAsync("run show")).Succeeded().Output.ShouldContain("Failed at ");
        using var shown = JsonDocument.Parse((await hub.RunAsync("run show --json")).Succeeded().Output);
        shown.RootElement.GetProperty("run").GetProperty("dry_run").GetBoolean().ShouldBeTrue();
        (await hub.RunAsync("source list")).Succeeded().Output.ShouldMatch("(?m)^awesome-repo +no ");
        (await hub.RunAsync("package why hello")).Succeeded().Output.ShouldSatisfyAllConditions(
            text => text.ShouldContain("hello: no run of this repository is remembered: nobody decided anything of it yet"), text => text.ShouldContain("version              1-1"));
    }

    [Theory]
    [InlineData("run start on-comit", "there is no pipeline 'on-comit'; known: add, bump, drop, on-commit, on-schedule, schedule")]
    [InlineData("run list --source-repo none", "there is no source repository 'none'; this farm has awesome-repo")]
    [InlineData("run show 4711", "awesome-repo has no run 4711")]
    [InlineData("package why nothing-at-all", "nothing is known of a package 'nothing-at-all'")]
    public async Task Verb_AboutWhatIsNotThere_SaysWhatIs(string line, string said)
    {
        var run = await hub.RunAsync(line);

        run.ExitCode.ShouldBe(1);
        run.Error.ShouldContain(said);
    }
}
