using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Caur.Pacman;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;
using Caur.Tests.Pipelines.Aur;
using Caur.Tests.Pipelines.Upstream;
using Caur.Tests.Soak;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>
/// Packages of the AUR change while clones fail, the AUR is away, runs are lost, and the original's scripts run in between. However that goes, each
/// run decides once for each package, and when everything works again nothing that was pushed is missing, and nothing is taken over twice.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
internal sealed class ScheduleScenario : ISoakScenario
{
    public string Name => "schedules";

    public async Task RunAsync(SoakRound round)
    {
        using var git = new GitRig();
        await using var aur = await AurStandIn.StartAsync();
        var farm = new Farm(round, git, aur);
        for (var package = 0; package < (round.IsShort ? 3 : 8); package++)
        {
            await farm.AddAsync(string.Create(CultureInfo.InvariantCulture, $"pkg+{package}"));
        }

        for (var step = 0; step < (round.IsShort ? 3 : 20); step++)
        {
            await farm.ChangeAsync();
            await farm.RunAsync(faults: true);
        }

        await farm.RunAsync(faults: false);
        farm.ShouldHaveEverything();
        (await farm.RunAsync(faults: false)).Decisions.ShouldAllBe(decision => decision.Kind == DecisionKind.Nothing);
    }

    private sealed class Farm(SoakRound round, GitRig git, AurStandIn aur) : IPackageFolders
    {
        private readonly Dictionary<string, int> _upstream = new(StringComparer.Ordinal);
        private readonly Dictionary<string, FileTree> _folders = new(StringComparer.Ordinal);
        private StateContent _state = StateContent.None;
        private long _watermark;
        private long _now = 1_700_000_000;

        public Task<FileTree> ReadAsync(string pkgbase, CancellationToken cancellationToken) => Task.FromResult(_folders[pkgbase]);

        public async Task AddAsync(string name)
        {
            _upstream[name] = 0;
            _folders[name] = FileTreeTests.Tree(("PKGBUILD", Pkgbuild(0)), (".SRCINFO", Info(name, 0)), (".CI/config", "CI_PKGBUILD_SOURCE=aur\n"));
            await PushAsync(name);
        }

        public async Task ChangeAsync()
        {
            foreach (var name in _upstream.Keys.Where(_ => round.Random.Next(3) == 0).ToArray())
            {
                _upstream[name]++;
                await PushAsync(name);
                round.Count("pushes");
            }
        }

        public async Task<ScheduleOutcome> RunAsync(bool faults)
        {
            var away = faults ? _upstream.Keys.Where(_ => round.Random.Next(4) == 0).ToArray() : [];
            aur.RpcFails = aur.MetadataFail = faults && round.Random.Next(5) == 0;
            foreach (var name in away)
            {
                Directory.Move(Path.Combine(git.Root, name), Path.Combine(git.Root, name + ".away"));
            }

            var options = aur.Options with { GitUrl = $"file://{git.Root}/{{0}}", MostByRpc = round.Random.Next(2) * 1000 };
            var services = new ScheduleServices
            {
                Aur = aur.Ask(options),
                AurOptions = options,
                Git = git.Upstream,
                UrlRules = git.Rules,
                Gitlab = new GitlabTags(aur.Client, new Uri(aur.Address)),
                Databases = new LibraryDatabases(aur.Client),
            };
            var packages = _folders.Select(folder => new SchedulePackage(
                folder.Key,
                CiConfigText.Read(folder.Value.Find(".CI/config")!.Bytes.Span).GetRequired(),
                Srcinfo.Parse(folder.Value.Find(".SRCINFO")!.Bytes.Span).GetRequired())).ToArray();
            var run = await new ScheduleRunner(services, new ScheduleSettings()).RunAsync(packages, this, _state, _watermark, null, round.Cancelled);
            foreach (var name in away)
            {
                Directory.Move(Path.Combine(git.Root, name + ".away"), Path.Combine(git.Root, name));
            }

            run.Decisions.Select(decision => decision.PkgBase).ShouldBe(_upstream.Keys.Order(StringComparer.Ordinal));
            run.Decisions.ShouldAllBe(decision => decision.Reasons.Count > 0);
            round.Count("runs");
            if (faults && round.Random.Next(4) == 0)
            {
                round.Count("lost runs");
                return run;
            }

            foreach (var decision in run.Decisions.Where(decision => decision.Files is not null))
            {
                _folders[decision.PkgBase] = decision.Files!;
                round.Count("updates");
            }

            _watermark = AurWatermark.Parse(AurWatermark.Text(run.Watermark));
            var original = faults && round.Random.Next(3) == 0;
            if (original)
            {
                round.Count("runs of the original");
            }

            _state = StateContent.Read(run.State.ToFiles()
                .Where(file => !original || file.Key != ".caur-state")
                .ToDictionary(file => file.Key, file => (ReadOnlyMemory<byte>)file.Value, StringComparer.Ordinal));
            return run;
        }

        public void ShouldHaveEverything()
        {
            foreach (var (name, version) in _upstream)
            {
                _folders[name].Text("PKGBUILD").ShouldBe(Pkgbuild(version), name);
                _folders[name].Text(".CI/config").ShouldBe("CI_PKGBUILD_SOURCE=aur\n");
            }
        }

        private static string Pkgbuild(int version) => string.Create(CultureInfo.InvariantCulture, $"pkgver={version}\n");

        private static string Info(string name, int version) =>
            string.Create(CultureInfo.InvariantCulture, $"pkgbase = {name}\n\tpkgver = {version}\n\tpkgrel = 1\n\npkgname = {name}\n");

        private async Task PushAsync(string name)
        {
            await git.Repository(name).CommitAsync(("PKGBUILD", Pkgbuild(_upstream[name])), (".SRCINFO", Info(name, _upstream[name])));
            aur.Set(name, _now += round.Random.Next(1, 100));
        }
    }
}
