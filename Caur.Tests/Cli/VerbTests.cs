using System.Globalization;
using System.Text.Json;
using Caur.Api.Builds;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Silo.Cli;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Cli;

public sealed class VerbTests
{
    [Fact]
    public async Task Help_OfTheRoot_HasEveryVerbAndTheExitCodes()
    {
        var run = await CliRun.RunAsync(["--help"]);

        run.Succeeded();
        foreach (var word in (string[])["database", "demo", "schedule", "auto-repo-remove", "repo", "queue", "logs", "build", "token", "config", "completion", "web", "version", "3    the server cannot be reached"])
        {
            run.Output.ShouldContain(word);
        }
    }

    [Fact]
    public async Task Version_Always_PrintsOne() =>
        (await CliRun.RunAsync(["version"])).Succeeded().Output.ShouldMatch(@"^caur \d+\.\d+\.\d+");

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("build", "frobnicate")]
    [InlineData("queue", "--server")]
    [InlineData("demo", "--port", "0")]
    [InlineData("demo", "--timeout", "soon")]
    public async Task Run_WhenWronglyUsed_ReturnsUsage(params string[] arguments)
    {
        var run = await CliRun.RunAsync(arguments);

        run.ExitCode.ShouldBe(ExitCodes.Usage, run.Output);
        run.Error.ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("repo rollback x", "'x' is no whole number, which rollback wants.")]
    [InlineData("repo remove a --operation x", "'x' is no id as ")]
    [InlineData("logs a yesterday", "'yesterday' is no whole number")]
    [InlineData("logs a -1", "'caur logs' has no option '-1'")]
    [InlineData("logs a -- -1", "'-1' is no timestamp: the number at the end of a build's id is wanted.")]
    [InlineData("database --slots two", "'two' is no whole number, which --slots wants.")]
    [InlineData("build list --limit many", "--limit wants a number from 1 to 100000.")]
    [InlineData("build list --limit 99999999999", "--limit wants a number from 1 to 100000.")]
    [InlineData("build list --limit 0", "--limit wants a number from 1 to 100000.")]
    public async Task Run_WhenAValueIsOfAnotherKind_SaysWhatIsWanted(string line, string expected)
    {
        var run = await CliRun.RunAsync(line.Split(' '));

        run.ExitCode.ShouldBe(ExitCodes.Usage, run.Output);
        run.Error.ShouldContain(expected);
        run.Error.ShouldNotContain("System.");
    }

    [Theory]
    [InlineData("--server {0} --json --token=caur_x queue")]
    [InlineData("--json queue --server {0}")]
    [InlineData("queue --json --server={0}")]
    public async Task Options_BeforeTheVerb_CountAsBehindIt(string line)
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Queue = () => [FakeFarm.Snapshot(FakeFarm.Item(FakeFarm.Id("Hello++"), BuildState.Running))];

        var run = await CliRun.RunAsync(string.Format(CultureInfo.InvariantCulture, line, farm.Url).Split(' '));

        JsonDocument.Parse(run.Succeeded().Output).RootElement.GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Options_BetweenVerbs_CountAsBehindThem()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Builds.Add(new PackageBuild(FakeFarm.Id("a"), false));
        farm.Build = id => FakeFarm.Final(id, BuildState.Published, "in generation 3");

        (await CliRun.RunAsync(["build", "--server", farm.Url, "show", "a"])).Succeeded().Output.ShouldContain("in generation 3");
    }

    [Fact]
    public async Task Run_WhenAnUnknownOptionTakesThePlaceOfAnArgument_SaysOneThing()
    {
        var run = await CliRun.RunAsync(["repo", "rollback", "--generation", "4"]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2, run.Error);
        run.Error.ShouldContain("has no option '--generation'");
    }

    [Fact]
    public async Task Options_BeforeTheVerb_AreNoNamesBehindADoubleDash()
    {
        var run = await CliRun.RunAsync(["--server", "ftp://x", "build", "show", "--", "a"]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("'ftp://x' is no address of a hub");
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("token", "list")]
    [InlineData("config", "check")]
    [InlineData("web")]
    [InlineData("demo")]
    [InlineData("database")]
    public async Task Data_WhenItNamesNothing_ReturnsUsage(params string[] verb)
    {
        foreach (var nothing in (string[])["", " "])
        {
            var run = await CliRun.RunAsync([.. verb, "--data", nothing]);

            run.ExitCode.ShouldBe(ExitCodes.Usage, run.Error);
            run.Error.ShouldStartWith($"caur: --data wants a folder, and '{nothing}' is none.");
        }
    }

    [Fact]
    public async Task Server_WithAPassword_IsShownWithoutIt()
    {
        (await CliRun.RunAsync(["queue", "--server", "http://me:secret@127.0.0.1:9"])).Error.ShouldStartWith("caur: no farm answers at http://127.0.0.1:9/ ");
        (await CliRun.RunAsync(["queue", "--server", "ftp://me:secret@127.0.0.1:9"])).Error.ShouldNotContain("secret");
    }

    [Fact]
    public async Task Run_WhenNothingCanBeToldOnTheStandardError_EndsAsItWould()
    {
        var script = $"dotnet exec '{Path.Combine(AppContext.BaseDirectory, "caur.dll")}' version --nonsense 2> /dev/full; echo $?";

        (await Processes.RunAsync("bash", ["--norc", "-c", script])).Output.ShouldBe($"{ExitCodes.Usage}\n");
    }

    [Fact]
    public async Task Call_WhenTheAnswerStandsStillInTheMiddle_EndsInTime()
    {
        await using var farm = await FakeFarm.StartAsync();
        var time = new ManualTimeProvider();
        farm.Log = async (context, _) =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            context.Response.ContentLength = 4;
            await context.Response.WriteAsync("[1");
            await context.Response.Body.FlushAsync();
            await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        };
        await using var http = new FarmHttp(new Uri(farm.Url), null, time);
        var call = http.GetAsync<int[]>("api/logs/a", TestContext.Current.CancellationToken);

        // What the way to the answer's begin had is over; from then on its content has as much.
        while (time.Next != TimeSpan.FromSeconds(100))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        time.Advance(TimeSpan.FromSeconds(100));

        (await call.DefaultTimeout("the end of the call").ShouldThrowAsync<FarmException>()).Message.ShouldBe($"{farm.Url}/ did not answer within 100 s");
    }

    [Fact]
    public async Task BuildWhy_WhenTheMessageIsASentence_HasOneFullStop()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Build = id => FakeFarm.Final(id, BuildState.Failed, "it does not build", "The build ended with code 4.");

        (await CliRun.RunAsync(farm, "build", "why", "caur/x86_64/a/1")).Succeeded().Output.ShouldContain("ended as Built: The build ended with code 4.\n");
    }

    [Fact]
    public async Task Server_WhenItIsNoAddress_ReturnsUsage()
    {
        var run = await CliRun.RunAsync(["queue", "--server", "ftp://x"]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("'ftp://x' is no address of a hub");
    }

    [Theory]
    [InlineData("localhost:8080", "http://localhost:8080/")]
    [InlineData("https://farm.example.org/caur/", "https://farm.example.org/caur/")]
    public void Address_WhenSchemeOrSlashIsMissing_IsCompleted(string text, string expected) =>
        CommonOptions.Address(text).AbsoluteUri.ShouldBe(expected);

    [Fact]
    public async Task Queue_WithoutATerminal_IsPlainText()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Queue = () =>
        [
            FakeFarm.Snapshot(
                FakeFarm.Item(FakeFarm.Id("hello-c"), BuildState.Running),
                FakeFarm.Item(FakeFarm.Id("Hello++"), BuildState.Waiting, WaitReason.Held, $"[red]fails[/] failed {new string('x', 200)}")) with
            {
                Builders = [new QueueBuilder(new BuilderProfile { Builder = new BuilderId("demo", "0"), Slots = 2 }, 1, false)],
            },
        ];

        var lines = (await CliRun.RunAsync(farm, "queue")).Succeeded().Output.Split(Environment.NewLine);

        lines[0].ShouldMatch("^BUILD +STATE +WHY +STARTS +BUILDER$");
        lines[1].ShouldMatch("^caur/x86_64/hello-c/1000 +Running +demo/0$");
        lines[2].ShouldMatch(@"^caur/x86_64/Hello\+\+/1000 +Held +\[red\]fails\[/\] failed x{200}$");
        lines[3].ShouldBe("builder demo/0: 1 of 2 busy, class 2");
    }

    [Fact]
    public async Task Queue_WhenEmpty_SaysSo()
    {
        await using var farm = await FakeFarm.StartAsync();

        (await CliRun.RunAsync(farm, "queue")).Succeeded().Output.ShouldContain("Nothing is queued.");
    }

    [Fact]
    public async Task Queue_AsJson_CanBeReadBack()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Queue = () => [FakeFarm.Snapshot(FakeFarm.Item(FakeFarm.Id("Hello++"), BuildState.Running))];

        var run = await CliRun.RunAsync(farm, "queue", "--json");

        using var json = JsonDocument.Parse(run.Succeeded().Output);
        json.RootElement.GetProperty("items").EnumerateArray().ShouldHaveSingleItem().GetProperty("build").GetString().ShouldBe("caur/x86_64/Hello++/1000");
    }

    [Fact]
    public async Task Queue_WhenTheServerIsNoFarm_AsksWhetherItIsOne()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(["queue", "--server", $"{farm.Url}/elsewhere"]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("Is it a Caur hub");
    }

    [Fact]
    public async Task BuildShow_ByPkgbase_ShowsTheNewest()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Builds.AddRange([new PackageBuild(FakeFarm.Id("a", 2000), false), new PackageBuild(FakeFarm.Id("a"), false)]);
        farm.Build = id => FakeFarm.Final(id, BuildState.Published, "in generation 3");

        var run = await CliRun.RunAsync(farm, "build", "show", "a");

        run.Succeeded().Output.ShouldContain("caur/x86_64/a/2000");
        run.Output.ShouldContain("in generation 3");
        run.Output.ShouldMatch(@"(?m)^1 +demo/0 +1970-01-01 00:00:10 UTC +2\.0 +Built +0");
    }

    [Fact]
    public async Task BuildShow_WhenTwoCanBeMeant_NamesThem()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Builds.AddRange([new PackageBuild(FakeFarm.Id("a", 2000), false), new PackageBuild(FakeFarm.Id("a", arch: "aarch64"), false)]);

        var run = await CliRun.RunAsync(farm, "build", "show", "a");

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("caur/x86_64/a/2000");
        run.Error.ShouldContain("caur/aarch64/a/1000");
    }

    [Fact]
    public async Task BuildShow_WhenThereIsNone_SaysSo()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(farm, "build", "show", "caur/x86_64/a/1");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("there is no build caur/x86_64/a/1");
    }

    [Fact]
    public async Task BuildCancel_ByPkgbase_CancelsTheOneInTheQueue()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Builds.AddRange([new PackageBuild(FakeFarm.Id("a", 2000, arch: "aarch64"), false), new PackageBuild(FakeFarm.Id("a"), true)]);

        (await CliRun.RunAsync(farm, "build", "cancel", "a")).Succeeded().Output.ShouldContain("it is cancelled");

        farm.Cancelled.ShouldHaveSingleItem().ShouldBe(FakeFarm.Id("a"));
    }

    [Fact]
    public async Task BuildCancel_WhenItIsTooLate_ShowsWhy()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Cancel = _ => TypedResults.Problem("it uploads already", statusCode: StatusCodes.Status409Conflict);

        var run = await CliRun.RunAsync(farm, "build", "cancel", "caur/x86_64/a/1");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("it uploads already");
    }

    [Theory]
    [InlineData("90d", 90 * 24 * 60)]
    [InlineData("12h", 12 * 60)]
    [InlineData("1m", 1)]
    public void Duration_WhenItIsOne_IsRead(string text, int minutes)
    {
        Durations.TryParse(text, out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromMinutes(minutes));
    }

    [Theory]
    [InlineData("90")]
    [InlineData("d")]
    [InlineData("-1d")]
    [InlineData("0h")]
    [InlineData("99999999d")]
    [InlineData("1w")]
    public void Duration_WhenItIsNone_IsRefused(string text) => Durations.TryParse(text, out _).ShouldBeFalse();
}
