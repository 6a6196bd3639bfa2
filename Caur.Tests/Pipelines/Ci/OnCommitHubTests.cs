using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Ci;

/// <summary>The pipeline against the real hub.</summary>
[Collection(nameof(CliHub))]
[SupportedOSPlatform("linux")]
public sealed class OnCommitHubTests(CliHub hub)
{
    [Fact]
    public async Task OnCommit_WhenItIsRepeated_QueuesNothingTwice()
    {
        using var folder = new TemporaryFolder();
        var checkout = folder["checkout"];
        await GitAsync(folder.Path, "clone", "--quiet", hub.Source, checkout);
        string[] verb = ["ci", "on-commit", "--repository", checkout, "--tag", $"handled-{Guid.NewGuid():n}", "--json"];

        // The names of the settings are the default ones, which this farm does not have.
        var refused = await hub.RunAsync(verb);
        refused.ExitCode.ShouldBe(1);
        refused.Output.ShouldContain("no source repository of that name; it has awesome-repo");

        Directory.CreateDirectory(Path.Combine(checkout, ".ci"));
        await File.WriteAllTextAsync(Path.Combine(checkout, ".ci", "config"), "BUILD_REPO=awesome-repo\nREPO_NAME=awesome-repo\n", TestContext.Current.CancellationToken);
        await GitAsync(checkout, "add", "--all");
        await GitAsync(checkout, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "settings [deploy hello] [deploy hello-more]");
        await GitAsync(checkout, "push", "--quiet", "origin", "HEAD:refs/heads/of-a-test");

        var first = Builds(await hub.RunAsync([.. verb, "--branch", "of-a-test"]));
        await GitAsync(checkout, "push", "--quiet", "origin", $":refs/tags/{verb[5]}");
        var again = Builds(await hub.RunAsync([.. verb, "--branch", "of-a-test"]));

        first.Keys.Order().ShouldBe(["hello", "hello-more"]);
        again.ShouldBe(first);
    }

    private static Dictionary<string, string> Builds(CliRun run)
    {
        using var document = JsonDocument.Parse(run.Succeeded().Output);
        return document.RootElement.GetProperty("decisions").EnumerateArray().ToDictionary(
            one => one.GetProperty("pkgbase").GetString()!, one => one.GetProperty("builds").EnumerateArray().Single().GetString()!);
    }

    private static async Task GitAsync(string folder, params string[] arguments)
    {
        var result = await Processes.RunAsync("git", ["-c", "safe.directory=*", .. arguments], folder: folder);
        result.ExitCode.ShouldBe(0, result.ToString());
    }
}
