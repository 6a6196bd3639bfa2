using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Landing;
using Caur.Storage.Repositories;
using Caur.Tests.Soak;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Publication;

/// <summary>Random builds, updates, split packages, removals and rollbacks, whose hub is killed at random moments and whose disk is full now
/// and then. pacman accepts the repository whenever it looks and sees every pkgbase whole, old or new; when it is quiet the content is the
/// model's, and every build was published once.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PublicationKillScenario : ISoakScenario
{
    private const int MostKillsOfOne = 4;
    private static readonly TargetId Target = new("soak", "x86_64");
    private static readonly string[] Pkgbases = ["app", "lib", "tools", "fonts", "kernel"];

    public string Name => "publication-kill";

    public async Task RunAsync(SoakRound round)
    {
        await using var disk = await SmallDisk.CreateAsync(Path.Combine(round.Folder, "disk"));
        await using var gpg = new TestGpg();
        await gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", round.Cancelled);
        await using var state = await RoundState.CreateAsync(round, disk, gpg);
        for (var step = 0; step < (round.IsShort ? 2 : 8); step++)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            var jobs = await state.NextAsync();
            await File.WriteAllBytesAsync(
                PublicationChild.JobsPath(disk.Folder), JsonSerializer.SerializeToUtf8Bytes(jobs), round.Cancelled);
            await state.RunToTheEndAsync();
            await state.ShouldBeAsModelledAsync();
        }
    }

    /// <summary>What is there, what is to be there, and the means to look.</summary>
    private sealed class RoundState(SoakRound round, SmallDisk disk, TestGpg gpg, PacmanClient pacman, Gateway gateway) : IAsyncDisposable
    {
        private readonly SortedDictionary<int, IReadOnlyDictionary<string, string>> _history = [];
        private readonly HashSet<string> _builds = new(StringComparer.Ordinal);
        private Dictionary<string, string> _old = [];
        private Dictionary<string, string> _new = [];
        private int _version;

        private Random Random => round.Random;

        private string Repositories => Path.Combine(disk.Folder, "repos");

        public static async Task<RoundState> CreateAsync(SoakRound round, SmallDisk disk, TestGpg gpg)
        {
            var gateway = await Gateway.StartAsync(Path.Combine(disk.Folder, "repos"));
            return new RoundState(round, disk, gpg, await PacmanClient.CreateAsync(gpg.Signer, gateway.Server), gateway);
        }

        /// <summary>Decides what comes next, and what the repository holds after it.</summary>
        [SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
        public async Task<PublicationJobs> NextAsync()
        {
            _old = new Dictionary<string, string>(_new);
            using var store = Open();
            var kept = store.ListGenerations().Select(generation => generation.Number).Where(number => number < store.CurrentGeneration).ToList();
            var choice = Random.Next(10);
            if (choice < 2 && kept.Count > 0)
            {
                var number = kept[Random.Next(kept.Count)];
                var plan = (await store.PlanRollbackAsync($"rollback {_version++}", number, round.Cancelled)).Plan;
                _new = new Dictionary<string, string>(_history[number]);
                round.Count("rollbacks");
                return Jobs([], plan);
            }

            if (choice < 4 && _old.Count > 0)
            {
                var pkgbase = PkgbaseOf(_old.Keys.ElementAt(Random.Next(_old.Count)));
                var plan = (await store.PlanAsync(
                    new PublicationRequest { Id = $"removal {_version++}", RemovePkgbases = [pkgbase] }, round.Cancelled)).Plan;
                Forget(pkgbase);
                round.Count("removals");
                return Jobs([], plan);
            }

            var orders = new List<PublishOrder>();
            var landing = new LandingZone(Path.Combine(disk.Folder, "landing"));
            foreach (var pkgbase in Random.GetItems(Pkgbases, 3).Distinct())
            {
                // A rollback brings old versions back, so that these are always higher.
                var version = $"{++_version}-1";
                var packages = Enumerable.Range(0, Random.Next(1, 4))
                    .Select(part => new BuiltPackage($"{pkgbase}-{part}", version) { Pkgbase = pkgbase, Content = new string('x', Random.Next(50_000)) }).ToArray();
                Forget(pkgbase);
                foreach (var package in packages)
                {
                    _new[package.Name] = version;
                }

                orders.Add(await PublicationHub.LandAsync(landing, Target, pkgbase, packages));
                round.Count("builds");
            }

            _builds.UnionWith(orders.Select(order => order.Build.ToString()));
            return Jobs(orders, null);
        }

        /// <summary>Starts hubs and kills them, until one has done everything.</summary>
        [SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
        public async Task RunToTheEndAsync()
        {
            var kills = round.IsShort ? (_history.Count == 0 ? 1 : 0) : Random.Next(MostKillsOfOne);
            for (var kill = 0; ; kill++)
            {
                var isFull = kill < kills && !round.IsShort && Random.Next(4) == 0 && disk.Fill(Random.Next(60) * 1024);
                if (isFull)
                {
                    round.Count("full disks");
                }

                // Most publications take some tenths of a second: early kills are as likely as late ones.
                var life = kill < kills ? TimeSpan.FromMilliseconds(Math.Pow(Random.NextDouble(), 2) * 1200) : TimeSpan.FromMinutes(2);
                var done = await RunHubAsync(life);
                disk.Empty();
                if (done)
                {
                    return;
                }

                (kill < kills).ShouldBeTrue($"the hub ends what it has to do; its files: {disk.Folder}");
                round.Count("kills");
                await LookAsync();
            }
        }

        public async Task ShouldBeAsModelledAsync()
        {
            using var store = Open();
            (await store.ReadAsync(round.Cancelled)).ToDictionary(entry => entry.Name.ToString(), entry => entry.Version.ToString())
                .ShouldBe(_new, ignoreOrder: true);
            (await store.VerifyAsync(round.Cancelled)).Problems.ShouldBeEmpty();
            var published = store.ListGenerations().SelectMany(generation => generation.Builds).ToList();
            published.ShouldBeUnique();
            published.ShouldBe(_builds, ignoreOrder: true);
            new LandingZone(Path.Combine(disk.Folder, "landing")).ListAttempts().ShouldBeEmpty();
            round.Count("generations", store.CurrentGeneration - _history.Keys.DefaultIfEmpty(0).Max());
            _history[store.CurrentGeneration] = new Dictionary<string, string>(_new);
            await LookAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await pacman.DisposeAsync();
            await gateway.DisposeAsync();
        }

        /// <summary>Real pacman accepts what is there, and every pkgbase is as it was or as it will be.</summary>
        private async Task LookAsync()
        {
            if (!File.Exists(Path.Combine(Repositories, "soak", "x86_64", "soak.db")))
            {
                return;
            }

            round.Count("looks");
            await pacman.UseAsync(round.IsShort ? $"file://{Repositories}/$repo/$arch" : gateway.Server, Target.Name);
            await pacman.MustAsync("-Syy");
            var seen = (await pacman.MustAsync("-Sl")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' ')).ToDictionary(words => words[1], words => words[2]);
            foreach (var pkgbase in Pkgbases)
            {
                var packages = Of(seen, pkgbase);
                (packages.SequenceEqual(Of(_old, pkgbase)) || packages.SequenceEqual(Of(_new, pkgbase)))
                    .ShouldBeTrue($"{pkgbase}: {string.Join(", ", packages)} is neither {string.Join(", ", Of(_old, pkgbase))} nor {string.Join(", ", Of(_new, pkgbase))}");
            }
        }

        private async Task<bool> RunHubAsync(TimeSpan life)
        {
            using var child = TestChild.Start(typeof(PublicationChild), PublicationChild.Arguments(gpg.Home, (disk.Folder, KillPoints.None)));
            try
            {
                // A full disk may keep it from coming up at all.
                return await PublicationChild.SaysAsync(child, PublicationChild.Begun)
                    .WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System, round.Cancelled)
                    && await PublicationChild.SaysAsync(child, PublicationChild.Ready).WaitAsync(life, TimeProvider.System, round.Cancelled);
            }
            catch (TimeoutException)
            {
                return false;
            }
            finally
            {
                child.Kill();
                await child.WaitForExitAsync(CancellationToken.None);
            }
        }

        private RepositoryStore Open() => new(
            Repositories, Target.Name, Target.Arch, gpg.Signer, TimeProvider.System, new RepositoryStoreOptions { KeepGenerations = 1000 });

        private static PublicationJobs Jobs(IReadOnlyList<PublishOrder> orders, PublicationPlan? plan) =>
            new(orders, plan is null ? [] : [new PlannedPublication(Target.Name, plan)]) { Keep = 1000 };

        private void Forget(string pkgbase)
        {
            foreach (var name in _new.Keys.Where(name => PkgbaseOf(name) == pkgbase).ToList())
            {
                _new.Remove(name);
            }
        }

        private static string PkgbaseOf(string pkgname) => pkgname[..pkgname.LastIndexOf('-')];

        private static IEnumerable<string> Of(Dictionary<string, string> packages, string pkgbase) =>
            packages.Where(package => PkgbaseOf(package.Key) == pkgbase).Select(package => $"{package.Key} {package.Value}").Order(StringComparer.Ordinal);
    }

    /// <summary>A file system of its own that can be full, where this user may mount one; elsewhere a folder that never is.</summary>
    private sealed class SmallDisk : IAsyncDisposable
    {
        private const int Bytes = 64 << 20;
        private readonly bool _mounted;

        private SmallDisk(string folder, bool mounted) => (Folder, _mounted) = (folder, mounted);

        public string Folder { get; }

        private string Ballast => Path.Combine(Folder, "ballast");

        public static async Task<SmallDisk> CreateAsync(string folder)
        {
            Directory.CreateDirectory(folder);
            return new SmallDisk(
                folder, Environment.IsPrivilegedProcess && await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Bytes}", "tmpfs", folder) == 0);
        }

        /// <summary>Leaves no more than these bytes.</summary>
        public bool Fill(long left)
        {
            if (!_mounted)
            {
                return false;
            }

            using var file = File.OpenWrite(Ballast);
            RandomAccess.SetLength(file.SafeFileHandle, 0);
            var free = new DriveInfo(Folder).AvailableFreeSpace - left;
            var piece = new byte[64 * 1024];
            for (long written = 0; written < free; written += piece.Length)
            {
                file.Write(piece.AsSpan(0, (int)Math.Min(piece.Length, free - written)));
            }

            return true;
        }

        public void Empty() => File.Delete(Ballast);

        public async ValueTask DisposeAsync()
        {
            if (_mounted)
            {
                await RunAsync("umount", "--lazy", Folder);
            }
        }

        private static async Task<int> RunAsync(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
    }
}
