using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Repositories;
using Caur.Silo.Cli;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Cli;

/// <summary>What a verb says that loses the farm, or its patience, after it ordered something.</summary>
public sealed class LostAnswerTests
{
    [Fact]
    public async Task Schedule_WhenTheAnswerIsLost_SaysWhatWasOrderedAndHowToLook()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Schedule = _ => new Aborted();

        var run = await CliRun.RunAsync(farm, "schedule", "a", "b");

        run.ExitCode.ShouldBe(ExitCodes.Unreachable);
        var operation = farm.Scheduled.ShouldHaveSingleItem().Operation;
        run.Error.ShouldStartWith($"caur: the connection to {farm.Url}/ was lost after this was ordered: to build a, b of caur for caur/x86_64 (");
        run.Error.ShouldContain("It may have been carried out. 'caur queue' shows what is queued.");
        run.Error.ShouldContain($"--operation {operation} orders nothing twice");
        run.Error.ShouldNotContain("no farm answers");
    }

    [Fact]
    public async Task Change_WhenTheAnswerIsLostAndItIsRepeated_IsTheSameOrder()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Change = _ => new Aborted();
        var lost = await CliRun.RunAsync(farm, "repo", "remove", "a");
        var operation = farm.Changes.ShouldHaveSingleItem().Body.Operation!.Value;
        lost.Error.ShouldContain("ordered: to remove a from caur/x86_64");
        lost.Error.ShouldContain($"--operation {operation}");

        farm.Change = body => TypedResults.Ok(FakeFarm.Changed(body.Operation!.Value));
        (await CliRun.RunAsync(farm, "repo", "remove", "a", "--operation", $"{operation}")).Succeeded();

        farm.Changes.Select(change => change.Body.Operation).ShouldBe([operation, operation]);
    }

    [Theory]
    [InlineData(502)]
    [InlineData(504)]
    public async Task Cancel_WhenAProxyLosesTheHub_DoesNotSayThatItFailed(int status)
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Cancel = _ => TypedResults.StatusCode(status);

        var run = await CliRun.RunAsync(farm, "build", "cancel", "caur/x86_64/a/1");

        run.ExitCode.ShouldBe(ExitCodes.Unreachable);
        run.Error.ShouldContain("ordered: to cancel caur/x86_64/a/1");
        run.Error.ShouldContain("It may have been carried out. 'caur build show caur/x86_64/a/1' says how it stands.");
    }

    [Fact]
    public async Task Change_WhenTheAnswerBreaksInTheMiddle_DoesNotSayThatItFailed()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Change = _ => new Aborted(Half: true);

        var run = await CliRun.RunAsync(farm, "repo", "rollback", "3");

        run.ExitCode.ShouldBe(ExitCodes.Unreachable);
        run.Error.ShouldContain("ordered: to roll caur/x86_64 back to generation 3");
    }

    [Fact]
    public async Task Accept_WhenTheAnswerIsLost_IsNotCalledARollback()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Change = _ => new Aborted();

        var lost = await CliRun.RunAsync(farm, "repo", "accept");
        farm.Change = _ => TypedResults.StatusCode(StatusCodes.Status403Forbidden);
        var refused = await CliRun.RunAsync(farm, "repo", "accept");

        lost.Error.ShouldContain("ordered: to let caur/x86_64 go on from what is there");
        refused.ExitCode.ShouldBe(ExitCodes.TokenRefused);
        refused.Error.ShouldContain("it wants a token of the role admin;");
    }

    [Fact]
    public async Task Schedule_WhenInterruptedBeforeTheAnswer_SaysThatItMayHaveBeenCarriedOut()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var interrupt = new CancellationTokenSource();
        farm.Schedule = _ =>
        {
            interrupt.Cancel();
            return new Silent();
        };

        var run = await CliRun.RunAsync(["schedule", "a", "--server", farm.Url], interrupt: interrupt);

        run.ExitCode.ShouldBe(ExitCodes.Interrupted);
        run.Error.ShouldStartWith("caur: interrupted while this was ordered: to build a of caur for caur/x86_64. It may have been carried out.");
    }

    [Fact]
    public async Task Change_WhenInterruptedWhileItWaits_SaysThatItGoesOn()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var interrupt = new CancellationTokenSource();
        farm.Change = body => TypedResults.Ok(FakeFarm.Changed(body.Operation!.Value, RepositoryChangeState.Pending));
        farm.ChangeStatus = operation =>
        {
            interrupt.Cancel();
            return TypedResults.Ok(FakeFarm.Changed(operation, RepositoryChangeState.Pending));
        };

        var run = await CliRun.RunAsync(["repo", "remove", "a", "--server", farm.Url], interrupt: interrupt);

        run.ExitCode.ShouldBe(ExitCodes.Interrupted);
        run.Error.ShouldContain("interrupted. This goes on at the farm: to remove a from caur/x86_64.");
    }

    [Fact]
    public async Task Queue_WhenInterrupted_SaysNothing()
    {
        await using var farm = await FakeFarm.StartAsync();
        using var interrupt = new CancellationTokenSource();
        farm.Queue = () =>
        {
            interrupt.Cancel();
            return [];
        };

        var run = await CliRun.RunAsync(["queue", "--server", farm.Url], interrupt: interrupt);

        run.ExitCode.ShouldBe(ExitCodes.Interrupted);
        run.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Follow_WhenEveryBuildIsPrintedAsJson_IsOneDocument()
    {
        await using var farm = await FakeFarm.StartAsync();
        farm.Build = id => FakeFarm.Final(id, BuildState.Published);

        var run = await CliRun.RunAsync(farm, "schedule", "a", "--follow", "--json");

        using var json = JsonDocument.Parse(run.Succeeded().Output);
        json.RootElement.EnumerateObject().Select(member => member.Name).ShouldBe(["schedule", "builds"]);
    }

    /// <summary>Takes the order and breaks the connection.</summary>
    private sealed record Aborted(bool Half = false) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            if (Half)
            {
                httpContext.Response.ContentType = "application/json";
                await httpContext.Response.WriteAsync("{\"operation\":");
                await httpContext.Response.Body.FlushAsync();
            }

            httpContext.Abort();
        }
    }

    /// <summary>Takes the order and says nothing.</summary>
    private sealed record Silent : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using var gone = new SemaphoreSlim(0);
            await gone.WaitAsync(httpContext.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }
}
