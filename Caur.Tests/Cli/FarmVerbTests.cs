using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Silo.Cli;

namespace Caur.Tests.Cli;

/// <summary>The verbs about queue, builds and builders against the real hub, which has no builder: what is queued waits.</summary>
[SupportedOSPlatform("linux")]
[Collection(nameof(CliHub))]
public sealed class FarmVerbTests(CliHub hub)
{
    [Fact]
    public async Task Queue_OfARealFarm_SaysWhatWaitsForWhat()
    {
        await ResetAsync();
        (await hub.RunAsync("schedule hello hello-more")).Succeeded();

        var table = (await hub.RunAsync("queue")).Succeeded().Output;
        table.ShouldMatch(@"(?m)^awesome-repo/x86_64/hello/\d+ +Waiting ");
        table.ShouldContain("No builder is known.");
        (await hub.RunAsync("queue --package other")).Succeeded().Output.ShouldContain("Nothing is queued.");

        using var json = JsonDocument.Parse((await hub.RunAsync("queue --json")).Succeeded().Output);
        json.RootElement.EnumerateObject().Select(member => member.Name).ShouldBe(["queues", "items", "builders"]);
        json.RootElement.GetProperty("items").GetArrayLength().ShouldBe(2);

        (await hub.RunAsync("queue why hello-more")).Succeeded().Output.ShouldMatch(@"^awesome-repo/x86_64/hello-more/\d+: Waiting: .*hello");
        (await hub.RunAsync("build why hello")).Succeeded().Output.ShouldMatch(@"^awesome-repo/x86_64/hello/\d+: Waiting: ");
        (await hub.RunAsync("queue why hello-more")).Output.ShouldContain("Its place in the queue of x86_64 is ");
        (await hub.RunAsync("queue promote hello-more")).Succeeded().Output.ShouldContain("awesome-repo/x86_64/hello-more/");
    }

    [Fact]
    public async Task Pause_AndResume_AreSeenInTheQueue()
    {
        (await hub.RunAsync("queue pause")).Succeeded().Output.ShouldContain("x86_64: paused");
        (await hub.RunAsync("queue")).Succeeded().Output.ShouldContain("The queue of x86_64 is paused.");
        (await hub.RunAsync("queue resume --arch x86_64")).Succeeded().Output.ShouldContain("x86_64: hands out builds");
        (await hub.RunAsync("queue")).Succeeded().Output.ShouldNotContain("is paused");
        (await hub.RunAsync("queue pause --arch mips")).ExitCode.ShouldBe(ExitCodes.Failed);
    }

    [Fact]
    public async Task Reset_WithoutATerminal_WantsYes()
    {
        (await hub.RunAsync("schedule other")).Succeeded();

        var asked = await hub.RunAsync("queue reset");

        asked.ExitCode.ShouldBe(ExitCodes.Usage);
        asked.Error.ShouldContain("--yes");
        (await hub.RunAsync("queue")).Output.ShouldContain("/other/");
        (await hub.RunAsync("queue reset --yes --reason cleaning")).Succeeded().Output.ShouldMatch(@"^(1 build is|\d+ builds are) cancelled; 0 that builders");
        (await hub.RunAsync("queue")).Output.ShouldContain("Nothing is queued.");
    }

    [Theory]
    [InlineData("n", false)]
    [InlineData("", false)]
    [InlineData("yes", true)]
    public async Task Reset_OnATerminal_AsksAndDoesAsItIsTold(string answer, bool done)
    {
        await ResetAsync();
        (await hub.RunAsync("schedule other")).Succeeded();

        var run = await CliRun.RunAsync(
            ["queue", "reset"], new Dictionary<string, string> { ["CAUR_URL"] = hub.Url, ["CAUR_TOKEN"] = hub.Token }, input: answer, canAsk: true);

        run.Error.ShouldContain($"Cancel 1 waiting build of {hub.Url}/? [y/N] ");
        run.ExitCode.ShouldBe(done ? ExitCodes.Ok : ExitCodes.Failed);
        (await hub.RunAsync("queue")).Output.Contains("Nothing is queued.", StringComparison.Ordinal).ShouldBe(done);
    }

    [Fact]
    public async Task Builds_OfARealFarm_AreListedShownCancelledAndRepeated()
    {
        await ResetAsync();
        (await hub.RunAsync("schedule other")).Succeeded();

        var cancelled = (await hub.RunAsync("build cancel other")).Succeeded().Output.Split(':')[0];

        (await hub.RunAsync("queue")).Output.ShouldContain("Nothing is queued.");
        (await hub.RunAsync($"build show {cancelled}")).Succeeded().Output.ShouldMatch(@"(?m)^state +Cancelled");
        var again = await hub.RunAsync($"build retry {cancelled}");
        again.Succeeded().Output.ShouldMatch($@"^Queued awesome-repo/x86_64/other/\d+ at {hub.Commit[..10]}");
        var list = (await hub.RunAsync("build list --package other --limit 1")).Succeeded().Output;
        list.ShouldMatch(@"(?m)^awesome-repo/x86_64/other/\d+ +Waiting +20\d\d-");
        list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
        using var json = JsonDocument.Parse((await hub.RunAsync("build list --state Waiting --since 1h --json")).Succeeded().Output);
        json.RootElement.EnumerateArray().ShouldHaveSingleItem().GetProperty("pkgbase").GetString().ShouldBe("other");
        (await hub.RunAsync("build list --state Sleeping")).Error.ShouldContain("Sleeping");
        (await hub.RunAsync("build cancel other")).Succeeded();
    }

    [Theory]
    [InlineData("build show othr", "there is no build of 'othr'; did you mean other?")]
    [InlineData("queue why othr", "there is no build of 'othr'; did you mean other?")]
    [InlineData("logs othr", "no log of one; did you mean other?")]
    [InlineData("build list --package othr", "")]
    [InlineData("builder drain stormwing", "no builder 'stormwing' is known")]
    public async Task Verb_WhenANameIsUnknown_NamesTheNearest(string line, string said)
    {
        (await hub.RunAsync("schedule other")).Succeeded();

        var run = await hub.RunAsync(line);

        if (said.Length == 0)
        {
            run.Succeeded().Output.ShouldContain("There are no such builds; did you mean other?");
            return;
        }

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain(said);
    }

    [Theory]
    [InlineData("queue pause", "admin")]
    [InlineData("queue reset --yes", "admin")]
    [InlineData("build cancel awesome-repo/x86_64/other/1", "admin")]
    [InlineData("repo rollback 1", "admin")]
    [InlineData("token list", "admin")]
    public async Task Verb_WhenTheTokenIsNotEnough_SaysWhichRoleIs(string line, string role)
    {
        var made = await CliRun.RunAsync(["token", "create", "--role", "ci", "--data", hub.Data]);

        var run = await hub.RunAsync(line.Split(' '), ("CAUR_TOKEN", made.Succeeded().Output.Trim()));
        var without = await hub.RunAsync(line.Split(' '), ("CAUR_TOKEN", ""));

        run.ExitCode.ShouldBe(ExitCodes.TokenRefused);
        run.Error.ShouldContain($"it wants a token of the role {role}");
        without.ExitCode.ShouldBe(ExitCodes.TokenRefused);
        without.Error.ShouldContain($"wants a token of the role {role} for this: --token or CAUR_TOKEN");
    }

    [Theory]
    [InlineData("build show awesome-repo")]
    [InlineData("build cancel awesome-repo")]
    public async Task Build_OfAPackageThatIsCalledAsItsSourceRepository_IsLookedForAsAPackage(string line) =>
        (await hub.RunAsync(line)).Error.ShouldBe($"caur: there is no build of 'awesome-repo'{Environment.NewLine}");

    [Theory]
    [InlineData("queue", "reader or any other", "reader")]
    [InlineData("schedule hello", "ci or admin", "ci")]
    public async Task Verb_WithAWrongToken_AsksForNoMoreThanItNeeds(string line, string role, string make)
    {
        var run = await hub.RunAsync(line.Split(' '), ("CAUR_TOKEN", "caur_wrong"));

        run.ExitCode.ShouldBe(ExitCodes.TokenRefused);
        run.Error.ShouldContain($"This wants one of the role {role};");
        run.Error.ShouldContain($"'caur token create --role {make}' on the hub's machine makes one.");
    }

    [Fact]
    public async Task BuilderList_WithoutBuilders_SaysSo()
    {
        (await hub.RunAsync("builder list")).Succeeded().Output.ShouldContain("No builder is known.");
        (await hub.RunAsync("builder list --json")).Succeeded().Output.Trim().ShouldBe("[]");
    }

    private async Task ResetAsync() => (await hub.RunAsync("queue reset --yes")).Succeeded();
}
