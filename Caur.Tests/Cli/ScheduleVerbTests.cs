using System.Net.Sockets;
using System.Text.Json;
using Caur.Api.Farm;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Cli;

public sealed class ScheduleVerbTests
{
    [Fact]
    public async Task Schedule_WhenTheFarmHasOneRepositoryOfEach_TakesThem()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Farm = new FarmReply(["sources"], [new FarmTarget("packages", ["x86_64"])]);

        var run = await CliRun.RunAsync(farm, "schedule", "hello-c");

        run.Succeeded().Output.ShouldContain("caur/x86_64/hello-c/1000");
        var body = farm.Scheduled.ShouldHaveSingleItem();
        (body.SourceRepo, body.TargetRepo, body.Arch, body.All).ShouldBe(("sources", "packages", "x86_64", false));
        body.Operation.ShouldNotBeNull();
    }

    [Fact]
    public async Task Schedule_WithTheManualsArguments_PostsThem()
    {
        await using var farm = await FakeFarm.StartAsync();

        // Options before, between and behind the packages; a leading @ is a name, not a file of arguments.
        var run = await CliRun.RunAsync(
            farm, "schedule", "--arch", "aarch64", "--target-repo=t", "Hello++/9", "--source-repo", "s", "foo/catbuilder", "--commit", "abc:42", "@scope");

        run.Succeeded();
        var body = farm.Scheduled.ShouldHaveSingleItem();
        (body.SourceRepo, body.TargetRepo, body.Arch, body.Commit).ShouldBe(("s", "t", "aarch64", "abc:42"));
        body.Packages!.Select(package => (package.Pkgbase, package.BuildClass?.GetRawText()))
            .ShouldBe([("Hello++", "9"), ("foo", "\"catbuilder\""), ("@scope", null)]);
    }

    [Theory]
    [InlineData("all")]
    [InlineData("--all")]
    public async Task Schedule_WhenAllAreWanted_PostsAll(string word)
    {
        await using var farm = await FakeFarm.StartAsync();

        (await CliRun.RunAsync(farm, "schedule", word)).Succeeded();

        var body = farm.Scheduled.ShouldHaveSingleItem();
        body.All.ShouldBeTrue();
        body.Packages.ShouldBeNull();
    }

    [Fact]
    public async Task Schedule_WhenSeveralRepositories_AsksToChoose()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Farm = new FarmReply(["a", "b"], [new FarmTarget("caur", ["x86_64"])]);

        var run = await CliRun.RunAsync(farm, "schedule", "hello-c");

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("--source-repo: a, b");
        farm.Scheduled.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("No packages are named", "schedule")]
    [InlineData("'-x' ", "schedule", "--", "-x")]
    [InlineData("'a b' is no package folder", "schedule", "a b")]
    [InlineData("'' is no builder class", "schedule", "foo/")]
    [InlineData("not both", "schedule", "--all", "foo")]
    [InlineData("too large for a builder class", "schedule", "foo/99999999999")]
    [InlineData("--frob", "schedule", "foo", "--frob")]
    public async Task Schedule_WhenWronglyUsed_SaysWhatIsWanted(string expected, params string[] arguments)
    {
        var run = await CliRun.RunAsync(arguments);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain(expected);
        run.Error.ShouldContain("caur schedule --help");
    }

    [Fact]
    public async Task Schedule_WhenADeptreeIsThere_SendsItAlong()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder[".ci"]);
        await File.WriteAllTextAsync(folder[".ci", "deptree.txt"], "a:a:b", TestContext.Current.CancellationToken);

        var run = await CliRun.RunAsync(
            ["schedule", "hello-c", "--server", farm.Url], new Dictionary<string, string> { ["CI_BUILDS_DIR"] = folder.Path });

        run.Succeeded();
        farm.Scheduled.ShouldHaveSingleItem().Deptree.ShouldBe("a:a:b");
    }

    [Fact]
    public async Task Schedule_WhenADeptreeIsGiven_TakesItAsFileOrTextAndBeforeThePipelines()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["tree"], "b:b:c", TestContext.Current.CancellationToken);

        (await CliRun.RunAsync(farm, "schedule", "--deptree", folder["tree"], "hello-c")).Succeeded();
        (await CliRun.RunAsync(farm, "schedule", "--deptree", "c:c:d", "--deptree-wins", "hello-c")).Succeeded();
        var wrong = await CliRun.RunAsync(farm, "schedule", "--deptree", folder["nothing"], "hello-c");

        farm.Scheduled.Select(body => (body.Deptree, body.DeptreeWins)).ShouldBe([("b:b:c", false), ("c:c:d", true)], ignoreOrder: true);
        wrong.ExitCode.ShouldBe(ExitCodes.Usage);
        wrong.Error.ShouldContain("is no file, and no deptree");
    }

    [Fact]
    public async Task Deptree_WhenAFolderIsNamed_PrintsItInTheManualsForm()
    {
        using var folder = new TemporaryFolder();
        foreach (var (name, more) in new[] { ("c++lib", ""), ("app", "depends = c++lib>=1\n") })
        {
            Directory.CreateDirectory(folder[name]);
            await File.WriteAllTextAsync(folder[name, "PKGBUILD"], "", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                folder[name, ".SRCINFO"], $"pkgbase = {name}\npkgver = 1\npkgrel = 1\narch = any\n{more}\npkgname = {name}\n", TestContext.Current.CancellationToken);
        }

        foreach (var name in new[] { "bare", "endless", "pipe" })
        {
            Directory.CreateDirectory(folder[name]);
            await File.WriteAllTextAsync(folder[name, "PKGBUILD"], "", TestContext.Current.CancellationToken);
        }

        File.CreateSymbolicLink(folder["endless", ".SRCINFO"], "/dev/zero");
        (await Processes.RunAsync("mkfifo", [folder["pipe", ".SRCINFO"]])).ExitCode.ShouldBe(0);

        var run = (await CliRun.RunAsync(["deptree", folder.Path])).Succeeded();

        run.Output.Trim().ShouldBe("app:app:c++lib;c++lib:c++lib:");
        run.Error.ShouldContain("left out: bare: it has no .SRCINFO");
        run.Error.ShouldContain("left out: endless: ");
        run.Error.ShouldContain("left out: pipe: ");
        var json = JsonDocument.Parse((await CliRun.RunAsync(["deptree", folder.Path, "--json"])).Succeeded().Output).RootElement;
        json.GetProperty("deptree").GetString().ShouldBe("app:app:c++lib;c++lib:c++lib:");
        json.GetProperty("left_out").EnumerateArray().Select(left => left.GetProperty("pkgbase").GetString()).ShouldBe(["bare", "endless", "pipe"]);
        (await CliRun.RunAsync(["deptree", folder["nowhere"]])).ExitCode.ShouldBe(ExitCodes.Usage);
    }

    [Fact]
    public async Task Schedule_WhenSomeAreRefused_SaysWhichAndFails()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Schedule = _ => TypedResults.Ok(new ScheduleReply
        {
            Commit = "1234567890abcdef",
            Builds = [new QueuedBuild(FakeFarm.Id("a"), FakeFarm.Id("a", 900), ["b"])],
            Refused = [new RefusedPackage("b", "its .SRCINFO is missing")],
            Notes = ["a depends on b, which is not built"],
        });

        var run = await CliRun.RunAsync(farm, "schedule", "a", "b");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Output.ShouldContain("caur/x86_64/a/1000  after b  instead of 900");
        run.Error.ShouldContain("not queued: b: its .SRCINFO is missing");
        run.Error.ShouldContain("note: a depends on b");
    }

    [Fact]
    public async Task Schedule_WhenTheFarmRefuses_ShowsTheProblemsDetail()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Schedule = _ => TypedResults.Problem("there is no package folder 'helo-c'; the nearest: hello-c", statusCode: 422);

        var run = await CliRun.RunAsync(farm, "schedule", "helo-c");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldBe($"caur: there is no package folder 'helo-c'; the nearest: hello-c{Environment.NewLine}");
    }

    [Theory]
    [InlineData(401, null, "wants a token")]
    [InlineData(401, "wrong", "does not know the token")]
    [InlineData(403, "weak", "role does not allow")]
    public async Task Schedule_WhenTheTokenIsNotEnough_SaysSo(int status, string? token, string expected)
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Schedule = _ => TypedResults.StatusCode(status);

        var run = await CliRun.RunAsync(farm, ["schedule", "a", .. token is null ? (string[])[] : ["--token", token]]);

        run.ExitCode.ShouldBe(ExitCodes.TokenRefused);
        run.Error.ShouldContain(expected);
        farm.Token.ShouldBe(token is null ? "" : $"Bearer {token}");
    }

    [Fact]
    public async Task Schedule_WhenTheDataFolderHasATokenFile_PresentsIt()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["admin.token"], "caur_fromfile\n", TestContext.Current.CancellationToken);

        (await CliRun.RunAsync(farm, "schedule", "a", "--data", folder.Path)).Succeeded();
        farm.Token.ShouldBe("Bearer caur_fromfile");

        (await CliRun.RunAsync(["schedule", "a", "--server", farm.Url], new Dictionary<string, string> { ["CAUR_DATA"] = folder.Path, ["CAUR_TOKEN"] = "other" }))
            .Succeeded();
        farm.Token.ShouldBe("Bearer other");
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080/", false, true)]
    [InlineData("http://localhost:8080/", false, true)]
    [InlineData("https://farm.example.org/", false, false)]
    [InlineData("https://farm.example.org/", true, true)]
    public void MayReadToken_WhenServerIsElsewhere_OnlyIfTheFolderWasNamed(string server, bool dataNamed, bool expected) =>
        CommonOptions.MayReadToken(new Uri(server), dataNamed).ShouldBe(expected);

    [Fact]
    public async Task Schedule_WhenNobodyAnswers_NamesTheAddressAndWhatToDo()
    {
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var url = $"http://127.0.0.1:{((System.Net.IPEndPoint)reserved.LocalEndPoint!).Port}";

        var run = await CliRun.RunAsync(["schedule", "a"], new Dictionary<string, string> { ["CAUR_URL"] = url });

        run.ExitCode.ShouldBe(ExitCodes.Unreachable);
        run.Error.ShouldContain($"no farm answers at {url}/");
        run.Error.ShouldContain("--server or CAUR_URL");
        run.Error.ShouldNotContain("   at ");
    }

    [Theory]
    [InlineData(BuildState.Published, ExitCodes.Ok)]
    [InlineData(BuildState.AlreadyBuilt, ExitCodes.Ok)]
    [InlineData(BuildState.Skipped, ExitCodes.Ok)]
    [InlineData(BuildState.Failed, ExitCodes.Failed)]
    [InlineData(BuildState.Replaced, ExitCodes.Failed)]
    public async Task Follow_WhenTheBuildIsFinal_EndsWithItsOutcome(BuildState state, int expected)
    {
        await using var farm = await FakeFarm.StartAsync();
        var build = FakeFarm.Id("a");
        var round = 0;
        farm.Queue = () => ++round switch
        {
            1 => [FakeFarm.Snapshot(FakeFarm.Item(build, BuildState.Waiting, WaitReason.Dependency, "waits for b"))],
            2 => [FakeFarm.Snapshot(FakeFarm.Item(build, BuildState.Running))],
            _ => [FakeFarm.Snapshot()],
        };
        farm.Build = id => FakeFarm.Final(id, state, "because");

        var run = await CliRun.RunAsync(farm, "schedule", "a", "--follow");

        run.ExitCode.ShouldBe(expected, run.Error);
        run.Output.ShouldContain("a: Waiting: waits for b");
        run.Output.ShouldContain("a: Running: on demo/0");
        run.Output.ShouldContain($"a: {state}: because");
    }

    [Fact]
    public async Task Follow_WhenABuildIsHeld_EndsAndFails()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Queue = () => [FakeFarm.Snapshot(FakeFarm.Item(FakeFarm.Id("b"), BuildState.Waiting, WaitReason.Held, "a failed"))];
        farm.Build = id => FakeFarm.Final(id, BuildState.Failed);

        var run = await CliRun.RunAsync(farm, "schedule", "a", "b", "--follow", "--json");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        using var json = JsonDocument.Parse(run.Output);
        json.RootElement.GetProperty("builds").EnumerateArray().Select(build => build.GetProperty("word").GetString()).ShouldBe(["Failed", "Held"]);
    }

    [Fact]
    public async Task Follow_WhenTheHubIsAwayForAWhile_GoesOn()
    {
        await using var farm = await FakeFarm.StartAsync();
        var round = 0;
        farm.IsAway = context => context.Request.Path == "/api/v1/queue" && ++round is 2 or 3;
        farm.Queue = () => round == 1 ? [FakeFarm.Snapshot(FakeFarm.Item(FakeFarm.Id("a"), BuildState.Running))] : [FakeFarm.Snapshot()];
        farm.Build = id => FakeFarm.Final(id, BuildState.Published);

        var run = await CliRun.RunAsync(farm, "schedule", "a", "--follow");

        run.Succeeded().Error.ShouldContain("The farm answers again");
    }

    [Fact]
    public async Task Follow_WhenInterrupted_SaysWhatGoesOn()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var interrupt = new CancellationTokenSource();
        farm.Queue = () =>
        {
            interrupt.CancelAfter(TimeSpan.FromMilliseconds(50));
            return [FakeFarm.Snapshot(FakeFarm.Item(FakeFarm.Id("a"), BuildState.Running))];
        };

        var run = await CliRun.RunAsync(["schedule", "a", "--follow", "--server", farm.Url], interrupt: interrupt);

        run.ExitCode.ShouldBe(ExitCodes.Interrupted);
        run.Error.ShouldBe($"caur: interrupted. This goes on at the farm: to build a of caur for caur/x86_64. 'caur queue' shows what is queued.{Environment.NewLine}");
    }
}
