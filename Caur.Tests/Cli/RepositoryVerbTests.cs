using System.Text.Json;
using Caur.Api.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Silo.Cli;
using Caur.Tests.Storage.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Cli;

public sealed class RepositoryVerbTests
{
    [Fact]
    public async Task AutoRepoRemove_AsAPipelineCallsIt_OrdersTheListForTheManualsRepository()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(farm, "auto-repo-remove", "a", "b/9", "c++/heavy-builder", "a");

        run.Succeeded().Output.Split(Environment.NewLine)[0].ShouldBe("chaotic-aur/x86_64: 120 of 200 packages removed (60 %, 1.5 KiB); generation 7.");
        run.Output.ShouldMatch(@"(?m)^Hello\+\+ +hello +1:2\.0-1 +- +1\.0 KiB +Hello");
        run.Output.ShouldContain("and 119 more.");
        var (target, verb, body) = farm.Changes.ShouldHaveSingleItem();
        (target, verb).ShouldBe((new TargetId("chaotic-aur", "x86_64"), "keep"));
        body.Names.ShouldBe(["a", "b", "c++", "a"]);
        (body.Force, body.DryRun, body.Operation.HasValue).ShouldBe((false, false, true));
    }

    [Fact]
    public async Task AutoRepoRemove_WithOptions_PassesThemOn()
    {
        await using var farm = await FakeFarm.StartAsync();

        await CliRun.RunAsync(
            farm, "auto-repo-remove", "--arch", "aarch64", "--target-repo=mine", "--force", "--dry-run", "--reason", "spring", "a");

        var (target, _, body) = farm.Changes.ShouldHaveSingleItem();
        target.ShouldBe(new TargetId("mine", "aarch64"));
        (body.Force, body.DryRun, body.Reason).ShouldBe((true, true, "spring"));
    }

    [Fact]
    public async Task AutoRepoRemove_FromAFileOrTheInput_TakesTheirNamesToo()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["list"], "b c/9\n# not this\n\n  d # nor that\n", TestContext.Current.CancellationToken);

        (await CliRun.RunAsync(farm, "auto-repo-remove", "--from", folder["list"], "a")).Succeeded();
        (await CliRun.RunAsync(["auto-repo-remove", "--from", "-", "--server", farm.Url], input: "x\ny")).Succeeded();

        farm.Changes.Select(change => string.Join(' ', change.Body.Names!)).ShouldBe(["a b c d", "x y"]);
    }

    [Theory]
    [InlineData(ExitCodes.Usage, "The list of pkgbases to keep is empty", "auto-repo-remove")]
    [InlineData(ExitCodes.Usage, "'../a' is no package folder", "auto-repo-remove", "b", "../a")]
    [InlineData(ExitCodes.Usage, "'a//'", "auto-repo-remove", "a//")]
    [InlineData(ExitCodes.Failed, "/nonexistent/list", "auto-repo-remove", "--from", "/nonexistent/list")]
    [InlineData(ExitCodes.Usage, "'a/b' is no repository name", "auto-repo-remove", "--target-repo", "a/b", "c")]
    [InlineData(ExitCodes.Usage, "", "repo", "remove")]
    [InlineData(ExitCodes.Usage, "", "repo", "rollback", "newest")]
    [InlineData(ExitCodes.Failed, "there is no repository 'cuar/*'; this farm has caur/x86_64", "repo", "show", "--target-repo", "cuar")]
    public async Task Run_WhenItCannotBeMeant_SaysWhyAndOrdersNothing(int code, string said, params string[] arguments)
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(farm, arguments);

        run.ExitCode.ShouldBe(code, run.Error);
        run.Error.ShouldContain(said);
        farm.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task AutoRepoRemove_FromAFileWithWhatIsNoName_SaysWhere()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(["auto-repo-remove", "--from", "-", "--server", farm.Url], input: "a\nb -c\n");

        (run.ExitCode, farm.Changes.Count).ShouldBe((ExitCodes.Failed, 0));
        run.Error.ShouldContain("-:2: '-c' is no package folder");
    }

    [Fact]
    public async Task Change_WhileItWaits_SaysWhyAndWaitsAlsoForAHubThatIsAway()
    {
        await using var farm = await FakeFarm.StartAsync();
        var asked = 0;
        farm.Change = body => TypedResults.Accepted(
            "", FakeFarm.Changed(body.Operation!.Value, RepositoryChangeState.Pending) with { Reason = "there is no signing key" });
        farm.ChangeStatus = operation => ++asked switch
        {
            1 => TypedResults.Ok(FakeFarm.Changed(operation, RepositoryChangeState.Pending) with { Reason = "there is no signing key" }),
            2 => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable),
            _ => TypedResults.Ok(FakeFarm.Changed(operation)),
        };

        var run = await CliRun.RunAsync(farm, "repo", "remove", "a");

        run.Succeeded().Output.ShouldContain("generation 7");
        run.Error.Split("waits: there is no signing key").Length.ShouldBe(2, run.Error);
        run.Error.ShouldContain("The farm does not answer");
        asked.ShouldBe(3);
    }

    [Fact]
    public async Task Change_WhenRefusedAfterWaiting_Fails()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Change = body => TypedResults.Accepted("", FakeFarm.Changed(body.Operation!.Value, RepositoryChangeState.Pending));
        farm.ChangeStatus = operation => TypedResults.Ok(FakeFarm.Changed(operation, RepositoryChangeState.Refused) with
        {
            Refusal = RepositoryChangeRefusal.TooMuch,
            Reason = "120 of 200 packages would go",
        });

        var run = await CliRun.RunAsync(farm, "auto-repo-remove", "a");

        (run.ExitCode, run.Output).ShouldBe((ExitCodes.Failed, ""));
        run.Error.ShouldContain("caur: refused: 120 of 200 packages would go");
    }

    [Fact]
    public async Task Change_WithNoWait_EndsWhenItIsOrdered()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Change = body => TypedResults.Accepted("", FakeFarm.Changed(body.Operation!.Value, RepositoryChangeState.Pending));

        var run = await CliRun.RunAsync(farm, "repo", "remove", "--no-wait", "a");

        run.Succeeded().Output.ShouldContain($"caur/x86_64: ordered, operation {farm.Changes.Single().Body.Operation}");
    }

    [Fact]
    public async Task Change_AsJson_CanBeReadBack()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(farm, "auto-repo-remove", "--json", "a");

        var read = JsonSerializer.Deserialize<RepositoryChangeView>(run.Succeeded().Output, JsonText.Wire).ShouldNotBeNull();
        (read.Removed, read.Changes[0].Pkgname, read.State).ShouldBe((120, "Hello++", RepositoryChangeState.Done));
    }

    [Theory]
    [InlineData(StatusCodes.Status401Unauthorized, ExitCodes.TokenRefused, "wants a token")]
    [InlineData(StatusCodes.Status403Forbidden, ExitCodes.TokenRefused, "it wants a token of the role ci or admin; 'caur token create --role ci'")]
    [InlineData(StatusCodes.Status500InternalServerError, ExitCodes.Failed, "An error occurred")]
    public async Task Change_WhenTheFarmSaysNo_TellsWhatToDo(int status, int code, string said)
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Change = _ => TypedResults.StatusCode(status);

        var run = await CliRun.RunAsync(farm, "auto-repo-remove", "a");

        run.ExitCode.ShouldBe(code);
        run.Error.ShouldContain(said);
    }

    [Fact]
    public async Task AutoRepoRemove_WithNamesThatATerminalWouldObey_ShowsThemSafely()
    {
        await using var farm = await FakeFarm.StartAsync();

        var run = await CliRun.RunAsync(["auto-repo-remove", "--server", farm.Url, "--from", "-"], input: $"a\n\e]0;owned\a{new string('x', 5000)}\n");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldStartWith("caur: -:2: '?]0;owned?xxx");
        run.Error.Length.ShouldBeLessThan(300);
        farm.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Change_WhenNoServerAnswers_SaysWhereItLooked()
    {
        var run = await CliRun.RunAsync(["auto-repo-remove", "--server", "http://127.0.0.1:9", "a"]);

        run.ExitCode.ShouldBe(ExitCodes.Unreachable);
        run.Error.ShouldContain("no farm answers at http://127.0.0.1:9/");
    }

    [Fact]
    public async Task Repo_WhenTheFarmHasSeveral_WantsOneNamed()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Farm = new FarmReply(["caur"], [new FarmTarget("one", ["x86_64", "aarch64"]), new FarmTarget("two", ["x86_64"])]);

        var run = await CliRun.RunAsync(farm, "repo", "remove", "a");
        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("one/x86_64, one/aarch64, two/x86_64");

        (await CliRun.RunAsync(farm, "repo", "remove", "--target-repo", "one", "a")).Succeeded();
        (await CliRun.RunAsync(farm, "repo", "remove", "--arch", "aarch64", "a")).Succeeded();
        farm.Changes.Select(change => change.Target.ToString()).ShouldBe(["one/x86_64", "one/aarch64"]);
    }

    [Theory]
    [InlineData(0, "", ExitCodes.Ok, "caur/x86_64: generation 3 with 9 packages is sound.")]
    [InlineData(2, "", ExitCodes.Failed, "has 2 problems")]
    [InlineData(0, "there is no signing key", ExitCodes.Failed, "could not be verified: there is no signing key")]
    public async Task Verify_WhenItEnded_TellsHow(int problems, string failure, int code, string said)
    {
        await using var farm = await FakeFarm.StartAsync();
        var (id, asked) = (Guid.NewGuid(), 0);
        farm.Verification = () => new VerificationView
        {
            Id = id,
            Running = ++asked < 3,
            Generation = 3,
            Packages = 9,
            ProblemCount = problems,
            Problems = [.. Enumerable.Range(0, problems).Select(number => $"p{number}: the file is gone")],
            Failure = failure,
        };

        var run = await CliRun.RunAsync(farm, "repo", "verify");

        run.ExitCode.ShouldBe(code, run.Error);
        run.Output.ShouldContain(said);
        run.Output.Split("the file is gone").Length.ShouldBe(problems + 1);
    }

    [Fact]
    public async Task Verify_WhenTheHubWasStartedAnew_SaysSo()
    {
        await using var farm = await FakeFarm.StartAsync();
        var asked = 0;
        farm.Verification = () => ++asked == 1 ? new VerificationView { Id = Guid.NewGuid(), Running = true } : new VerificationView();

        var run = await CliRun.RunAsync(farm, "repo", "verify");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("the hub was started anew");
    }
}
