using Caur.Silo.Cli;
using Caur.Tests.Cli;

namespace Caur.Tests.Link;

/// <summary><c>caur builder</c> that cannot work says why before it begins.</summary>
public sealed class BuilderRunTests
{
    [Fact]
    public async Task Builder_WithoutAToken_SaysHowToGetOne()
    {
        var run = await CliRun.RunAsync(["builder"]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("caur token create --role builder");
    }

    [Fact]
    public async Task Builder_WithSettingsThatCannotBe_NamesAllOfThem()
    {
        var run = await CliRun.RunAsync(
            ["builder", "--slots", "0"],
            new Dictionary<string, string> { ["CAUR_TOKEN"] = "caur_x", ["BUILDER_LIMITS_RAM"] = "much", ["CAUR_BUILDER_SHUTDOWN"] = "never", ["CAUR_TOKEN_FILE"] = "/nowhere" });

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("BUILDER_LIMITS_RAM must be a whole number");
        run.Error.ShouldContain("CAUR_BUILDER_SHUTDOWN must be one of hand-back, finish, leave, not 'never'");
        run.Error.ShouldContain("--slots must be from 1 to 1000, not 0");
        run.Error.ShouldContain("CAUR_TOKEN_FILE is set too");
    }
}
