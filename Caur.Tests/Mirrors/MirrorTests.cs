using System.Runtime.Versioning;
using Caur.Pacman;
using Caur.Storage.Processes;
using Caur.Tests.Publication;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Mirrors;

/// <summary>The recipes of docs/publication.md, as they stand there, with real nginx, rsync and pacman.</summary>
[SupportedOSPlatform("linux")]
public sealed class MirrorTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TestFarm _farm = new(key.Gpg.Signer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _farm.Dispose();

    /// <summary>Packages from the disk, databases through the gateway: no window, and nothing else of the data folder is there.</summary>
    [Fact]
    public async Task Nginx_InFrontOfAFarmWhilePublicationsHappen_ShowsNoErrorAndNothingElse()
    {
        await _farm.PublishAsync("p", "1-1");
        await File.WriteAllTextAsync(Path.Combine(_farm.Scratch, "tokens.json"), "secret", Token);
        await using var gateway = await Gateway.StartAsync(_farm.Root);
        var address = gateway.Server.Split("/repos")[0];
        var server = (await Recipe.ReadAsync("nginx", "proxy_buffering off")).With("/var/lib/caur", _farm.Scratch).With("http://127.0.0.1:8080", address);
        await using var nginx = await Nginx.StartAsync(server);
        await using var pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, $"http://127.0.0.1:{nginx.Port}/repos/$repo/$arch");

        var publishing = PublishAsync(30);
        var updates = 0;
        while (!publishing.IsCompleted || updates < 3)
        {
            await pacman.MustAsync("-Sy");
            updates++;
        }

        await publishing;
        await pacman.MustAsync("-Syu", "p");
        (await pacman.InstalledAsync()).ShouldBe(["p 30-1"]);

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{nginx.Port}/") };
        using var package = await http.GetAsync("repos/farm/x86_64/p-30-1-x86_64.pkg.tar.zst", Token);
        package.EnsureSuccessStatusCode();
        package.Headers.Server.ToString().ShouldContain("nginx");
        package.Headers.CacheControl.ShouldNotBeNull().MaxAge.ShouldBe(TimeSpan.FromDays(365));
        foreach (var path in new[] { "repos/farm/x86_64/", "repos/farm/x86_64/.gen/30/generation.json", "tokens.json", "landing/", "repos/../tokens.json" })
        {
            using var answer = await http.GetAsync(path, Token);
            answer.IsSuccessStatusCode.ShouldBeFalse(path);
        }
    }

    /// <summary>After each run of the script, whatever the farm published in its midst, the mirror has one whole generation, its packages
    /// and signatures, and never an older one than before.</summary>
    [Fact]
    public async Task Rsync_WhilePublicationsHappen_AlwaysLeavesAWholeGeneration()
    {
        await _farm.PublishAsync("p", "1-1");
        using var scratch = new TemporaryFolder();
        await File.WriteAllTextAsync(scratch["caur-mirror"], await Recipe.ReadAsync("bash", "caur-mirror SOURCE FOLDER"), Token);
        var mirror = scratch["mirror", "farm", "x86_64"];
        await using var nginx = await Nginx.StartAsync((await Recipe.ReadAsync("nginx", "/srv/mirror")).With("/srv/mirror", scratch["mirror"]));
        await using var pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, $"http://127.0.0.1:{nginx.Port}/$repo/$arch");

        var publishing = PublishAsync(30);
        var (newest, runs) = (0, 0);
        while (!publishing.IsCompleted || runs < 3)
        {
            await MirrorAsync(scratch["caur-mirror"], mirror);
            var generation = int.Parse(new FileInfo(Path.Combine(mirror, ".gen", "current")).LinkTarget!, System.Globalization.CultureInfo.InvariantCulture);
            generation.ShouldBeGreaterThanOrEqualTo(newest);
            newest = generation;
            await VerifyAsync(mirror);
            await pacman.MustAsync("-Syu", "p");
            runs++;
        }

        await publishing;
        await MirrorAsync(scratch["caur-mirror"], mirror);
        await pacman.MustAsync("-Syu");
        (await pacman.InstalledAsync()).ShouldBe(["p 30-1"]);
    }

    /// <summary>What the farm has removed goes, also half copies of runs that died.</summary>
    [Fact]
    public async Task Rsync_WhenTheFarmHasRemovedFiles_RemovesThemAndNothingElse()
    {
        await _farm.PublishAsync("p", "1-1");
        await _farm.PublishAsync("q", "1-1");
        using var scratch = new TemporaryFolder();
        await File.WriteAllTextAsync(scratch["caur-mirror"], await Recipe.ReadAsync("bash", "caur-mirror SOURCE FOLDER"), Token);
        var mirror = scratch["mirror"];
        await MirrorAsync(scratch["caur-mirror"], mirror);
        await File.WriteAllTextAsync(Path.Combine(mirror, "left-over-1-1-any.pkg.tar.zst"), "x", Token);
        Directory.CreateDirectory(Path.Combine(mirror, ".gen", ".next"));
        File.CreateSymbolicLink(Path.Combine(mirror, ".gen", ".next", "current"), "1");

        await MirrorAsync(scratch["caur-mirror"], mirror);

        Names(mirror).ShouldBe(Names(_farm.Store.Folder));
        static IEnumerable<string> Names(string folder) => Directory
            .EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path))
            .Where(path => !path.EndsWith(".lock", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
    }

    private async Task PublishAsync(int newest)
    {
        for (var version = 2; version <= newest; version++)
        {
            await _farm.PublishAsync("p", $"{version}-1");
        }
    }

    private async Task MirrorAsync(string script, string mirror)
    {
        var run = await TestGpg.Processes.RunAsync(
            new ProcessRequest { FileName = "bash", Arguments = [script, _farm.Store.Folder, mirror] }, Token);
        run.ExitCode.ShouldBe(0, run.Error);
    }

    private static async Task VerifyAsync(string mirror)
    {
        await using var file = File.OpenRead(Path.Combine(mirror, "farm.db"));
        var database = await RepositoryDatabase.ReadAsync(file, null, cancellationToken: Token);
        foreach (var entry in database.Value!)
        {
            File.Exists(Path.Combine(mirror, entry.FileName)).ShouldBeTrue(entry.FileName);
            File.Exists(Path.Combine(mirror, $"{entry.FileName}.sig")).ShouldBeTrue(entry.FileName);
        }
    }
}
