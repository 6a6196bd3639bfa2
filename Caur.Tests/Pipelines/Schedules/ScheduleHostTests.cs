using Caur.Pacman;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;
using Caur.Tests.Pipelines.Aur;
using Caur.Tests.Pipelines.Upstream;

namespace Caur.Tests.Pipelines.Schedules;

public sealed class ScheduleHostTests
{
    private const string Info = "pkgbase = tool\n\tpkgver = 1.0\n\tpkgrel = 1\n\npkgname = tool\n";
    private const string Style = "root = true\n[PKGBUILD*]\nindent_style = space\nindent_size = 2\n";

    private static readonly SchedulePackage[] Packages =
        [new("tool", CiConfigText.Read("CI_PKGBUILD_SOURCE=aur"u8).GetRequired(), Srcinfo.Parse(Info).GetRequired())];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_WhenUpstreamDiffersInFormAlone_ChangesNothing()
    {
        using var git = new GitRig();
        await using var aur = await AurStandIn.StartAsync();
        await git.Repository("tool").CommitAsync(("PKGBUILD", "pkgver=1.0\nbuild()\n{\n\t\tmake\n}\n"), (".SRCINFO", Info));
        aur.Set("tool", 100);
        using var host = Host(git, aur, "CI_CLONE_DELAY=0\nCI_MAX_PARALLEL=2");
        var run = await host.Runner.RunAsync(Packages, new Folder("pkgver=1.0\nbuild() {\n  make\n}\n"), StateContent.None, 0, null, Token);
        run.Decisions[0].Reasons[0].ShouldContain("but PKGBUILD and .SRCINFO are the same at commit");
        run.Watermark.ShouldBe(100);
    }

    [Fact]
    public async Task RunAsync_WhenNothingChangedSinceTheLastHost_LoadsNothingAnew()
    {
        using var git = new GitRig();
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("tool", 100);
        for (var runs = 1; runs <= 2; runs++)
        {
            using var host = Host(git, aur, "");
            var run = await host.Runner.RunAsync(Packages, new Folder(""), StateContent.None, 100, null, Token);
            run.Decisions[0].Reasons.ShouldBe(["no newer AUR timestamp since 1970-01-01 00:01:40 UTC"]);
        }

        aur.Requests.Count.ShouldBe(2);
        aur.Requests[1].Headers.Keys.ShouldContain("If-None-Match");
    }

    [Fact]
    public async Task Create_WhenSettingsCannotBeFollowed_IsRefusedWithAllOfThem()
    {
        using var git = new GitRig();
        await using var aur = await AurStandIn.StartAsync();
        var refused = Create(git, aur, "CI_CLONE_DELAY=often\nCI_AUR_PROXY=ftp://x\nCI_MAX_PARALLEL=0");
        refused.Problem.ShouldBe(
            "CI_CLONE_DELAY is 'often'; it is a number of seconds, up to 600; CI_AUR_PROXY is no address of a proxy: ftp://x; "
            + "CI_MAX_PARALLEL is '0'; it is a number from 1 to 256");
    }

    private static ScheduleHost Host(GitRig git, AurStandIn aur, string config)
    {
        var created = Create(git, aur, config);
        created.Problem.ShouldBeNull();
        return created.Value!;
    }

    private static Caur.Pipelines.Polite.Answer<ScheduleHost> Create(GitRig git, AurStandIn aur, string config) => ScheduleHost.Create(
        CiConfig.Parse(config),
        new ScheduleHostOptions
        {
            Folder = git["host"],
            Aur = aur.Options with { GitUrl = $"file://{git.Root}/{{0}}", MostByRpc = 0 },
            UrlRules = git.Rules,
            EditorConfig = Style,
        },
        new ProcessRunner(TimeProvider.System),
        TimeProvider.System);

    private sealed class Folder(string pkgbuild) : IPackageFolders
    {
        public Task<FileTree> ReadAsync(string pkgbase, CancellationToken cancellationToken) =>
            Task.FromResult(FileTreeTests.Tree(("PKGBUILD", pkgbuild), (".SRCINFO", Info)));
    }
}
