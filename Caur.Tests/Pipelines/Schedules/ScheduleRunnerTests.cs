using System.Collections.Concurrent;
using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;
using Caur.Tests.Notifications;
using Caur.Tests.Pipelines.Aur;
using Caur.Tests.Pipelines.Sandbox;
using Caur.Tests.Pipelines.Upstream;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>Runs of whole repositories against an AUR, git repositories and databases of the tests' own.</summary>
public sealed class ScheduleRunnerTests : IAsyncLifetime
{
    private readonly GitRig _git = new();
    private readonly Dictionary<string, Dictionary<string, string>> _folders = new(StringComparer.Ordinal);
    private AurStandIn _aur = null!;
    private RecordingServer _mirror = null!;
    private byte[] _database = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _aur = await AurStandIn.StartAsync();
        _mirror = await RecordingServer.StartAsync();
        _mirror.Answer = (_, context) => context.Response.Body.WriteAsync(_database).AsTask();
    }

    public async ValueTask DisposeAsync()
    {
        await _aur.DisposeAsync();
        await _mirror.DisposeAsync();
        _git.Dispose();
    }

    [Fact]
    public async Task RunAsync_WhenAnAurPackageChanges_UpdatesItOnce()
    {
        await UpstreamAsync("tool", "1.0");
        await UpstreamAsync("other", "1.0");
        Folder("tool", "1.0", "CI_PKGBUILD_SOURCE=aur");
        Folder("other", "1.0", "CI_PKGBUILD_SOURCE=aur");
        _aur.Set("tool", 1_700_000_000);
        _aur.Set("other", 1_700_000_000);
        var first = await RunAsync(StateContent.None);
        first.Decisions.ShouldAllBe(decision => decision.Kind == DecisionKind.Nothing);
        first.Decisions[0].Reasons[0].ShouldStartWith("changed in the AUR at 2023-11-14 22:13:20 UTC, but PKGBUILD and .SRCINFO are the same at commit ");
        first.Watermark.ShouldBe(1_700_000_000);

        await UpstreamAsync("tool", "1.1");
        _aur.Set("tool", 1_700_000_100);
        var second = await RunAsync(first.State, first.Watermark);
        var (other, tool) = (second.Decisions[0], second.Decisions[1]);
        other.Reasons.ShouldBe(["no newer AUR timestamp since 2023-11-14 22:13:20 UTC"]);
        tool.Kind.ShouldBe(DecisionKind.Update);
        tool.Schedule.ShouldBeTrue();
        tool.Review.ShouldBe(ReviewRule.ByChange);
        tool.Files!.Text("PKGBUILD")!.ShouldContain("pkgver=1.1");
        tool.Files.Text(".CI/config").ShouldBe("CI_PKGBUILD_SOURCE=aur");
        second.Watermark.ShouldBe(1_700_000_100);

        (await RunAsync(second.State, second.Watermark)).Decisions.ShouldAllBe(decision => decision.Kind == DecisionKind.Nothing);
    }

    [Fact]
    public async Task RunAsync_WhenACloneFails_OthersAreDecidedAndItIsLookedAtAgain()
    {
        await UpstreamAsync("good", "2.0");
        Folder("good", "1.0", "CI_PKGBUILD_SOURCE=aur");
        Folder("gone", "1.0", "CI_PKGBUILD_SOURCE=aur");
        Folder("unknown", "1.0", "CI_PKGBUILD_SOURCE=aur");
        Folder("wrong", "1.0", "CI_PKGBUILD_SOURCE=ext::sh");
        _aur.Set("good", 200);
        _aur.Set("gone", 150);
        var run = await RunAsync(StateContent.None, 100);
        Reasons(run)["gone"].ShouldStartWith("skipped: clone failed twice: ");
        Reasons(run)["unknown"].ShouldBe("skipped: the AUR has no timestamp of it; was it removed there?");
        Reasons(run)["wrong"].ShouldStartWith("skipped: CI_PKGBUILD_SOURCE is none of aur, custom, gitlab:ID and a git URL");
        Kinds(run).ShouldBe("gone:Skipped good:Update unknown:Skipped wrong:Skipped");
        run.Watermark.ShouldBe(149);

        // Whoever goes on from here, with or without our own file, looks at it again.
        await UpstreamAsync("gone", "1.5");
        Kinds(await RunAsync(run.State, run.Watermark)).ShouldContain("gone:Update");
        var original = run.State with { Packages = new Dictionary<string, PackageState>() };
        Kinds(await RunAsync(original, run.Watermark)).ShouldContain("gone:Update");
    }

    [Fact]
    public async Task RunAsync_WhenTheAurIsDown_EverythingElseGoesOn()
    {
        _aur.MetadataFail = _aur.RpcFails = true;
        var commit = await _git.Repository("lib").CommitAsync(("x", "1"));
        Folder("tool", "1.0", "CI_PKGBUILD_SOURCE=aur");
        Folder("lib-git", "1.0", "CI_PKGBUILD_SOURCE=custom", $"source = git+{_git.Url("lib")}");
        var run = await RunAsync(StateOf("lib-git", new PackageState { GitCommit = new string('a', 40) }), 77);
        Kinds(run).ShouldBe("lib-git:Rebuild tool:Skipped");
        Reasons(run)["tool"].ShouldStartWith("skipped: the AUR cannot be asked: ");
        run.Problems.ShouldHaveSingleItem().ShouldStartWith("the AUR cannot be asked: ");
        run.Watermark.ShouldBe(77);
        run.State["lib-git"].GitCommit.ShouldBe(commit);
    }

    [Fact]
    public async Task RunAsync_WhenCommitsAreFollowed_RebuildsWithoutAChangeOfFiles()
    {
        var first = await _git.Repository("lib").CommitAsync(("x", "1"));
        var source = $"source = git+{_git.Url("lib")}";
        Folder("a-git", "1.0", "CI_PKGBUILD_SOURCE=custom", source);
        Folder("forced", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_FORCE_VCS=true", source);
        Folder("known", "1.0", "CI_PKGBUILD_SOURCE=custom", source);
        Folder("plain", "1.0", "CI_PKGBUILD_SOURCE=custom", source);
        Folder("heavy-git", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_ON_TRIGGER=heavy", source);
        Folder("pinned-git", "1.0", "CI_PKGBUILD_SOURCE=custom", source + "#tag=v1");
        var begun = await RunAsync(StateOf("known", new PackageState { GitCommit = first }));
        Kinds(begun).ShouldBe("a-git:Nothing forced:Nothing heavy-git:Nothing known:Nothing pinned-git:Nothing plain:Nothing");
        begun.State["a-git"].GitCommit.ShouldBe(first);
        begun.State["plain"].GitCommit.ShouldBeNull();
        begun.Decisions[4].Reasons[1].ShouldBe("no commits are followed: its git source is pinned to tag=v1");

        await _git.Repository("lib").CommitAsync(("x", "2"));
        var next = await RunAsync(begun.State);
        Kinds(next).ShouldBe("a-git:Rebuild forced:Rebuild heavy-git:Rebuild known:Rebuild pinned-git:Nothing plain:Nothing");
        next.Decisions.Where(decision => decision.Schedule).Select(decision => decision.PkgBase).ShouldBe(["a-git", "forced", "known"]);
        next.Decisions.ShouldAllBe(decision => decision.Files == null && decision.Config == null);
    }

    [Fact]
    public async Task RunAsync_WhenALibraryChanges_BumpsWhatNamesIt()
    {
        Folder("user", "1.0", "# mine\nCI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=other:libfoo");
        Folder("epoch", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=libfoo\nCI_PACKAGE_BUMP=1:1.0-1/4");
        Folder("managed", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=libfoo\nCI_MANAGE_AUR=true");
        Folder("listed", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=glibc");
        await DatabaseAsync(("libfoo", "1.2-1"), ("glibc", "1-1"), ("user", "1.0-1"), ("epoch", "1:1.0-1.4"), ("managed", "1.0-1"), ("listed", "1.0-1"));
        var begun = await RunAsync(StateContent.None);
        Kinds(begun).ShouldBe("epoch:Nothing listed:Nothing managed:Nothing user:Nothing");

        await DatabaseAsync(("libfoo", "1.3-1"), ("glibc", "2-1"), ("user", "1.0-1"), ("epoch", "1:1.0-1.4"), ("managed", "1.0-1"), ("listed", "1.0-1"));
        var next = await RunAsync(begun.State);
        Kinds(next).ShouldBe("epoch:Bump listed:Nothing managed:Nothing user:Bump");
        next.Decisions[0].Reasons[^1].ShouldBe("bumped because libfoo 1.2-1 -> 1.3-1: 1:1.0-1/5");
        next.Decisions[2].Reasons[^1].ShouldBe("not bumped though libfoo 1.2-1 -> 1.3-1: CI_MANAGE_AUR is set, and what is pushed to the AUR is bumped in its PKGBUILD");
        next.Decisions[3].Reasons[^1].ShouldBe("its rebuild trigger other is no pkgbase in the databases of CI_LIB_DB, and causes nothing");
        next.Decisions[3].Config!.ToString().ShouldBe("# mine\nCI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=other:libfoo\nCI_PACKAGE_BUMP=1.0-1/1\n");

        Kinds(await RunAsync(next.State)).ShouldBe("epoch:Nothing listed:Nothing managed:Nothing user:Nothing");
    }

    [Fact]
    public async Task RunAsync_WhenALibraryChangesWhileAPackageCannotBeLookedAt_BumpsItLaterAndNobodyTwice()
    {
        await UpstreamAsync("thrown", "1.0");
        _aur.Set("thrown", 100);
        Folder("broken", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=libfoo");
        Folder("fine", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=libfoo");
        Folder("thrown", "1.0", "CI_PKGBUILD_SOURCE=aur\nCI_REBUILD_TRIGGERS=libfoo");
        await DatabaseAsync(("libfoo", "1:1.2-1"), ("broken", "1.0-1"), ("fine", "1.0-1"), ("thrown", "1.0-1"));
        var begun = await RunAsync(StateContent.None);
        await DatabaseAsync(("libfoo", "1:1.3-1"), ("broken", "1.0-1"), ("fine", "1.0-1"), ("thrown", "1.0-1"));
        _aur.Set("thrown", 200);
        var packages = Packages();
        var unread = new Dictionary<string, Dictionary<string, string>>(_folders);
        unread.Remove("thrown");

        var run = await Runner(null).RunAsync(
            [.. packages.Select(one => one.PkgBase == "broken" ? one with { Problem = "its PKGBUILD is a link" } : one)], new Folders(unread), begun.State, 0, null, Token);
        Kinds(run).ShouldBe("broken:Skipped fine:Bump thrown:Skipped");

        // Also over the branch that keeps it.
        var kept = StateContent.Read(run.State.ToFiles().ToDictionary(file => file.Key, file => (ReadOnlyMemory<byte>)file.Value));
        var next = await RunAsync(kept);
        Kinds(next).ShouldBe("broken:Bump fine:Nothing thrown:Bump");
        next.Decisions[0].Reasons[^1].ShouldBe("bumped because libfoo 1:1.2-1 -> 1:1.3-1: 1.0-1/1");
        Kinds(await RunAsync(next.State)).ShouldBe("broken:Nothing fine:Nothing thrown:Nothing");
    }

    [Theory]
    [InlineData(true, "late:Update")]
    [InlineData(false, "late:Nothing")]
    public async Task RunAsync_WhenAPackageFollowsTheAurOnlyNow_LooksAtItWhereTheWatermarkIsNotAllThatIsKnown(bool ours, string expected)
    {
        await UpstreamAsync("late", "2.0");
        Folder("late", "1.0", "CI_PKGBUILD_SOURCE=aur");
        _aur.Set("late", 100);
        Kinds(await RunAsync(StateContent.None with { IsOurs = ours }, 300)).ShouldBe(expected);
    }

    [Fact]
    public async Task RunAsync_WhenSourceIsAGitRepository_ClonesOnlyWhatHasChanged()
    {
        await using var daemon = new GitDaemon(_git.Root);
        var commit = await UpstreamAsync("tool", "1.0");
        Folder("tool", "0.9", $"CI_PKGBUILD_SOURCE={daemon.Url("tool")}");
        var first = await RunAsync(StateContent.None);
        Kinds(first).ShouldBe("tool:Update");
        first.State["tool"].UpstreamCommit.ShouldBe(commit);

        var connections = daemon.Connections;
        var second = await RunAsync(first.State);
        Kinds(second).ShouldBe("tool:Nothing");
        Reasons(second)["tool"].ShouldBe($"no newer commit at {daemon.Url("tool")} since {commit[..12]}");
        (daemon.Connections - connections).ShouldBe(1);
    }

    [Fact]
    public async Task RunAsync_WhenAGitlabProjectHasANewTag_SetsItInBothFiles()
    {
        const string Commit = "0123456789abcdef0123456789abcdef01234567";
        _mirror.Answer = RecordingServer.Status(200, """[{"name":"2.0","commit":{"web_url":"https://gitlab.com/g/tool/-/commit/HASH"}}]""".Replace("HASH", Commit, StringComparison.Ordinal));
        Folder("tool", "1.0", "CI_PKGBUILD_SOURCE=gitlab:7", "source = https://gitlab.com/g/tool/-/archive/a/tool-a.tar.gz");
        _folders["tool"]["PKGBUILD"] = "pkgver=1.0\npkgrel=4\n_commit=a\nsource=(https://gitlab.com/g/tool/-/archive/a/tool-a.tar.gz)\n";
        var run = await RunAsync(StateContent.None, databases: false);
        Kinds(run).ShouldBe("tool:Update");
        run.Decisions[0].Review.ShouldBe(ReviewRule.None);
        run.Decisions[0].Files!.Text("PKGBUILD").ShouldBe(
            $"pkgver=2.0\npkgrel=1\n_commit='{Commit}'\nsource=(\"https://gitlab.com/g/tool/-/archive/${{_commit}}/tool-${{_commit}}.tar.gz\")\n");
        Srcinfo.Parse(run.Decisions[0].Files!.Text(".SRCINFO")!).Value!.Version.ToString().ShouldBe("2.0-1");
        Reasons(run)["tool"].ShouldBe("GitLab project 7 has tag 2.0 after 1.0");

        Folder("tool", "2.0", "CI_PKGBUILD_SOURCE=gitlab:7");
        Reasons(await RunAsync(run.State, databases: false))["tool"].ShouldBe("no newer tag of GitLab project 7 than 2.0");
    }

    [Fact]
    public async Task RunAsync_WhenPackagesHaveScripts_RunsThemInTheSandboxAlone()
    {
        Folder("hook", "1.0", "CI_PKGBUILD_SOURCE=custom");
        _folders["hook"][PackageScripts.Hook] = "sed -i s/1.0/1.1/ PKGBUILD .SRCINFO";
        Folder("broken", "1.0", "CI_PKGBUILD_SOURCE=custom");
        _folders["broken"][PackageScripts.Hook] = "echo no network >&2; exit 1";
        Folder("nv", "1.0", "CI_PKGBUILD_SOURCE=custom\nCI_NVCHECKER=true");
        var sandbox = new LocalSandbox();
        var run = await RunAsync(StateContent.None, sandbox: sandbox);
        Kinds(run).ShouldBe("broken:Skipped hook:Update nv:Skipped");
        Reasons(run)["nv"].ShouldBe("skipped: CI_NVCHECKER is set, but there is neither nvchecker.toml nor .nvchecker.toml");
        run.Decisions[0].Reasons[^1].ShouldBe("skipped: update.sh ended with exit code 1: no network");
        run.Decisions[1].Files!.Text("PKGBUILD")!.ShouldContain("pkgver=1.1");

        var without = await RunAsync(StateContent.None);
        Kinds(without).ShouldBe("broken:Skipped hook:Skipped nv:Skipped");
        without.Decisions[1].Reasons[^1].ShouldBe("skipped: update.sh cannot run here: no container engine is set up for it");
    }

    [Fact]
    public async Task RunAsync_WhenLookingAtOnePackageThrows_ItAloneIsSkipped()
    {
        await UpstreamAsync("a", "2.0");
        Folder("a", "1.0", "CI_PKGBUILD_SOURCE=aur");
        Folder("b", "1.0", "CI_PKGBUILD_SOURCE=custom");
        _aur.Set("a", 50);
        var packages = Packages();
        _folders.Remove("a");
        var told = new ConcurrentBag<string>();
        var run = await Runner(null).RunAsync(packages, new Folders(_folders), StateContent.None, 10, decision => told.Add(decision.PkgBase), Token);
        Kinds(run).ShouldBe("a:Skipped b:Nothing");
        Reasons(run)["a"].ShouldStartWith("skipped: an error of the farm itself, KeyNotFoundException: ");
        run.Watermark.ShouldBe(49);
        told.Order().ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task RunAsync_WhenThereAreMany_LooksAtNoMoreThanTheBoundAtOnce()
    {
        for (var number = 0; number < 7; number++)
        {
            var name = $"hook-{number}";
            Folder(name, "1.0", "CI_PKGBUILD_SOURCE=custom");
            _folders[name][PackageScripts.Hook] = "";
        }

        var sandbox = new CountingSandbox(3);
        var run = await RunAsync(StateContent.None, sandbox: sandbox);
        run.Decisions.Count.ShouldBe(7);
        sandbox.Most.ShouldBe(3);
    }

    [Fact]
    public async Task RunAsync_WhenItIsCancelled_DecidesNothing()
    {
        Folder("a", "1.0", "CI_PKGBUILD_SOURCE=custom");
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(
            Runner(null).RunAsync(Packages(), new Folders(_folders), StateContent.None, 0, null, gone.Token));
    }

    [Fact]
    public void Triggered_SchedulesItsPackagesAndChangesNothing()
    {
        Folder("a", "1.0", "CI_ON_TRIGGER=daily");
        Folder("b", "1.0", "CI_PKGBUILD_SOURCE=aur");
        var state = StateOf("a", new PackageState { GitCommit = "abc" });
        var run = ScheduleRunner.Triggered(Packages(), state, 5, "daily");
        Kinds(run).ShouldBe("a:Rebuild b:Nothing");
        run.State.ShouldBeSameAs(state);
        run.Watermark.ShouldBe(5);
        _aur.Requests.ShouldBeEmpty();
    }

    private static string Kinds(ScheduleOutcome run) => string.Join(' ', run.Decisions.Select(decision => $"{decision.PkgBase}:{decision.Kind}"));

    private static Dictionary<string, string> Reasons(ScheduleOutcome run) => run.Decisions.ToDictionary(decision => decision.PkgBase, decision => decision.Reasons[0]);

    private static StateContent StateOf(string name, PackageState state) => StateContent.None with { Packages = new Dictionary<string, PackageState> { [name] = state } };

    private static string Info(string name, string version, string more) =>
        $"pkgbase = {name}\n\tpkgver = {version}\n\tpkgrel = 1\n\tarch = any\n{(more.Length > 0 ? $"\t{more}\n" : "")}\npkgname = {name}\n";

    private void Folder(string name, string version, string config, string more = "") => _folders[name] = new Dictionary<string, string>
    {
        ["PKGBUILD"] = $"pkgname={name}\npkgver={version}\npkgrel=1\n",
        [".SRCINFO"] = Info(name, version, more),
        [".CI/config"] = config,
    };

    private Task<string> UpstreamAsync(string name, string version) => _git.Repository(name).CommitAsync(
        ("PKGBUILD", $"pkgname={name}\npkgver={version}\npkgrel=1\n"), (".SRCINFO", Info(name, version, "")));

    private async Task DatabaseAsync(params (string Name, string Version)[] packages) => _database = await FollowedDatabases.WriteAsync(packages);

    private SchedulePackage[] Packages() => [.. _folders.Select(folder => new SchedulePackage(
        folder.Key,
        CiConfigText.Read(Encoding.UTF8.GetBytes(folder.Value[".CI/config"])).GetRequired(),
        Srcinfo.Parse(folder.Value[".SRCINFO"]).GetRequired()) { HasHook = folder.Value.ContainsKey(PackageScripts.Hook) })];

    private Task<ScheduleOutcome> RunAsync(StateContent state, long watermark = 0, ISandbox? sandbox = null, bool databases = true) =>
        Runner(sandbox, databases).RunAsync(Packages(), new Folders(_folders), state, watermark, null, Token);

    private ScheduleRunner Runner(ISandbox? sandbox, bool databases = true)
    {
        var options = _aur.Options with { GitUrl = $"file://{_git.Root}/{{0}}" };
        return new ScheduleRunner(
            new ScheduleServices
            {
                Aur = new AurClient(_aur.Client, options),
                AurOptions = options,
                Git = _git.Upstream,
                UrlRules = _git.Rules,
                Gitlab = new GitlabTags(_aur.Client, new Uri(_mirror.Address + "/")),
                Databases = new LibraryDatabases(_aur.Client),
                Scripts = sandbox is null ? null : new PackageScripts(sandbox),
            },
            new ScheduleSettings { Databases = databases && _database.Length > 0 ? $"{_mirror.Address}/extra.db" : null, RebuildBlacklist = "glibc:gcc-libs", MaxParallel = 3 });
    }

    /// <summary>Lets jobs wait until as many are under way as are meant to be.</summary>
    private sealed class CountingSandbox(int expected) : ISandbox
    {
        private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private int _running;

        public int Most { get; private set; }

        public async Task<Answer<SandboxResult>> RunAsync(SandboxJob job, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                Most = Math.Max(Most, ++_running);
                if (_running == expected)
                {
                    _full.TrySetResult();
                }
            }

            await _full.Task.DefaultTimeout("as many jobs as are allowed");
            lock (_gate)
            {
                _running--;
            }

            return Answer<SandboxResult>.Of(new SandboxResult(0, "", "", job.Files));
        }
    }

    private sealed class Folders(Dictionary<string, Dictionary<string, string>> folders) : IPackageFolders
    {
        public Task<FileTree> ReadAsync(string pkgbase, CancellationToken cancellationToken) =>
            Task.FromResult(FileTreeTests.Tree([.. folders[pkgbase].Select(file => (file.Key, file.Value))]));
    }
}
