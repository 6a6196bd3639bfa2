using System.Collections.Immutable;
using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Grains.Following;
using Caur.Pipelines.Runs;
using Caur.Tests.Pipelines.Git;
using Microsoft.Extensions.DependencyInjection;
using GrainFarm = Caur.Tests.Grains.Farm;

namespace Caur.Tests.Following;

/// <summary>The grains on the embedded engine, a real repository that they look at, and a clock that stands still.</summary>
public sealed class FollowingTests : IAsyncLifetime
{
    private const string Settings = "BUILD_REPO=packages\nREPO_NAME=repo\n";

    private SourceRemote _remote = null!;

    public async ValueTask InitializeAsync() => _remote = await SourceRemote.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _remote.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Polling_WhenACommitComes_SchedulesExactlyWhatItTouchesAndSaysWhy()
    {
        var first = await PushAsync("packages", [(".ci/config", Settings), .. Package("a"), .. Package("b"), .. Package("c")]);
        await _remote.Work.GitAsync("push", "-q", "origin", $"{first}:refs/tags/scheduled");
        await using var farm = await StartAsync(follow: true);
        (await EndedAsync(farm, 1)).Run.ShouldSatisfyAllConditions(
            run => run.State.ShouldBe(RunState.NothingToDo), run => run.Cause.ShouldBe(RunCause.Poll), run => run.Commit.ShouldBe(first));

        var head = await PushAsync("change", [.. Package("b", "2"), ("b/.CI/config", "CI_PKGBUILD_SOURCE=aur\nCI_ON_TRIGGER=daily\n")]);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(50));
        (await Source(farm).ListRunsAsync()).Length.ShouldBe(1, "a minute is not over");
        await farm.AdvanceAsync(TimeSpan.FromSeconds(10));

        var run = await EndedAsync(farm, 2);
        run.Run.State.ShouldBe(RunState.Succeeded, run.Run.Summary);
        (run.Run.From, run.Run.Commit, run.Run.Target, run.Run.Builds).ShouldBe((first, head, "repo", 1));
        run.Steps.Select(step => step.Name).ShouldBe(["fetch", "range", "read", "decide", "names", "schedule", "remove", "tag"]);
        var queued = (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem();
        (queued.Build.Pkgbase, queued.Request.Commit).ShouldBe(("b", head));
        run.Decisions.ShouldHaveSingleItem().Builds.ShouldBe([queued.Build.ToString()]);
        (await _remote.TagAsync()).ShouldBe(head);

        var why = (await Source(farm).WhyAsync("b")).ShouldNotBeNull();
        why.Summary.ShouldBe([$"scheduled by run 2 (on-commit) at {head[..10]}: changed: .CI/config, .SRCINFO, PKGBUILD"]);
        (why.Tracked!.Version, why.Tracked.Upstream, why.Tracked.Triggers, why.CheckedBy).ShouldBe(("2-1", "aur", "daily", 2L));
        var other = (await Source(farm).WhyAsync("a")).ShouldNotBeNull();
        other.Summary.ShouldBe([$"run 2 (on-commit) found nothing to do for it up to {head[..10]}"]);
        (await Source(farm).WhyAsync("nothing")).ShouldBeNull();

        // It knows after a restart, and has nothing to do then.
        await farm.RestartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(2));
        (await Source(farm).GetRunAsync(2))!.Steps.ShouldBe(run.Steps);
        (await Source(farm).ListRunsAsync()).Length.ShouldBe(2);
        (await Source(farm).WhyAsync("b"))!.Decisions.ShouldHaveSingleItem().Run.ShouldBe(2);
    }

    [Fact]
    public async Task Run_WhenADeployNameIsUnknown_FailsOnceAndTheTagStays()
    {
        var first = await PushAsync("packages", [(".ci/config", Settings), .. Package("a")]);
        await _remote.Work.GitAsync("push", "-q", "origin", $"{first}:refs/tags/scheduled");
        var guilty = await PushAsync("fix [deploy ab]", Package("a", "2"));
        await using var farm = await StartAsync(follow: true);

        var run = await EndedAsync(farm, 1);
        run.Run.State.ShouldBe(RunState.Failed);
        run.Run.Summary.ShouldContain($"[deploy ab] in {guilty}");
        (await _remote.TagAsync()).ShouldBe(first);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(130));
        (await Source(farm).ListRunsAsync()).Length.ShouldBe(1, "nothing is new");
        (await Source(farm).WhyAsync("a"))!.Summary.ShouldHaveSingleItem().ShouldStartWith("run 1 failed, and decided nothing of it: [deploy ab]");

        // As the manual has it: the message is mended and force-pushed.
        await _remote.Work.GitAsync("reset", "-q", "--hard", first);
        await PushAsync("fix [deploy a]");
        await farm.AdvanceAsync(TimeSpan.FromSeconds(60));
        (await EndedAsync(farm, 2)).Run.State.ShouldBe(RunState.Succeeded);
        (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem().Build.Pkgbase.ShouldBe("a");
    }

    [Fact]
    public async Task Run_WhenItsSettingsNameAnotherSource_OrdersNothing()
    {
        await PushAsync("packages", [(".ci/config", "BUILD_REPO=others\nREPO_NAME=repo\n"), .. Package("a")]);
        await using var farm = await StartAsync(follow: false, more: options => options.SourceRepositories["others"] = new SourceRepositoryOptions { Url = _remote.Path });

        (await Source(farm).StartRunAsync(new RunOrder { Pipeline = "on-commit" })).Run!.Number.ShouldBe(1);

        var run = await EndedAsync(farm, 1);
        run.Run.State.ShouldBe(RunState.Failed);
        run.Run.Summary.ShouldContain("it can only order for itself");
        (await farm.Queue.GetAsync()).Items.ShouldBeEmpty();
        (await Source(farm).ListRunsAsync()).Length.ShouldBe(1, "a refusal is not tried again");
        await Source(farm).StartRunAsync(new RunOrder { Pipeline = "on-commit", DryRun = true });
        (await EndedAsync(farm, 2)).Run.State.ShouldBe(RunState.Failed);
    }

    [Fact]
    public async Task Look_WhenTheRepositoryIsAway_SaysSoAndGoesOnWhenItIsBack()
    {
        await using var farm = await StartAsync(follow: true, more: options => options.SourceRepositories["packages"].Url = _remote["later.git"]);
        await farm.UntilAsync(async () => (await Source(farm).GetSourceAsync())!.Problem is not null, "the problem is told");
        var problem = (await Source(farm).GetSourceAsync())!.Problem!;
        problem.ShouldContain("cannot be listed");
        problem.ShouldNotContain(_remote["later.git"]);

        await PushAsync("packages", [(".ci/config", Settings), .. Package("a")]);
        await _remote.Work.GitAsync("clone", "-q", "--bare", _remote.Path, _remote["later.git"]);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(60));

        (await EndedAsync(farm, 1)).Run.State.ShouldBe(RunState.Succeeded);
        (await Source(farm).GetSourceAsync())!.Problem.ShouldBeNull();

        await _remote.Work.GitAsync("--git-dir", _remote["later.git"], "update-ref", "-d", "refs/heads/main");
        await farm.AdvanceAsync(TimeSpan.FromSeconds(60));
        await farm.UntilAsync(async () => (await Source(farm).GetSourceAsync())!.Problem?.Contains("the branch is gone", StringComparison.Ordinal) == true, "that is told");
    }

    [Fact]
    public async Task Run_WhenTheHubEndsInTheMiddle_BeginsAgainAndOthersWait()
    {
        var held = new HeldStarter();
        await using var farm = await StartAsync(follow: false, starter: held);
        (await Source(farm).StartRunAsync(new RunOrder { Pipeline = HeldStarter.Name })).Run!.Number.ShouldBe(1);
        await farm.UntilAsync(() => Task.FromResult(held.Begun == 1), "the run begins");
        (await Source(farm).StartRunAsync(new RunOrder { Pipeline = HeldStarter.Name })).Run!.Number.ShouldBe(2);
        (await Source(farm).StartRunAsync(new RunOrder { Pipeline = HeldStarter.Name })).Run!.Number.ShouldBe(2);
        (await Source(farm).GetRunAsync(1))!.Steps.ShouldHaveSingleItem().State.ShouldBe(RunStepState.Running);
        held.Begun.ShouldBe(1, "one at a time");

        await farm.RestartAsync();
        await farm.AdvanceUntilAsync(() => Task.FromResult(held.Begun == 2), "the run begins again", 90);
        held.Gate.SetResult();

        await EndedAsync(farm, 2);
        var runs = await Source(farm).ListRunsAsync();
        runs.Select(run => (run.Number, run.State, run.Attempts)).ShouldBe([(2, RunState.Succeeded, 1), (1, RunState.Succeeded, 2)]);
        held.Begun.ShouldBe(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_WhenItsEndCannotBeWritten_IsRunAgainAndQueuesNothingTwice(bool afterwards)
    {
        await PushAsync("packages", [(".ci/config", Settings), .. Package("a")]);
        await using var farm = await StartAsync(follow: false);
        farm.ExpectsErrors = true;
        farm.Faults.FailWrites("run-", afterwards: afterwards);

        await Source(farm).StartRunAsync(new RunOrder { Pipeline = "on-commit" });
        await farm.AdvanceUntilAsync(
            async () => await Source(farm).GetRunAsync(1) is { Run.State: > RunState.Running }, "the run ends all the same", 120);

        var run = (await Source(farm).GetRunAsync(1)).ShouldNotBeNull().Run;
        (run.State, run.Attempts).ShouldBe((RunState.NothingToDo, 2));
        (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem().Build.Pkgbase.ShouldBe("a");
        (await Source(farm).ListRunsAsync()).Length.ShouldBe(1);
    }

    /// <summary>Nobody but the farm itself knows of it.</summary>
    [Fact]
    public async Task Schedule_WhenNothingElseIsFollowed_RunsAtItsTimesFromTheStartOn()
    {
        var first = await PushAsync("packages", [(".ci/config", Settings), .. Package("a")]);
        await _remote.Work.GitAsync("push", "-q", "origin", $"{first}:refs/tags/scheduled");
        var held = new HeldStarter { Next = () => new DateTimeOffset(2026, 1, 1, 0, 0, 20, TimeSpan.Zero) };
        await using var farm = await StartAsync(follow: false, starter: held);
        await farm.UntilAsync(() => Task.FromResult(held.Looks > 0), "the first look");

        await farm.AdvanceAsync(TimeSpan.FromSeconds(19));
        held.Looks.ShouldBe(1);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(2));
        held.Looks.ShouldBeGreaterThan(1, "its time came before a minute was over");
        held.Gate.SetResult();
    }

    [Fact]
    public async Task Order_WhenTooManyWait_IsRefused()
    {
        var held = new HeldStarter();
        await using var farm = await StartAsync(follow: false, starter: held);
        RunReply? reply = null;
        for (var i = 0; i <= FollowMachine.MostWaiting + 1; i++)
        {
            reply = await Source(farm).StartRunAsync(new RunOrder { Pipeline = HeldStarter.Name, Packages = [$"p{i}"] });
        }

        reply!.Error.ShouldNotBeNull().ShouldStartWith("50 runs wait already");
        held.Gate.SetResult();
    }

    [Fact]
    public async Task StartRun_WhenPipelineOrSourceIsUnknown_IsRefused()
    {
        await using var farm = await StartAsync(follow: false);

        (await Source(farm).StartRunAsync(new RunOrder { Pipeline = "on-comit" })).Error.ShouldBe("there is no pipeline 'on-comit'; known: add, bump, drop, on-commit, on-schedule, schedule");
        (await farm.Source("else").StartRunAsync(new RunOrder { Pipeline = "on-commit" })).Error!.ShouldContain("there is no source repository 'else'");
        (await farm.Source("else").GetSourceAsync()).ShouldBeNull();
        (await Source(farm).ListRunsAsync()).ShouldBeEmpty();
    }

    private static ISourceRepositoryGrain Source(GrainFarm farm) => farm.Source("packages");

    private static (string Path, string Text)[] Package(string pkgbase, string pkgver = "1") => SourceRemote.Package(pkgbase, pkgver);

    private Task<string> PushAsync(string message, params (string Path, string Text)[] files) => _remote.PushAsync(message, files);

    private Task<GrainFarm> StartAsync(bool follow, Action<FarmOptions>? more = null, IPipelineStarter? starter = null) => GrainFarm.StartAsync(configure: (_, builder) =>
    {
        builder.Services.Configure<FarmOptions>(options =>
        {
            options.SourceRepositories["packages"].Url = _remote.Path;
            options.Follow = follow;
            more?.Invoke(options);
        });
        if (starter is not null)
        {
            builder.Services.Add(ServiceDescriptor.Singleton(starter));
        }
    });

    private static async Task<RunView> EndedAsync(GrainFarm farm, long number)
    {
        RunView? view = null;
        await farm.UntilAsync(async () => (view = await Source(farm).GetRunAsync(number)) is { Run.State: > RunState.Running }, $"run {number} ends");
        return view!;
    }

    /// <summary>A pipeline whose runs take until the gate opens.</summary>
    private sealed class HeldStarter : IPipelineStarter
    {
        public const string Name = "held";

        private int _begun;
        private int _looks;

        public TaskCompletionSource Gate { get; } = new();

        public int Begun => Volatile.Read(ref _begun);

        public string Pipeline => Name;

        public RunCause Cause => RunCause.Poll;

        public string? Refuse(RunOrder order) => null;

        /// <summary>When it is to be looked next; null for a pipeline that is never looked for.</summary>
        public Func<DateTimeOffset?>? Next { get; init; }

        /// <summary>How often it was looked.</summary>
        public int Looks => Volatile.Read(ref _looks);

        bool IPipelineStarter.Looks(SourceRepositoryOptions options) => Next is not null;

        DateTimeOffset? IPipelineStarter.NextLook(SourceRepositoryOptions options) => Next?.Invoke();

        public Task<ImmutableArray<FoundMark>> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _looks);
            return Task.FromResult<ImmutableArray<FoundMark>>([]);
        }

        public async Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken)
        {
            var recorder = new RunRecorder(new PipelineRun { Pipeline = Name, Started = DateTimeOffset.UnixEpoch }, TimeProvider.System, run.Changed);
            await recorder.StepAsync("wait", async () =>
            {
                Interlocked.Increment(ref _begun);
                await Gate.Task.WaitAsync(cancellationToken);
                return StepResult.Done("");
            });
            return new StartedRun(recorder.End(RunOutcome.Succeeded, "done"), MayPass: false, null);
        }
    }
}
