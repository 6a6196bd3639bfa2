using Caur.Tests.Support;

namespace Caur.Tests.Image;

/// <summary>./caur and the bootstrap, where that needs no compilation.</summary>
public sealed class EntryScriptTests
{
    private static string Entry => Path.Combine(SourceTree.Root, "caur");

    [Fact]
    public async Task Help_WhenThereIsNoHomeAndNoLocale_ListsTheVerbs()
    {
        var ended = await Processes.RunAsync("env", ["-i", Entry, "help"], folder: "/");

        ended.ExitCode.ShouldBe(0, ended.ToString());
        ended.Output.ShouldContain("demo");
        ended.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Image_WhenMadeAlready_IsNamedAgain()
    {
        var engine = await ContainerEngine.RequireAsync();
        var environment = new Dictionary<string, string> { ["CAUR_SETUP"] = "never", ["DOCKER_HOST"] = $"unix://{engine.SocketPath}" };

        var first = await Processes.RunAsync(Entry, ["image"], environment: environment);
        var second = await Processes.RunAsync(Entry, ["image"], environment: environment, folder: "/");

        second.ExitCode.ShouldBe(0, second.ToString());
        second.ShouldBe(new ProcessResult(0, first.Output, ""));
        second.Output.Trim().ShouldMatch("^localhost/caur-builder:[0-9a-f]{12}$");
    }

    [Fact]
    public async Task Image_WhenNamedEngineDoesNotAnswer_SaysSoAndNothingElse()
    {
        var environment = new Dictionary<string, string> { ["CAUR_SETUP"] = "never", ["DOCKER_HOST"] = "unix:///no/such/socket" };

        var ended = await Processes.RunAsync(Entry, ["image"], environment: environment);

        ended.ExitCode.ShouldBe(1, ended.ToString());
        ended.Error.ShouldContain("No container engine answers at unix:///no/such/socket.");
        ended.Output.ShouldBeEmpty();
    }
}
