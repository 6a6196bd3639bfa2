using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Contracts.Ids;
using Caur.Storage.Landing;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Publication;

/// <summary>kill -9 at every named point of a publication and of a collection: real pacman accepts what lies there, sees the old
/// repository or the new one, and the next hub finishes what was begun without being asked.</summary>
[SupportedOSPlatform("linux")]
public sealed class PublicationKillTests(KilledFarm farm) : IClassFixture<KilledFarm>
{
    public static TheoryData<string> Points => [.. KillPoints.Publication, .. KillPoints.Collection];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Kill_AtAPoint_LeavesOldOrNewAndIsFinishedByTheNextHub(string point)
    {
        var data = await farm.KilledAsync(point);

        // As it lies there.
        await using var gateway = await Gateway.StartAsync(Path.Combine(data, "repos"));
        await farm.SeesAsync(KilledFarm.At(point), $"file://{data}/repos/$repo/$arch", downloads: false);
        await farm.SeesAsync(KilledFarm.At(point), gateway.Server, downloads: true);
        new RepositoryFiles(Path.Combine(data, "repos")).Resolve("first/x86_64/first.db").IsRedirect.ShouldBe(KillPoints.IsBuildVisible(point));

        // Nobody orders anything again: it is enough that somebody looks at the repository.
        await using (var hub = await PublicationHub.StartAsync(
            data, new GpgOptions { Home = farm.GpgHome }, new PublicationHubOptions { Store = farm.Jobs.StoreOptions }))
        {
            foreach (var order in farm.Jobs.Orders)
            {
                if (KillPoints.IsBeforeOrder(point))
                {
                    // It was never ordered: the queue asks the build, and the build orders it.
                    await hub.Build(order.Build).ReconcileAsync();
                }

                await hub.Repository(order.Build.Target).GetAsync();
                (await hub.PublishedAsync(order.Build)).Generation.ShouldBe(order.Build.Target.Name == "first" ? 1 : 2);
                await hub.UntilAsync(
                    async () => (await hub.Repository(order.Build.Target).GetAsync()).Pending == 0, () => "the order is still there");
            }

            foreach (var plan in farm.Jobs.Plans)
            {
                await PublicationChild.ApplyAsync(data, farm.GpgHome, plan, farm.Jobs.StoreOptions, null);
            }

            await CollectAsync(hub);

            // What the kill left half written goes when nobody can be writing it any more: an hour later. It may be another name of a file that
            // was just archived, with its time.
            foreach (var left in Directory.EnumerateFiles(Path.Combine(data, "archive"), ".caur-*", SearchOption.AllDirectories))
            {
                File.SetLastWriteTimeUtc(left, TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromHours(2));
            }

            await CollectAsync(hub);
            hub.Landing.ListAttempts().ShouldBeEmpty();
        }

        await farm.SeesAsync(KilledFarm.New, gateway.Server, downloads: true);
        Directory.GetFileSystemEntries(data, ".caur-*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    private async Task CollectAsync(PublicationHub hub)
    {
        foreach (var target in farm.Jobs.Targets)
        {
            await hub.Publisher.CollectAsync(target, TestContext.Current.CancellationToken);
        }
    }
}

/// <summary>Four repositories with something to do in each, made once and copied for every kill; one key, one client. One process has a hub for
/// each point, and its death is the death of all.</summary>
[SupportedOSPlatform("linux")]
public sealed class KilledFarm : IAsyncLifetime
{
    private readonly TestGpg _gpg = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<Task> _killed;
    private PacmanClient _pacman = null!;

    public KilledFarm() => _killed = new Lazy<Task>(KillAsync);

    internal static IReadOnlyList<string> New => List(true, true);

    internal PublicationJobs Jobs { get; private set; } = null!;

    internal string GpgHome => _gpg.Home;

    private string Data => _folder["data"];

    public async ValueTask InitializeAsync()
    {
        await _gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", CancellationToken.None);
        _pacman = await PacmanClient.CreateAsync(_gpg.Signer, "file:///nonexistent");
        await PublishAsync("update", Packages("u", ("u-a", "1-1"), ("u-dropped", "1-1")));
        await PublishAsync("removal", Packages("r-kept", ("r-kept", "1-1")));
        await PublishAsync("removal", Packages("r-gone", ("r-gone", "1-1")));
        await PublishAsync("rollback", Packages("b", ("b", "1-1")));
        await PublishAsync("rollback", Packages("b", ("b", "2-1")));
        var removal = await UseAsync("removal", store => store.PlanAsync(
            new PublicationRequest { Id = "removal", RemovePkgbases = ["r-gone"] }, CancellationToken.None));
        var rollback = await UseAsync("rollback", store => store.PlanRollbackAsync("rollback", 1, CancellationToken.None));
        var landing = new LandingZone(Path.Combine(Data, "landing"));
        Jobs = new PublicationJobs(
            [
                await PublicationHub.LandAsync(landing, new TargetId("first", "x86_64"), "f", new BuiltPackage("f", "1-1")),
                await PublicationHub.LandAsync(
                    landing, new TargetId("update", "x86_64"), "u", new BuiltPackage("u-a", "2-1"), new BuiltPackage("u-b", "2-1")),
            ],
            [new PlannedPublication("removal", removal.Plan!), new PlannedPublication("rollback", rollback.Plan!)]);
        await File.WriteAllBytesAsync(PublicationChild.JobsPath(Data), JsonSerializer.SerializeToUtf8Bytes(Jobs));
    }

    public async ValueTask DisposeAsync()
    {
        await _pacman.DisposeAsync();
        await _gpg.DisposeAsync();
        _folder.Dispose();
    }

    internal async Task<string> CopyAsync(string to)
    {
        using var copy = Process.Start("cp", ["--archive", Data, to]);
        await copy.WaitForExitAsync();
        copy.ExitCode.ShouldBe(0);
        return to;
    }

    /// <summary>What clients are to see when the hub was killed there.</summary>
    internal static IReadOnlyList<string> At(string point) => List(KillPoints.IsBuildVisible(point), KillPoints.IsPlanVisible(point));

    private static IReadOnlyList<string> List(bool builds, bool plans) =>
    [
        .. builds ? ["first f 1-1"] : Array.Empty<string>(),
        .. plans ? ["removal r-kept 1-1", "rollback b 1-1"] : new[] { "removal r-gone 1-1", "removal r-kept 1-1", "rollback b 2-1" },
        .. builds ? ["update u-a 2-1", "update u-b 2-1"] : new[] { "update u-a 1-1", "update u-dropped 1-1" },
    ];

    /// <summary>The data folder of a hub that was killed there.</summary>
    internal async Task<string> KilledAsync(string point)
    {
        await _killed.Value;
        return DataOf(point);
    }

    /// <summary>Real pacman, which demands signatures on everything, lists exactly these packages, and can download each with its signature if
    /// told to.</summary>
    internal async Task SeesAsync(IReadOnlyList<string> packages, string server, bool downloads)
    {
        await _pacman.UseAsync(server, [.. packages.Select(package => package.Split(' ')[0]).Distinct()]);
        await _pacman.MustAsync(downloads ? ["-Syyw", .. packages.Select(package => string.Join('/', package.Split(' ')[..2]))] : ["-Syy"]);
        (await _pacman.MustAsync("-Sl")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ShouldBe(packages);
        _pacman.Cached.Count().ShouldBe(downloads ? packages.Count : 0);
    }

    // pacman takes no address with a space.
    private string DataOf(string point) => _folder[point.Replace(' ', '-')];

    private async Task KillAsync()
    {
        string[] points = [.. KillPoints.Publication, .. KillPoints.Collection];
        foreach (var point in points)
        {
            await CopyAsync(DataOf(point));
        }

        using var child = TestChild.Start(typeof(PublicationChild), PublicationChild.Arguments(GpgHome, points.Select(point => (DataOf(point), point))));
        try
        {
            (await PublicationChild.SaysAsync(child, PublicationChild.Ready).Timeout(TimeSpan.FromMinutes(4), "every point in the child")).ShouldBeTrue();
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(CancellationToken.None).DefaultTimeout("the end of the child");
        }
    }

    private static (string Pkgbase, BuiltPackage[] Packages) Packages(string pkgbase, params (string Name, string Version)[] packages) =>
        (pkgbase, [.. packages.Select(package => new BuiltPackage(package.Name, package.Version) { Pkgbase = pkgbase })]);

    private async Task PublishAsync(string target, (string Pkgbase, BuiltPackage[] Packages) build)
    {
        var landing = new LandingZone(_folder["landing"]);
        var order = await PublicationHub.LandAsync(landing, new TargetId(target, "x86_64"), build.Pkgbase, build.Packages);
        await UseAsync(target, async store =>
        {
            var proposal = await store.PlanAsync(
                new PublicationRequest
                {
                    Id = order.Build.ToString(),
                    Builds =
                    [
                        new BuildToPublish
                        {
                            Build = order.Build.ToString(),
                            Pkgbase = build.Pkgbase,
                            Archives =
                            [
                                .. landing.List(order.Build.ToString(), 1).Zip(order.Archives.OrderBy(archive => archive.FileName, StringComparer.Ordinal))
                                    .Select(pair => new OfferedArchive(pair.First.Path, pair.First.Size, pair.Second.Sha256)),
                            ],
                        },
                    ],
                },
                CancellationToken.None);
            return await store.ApplyAsync(proposal.Plan.ShouldNotBeNull(), CancellationToken.None);
        });
    }

    private async Task<T> UseAsync<T>(string target, Func<RepositoryStore, Task<T>> use)
    {
        using var store = new RepositoryStore(Path.Combine(Data, "repos"), target, "x86_64", _gpg.Signer, TimeProvider.System);
        return await use(store);
    }
}
