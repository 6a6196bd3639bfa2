using System.Runtime.Versioning;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

/// <summary>What real pacman, which demands signatures on everything, makes of publications.</summary>
[SupportedOSPlatform("linux")]
public sealed class PublicationTests(FarmKey key) : IClassFixture<FarmKey>, IAsyncLifetime
{
    private readonly TestFarm _farm = new(key.Gpg.Signer);
    private PacmanClient _pacman = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, $"file://{_farm.Store.Folder}");

    public async ValueTask DisposeAsync()
    {
        await _pacman.DisposeAsync();
        _farm.Dispose();
    }

    [Fact]
    public async Task ApplyAsync_WhenUpgraded_PacmanInstallsAndUpgrades()
    {
        (await _farm.PublishAsync(await _farm.LandAsync("speedtest++", new BuiltPackage("speedtest++", "1:1.0-1") { Content = "one" })))
            .ShouldBe(1);
        await _pacman.MustAsync("-Sy", "speedtest++");
        (await _pacman.ReadFileAsync("speedtest++")).ShouldBe("one");

        (await _farm.PublishAsync(await _farm.LandAsync("speedtest++", new BuiltPackage("speedtest++", "1:1.0-1.2") { Content = "two" })))
            .ShouldBe(2);
        await _pacman.MustAsync("-Syu");

        (await _pacman.ReadFileAsync("speedtest++")).ShouldBe("two");
        (await _pacman.InstalledAsync()).ShouldBe(["speedtest++ 1:1.0-1.2"]);
        (await _pacman.MustAsync("-Fy", "usr/share/speedtest++")).ShouldContain("speedtest++ 1:1.0-1.2");
        await _farm.ShouldBeSoundAsync();
        _farm.PublishedFiles.ShouldBe(
            ["speedtest++-1:1.0-1-x86_64.pkg.tar.zst", "speedtest++-1:1.0-1.2-x86_64.pkg.tar.zst"], ignoreOrder: true);
    }

    [Fact]
    public async Task ApplyAsync_WhenRepositoryIsEmpty_PacmanCanSynchronize()
    {
        (await _farm.PublishAsync()).ShouldBe(1);
        await _pacman.MustAsync("-Sy");

        await _farm.PublishAsync("foo", "1-1");
        await _pacman.MustAsync("-Sy", "foo");
        await _farm.RemoveAsync("foo");
        await _pacman.MustAsync("-Sy");

        (await _farm.EntriesAsync()).ShouldBeEmpty();
        (await _pacman.RunAsync("-Si", "foo")).ExitCode.ShouldNotBe(0);
    }

    [Fact]
    public async Task ApplyAsync_WhenASplitPackageChangesItsParts_TheyComeAndGoTogether()
    {
        await _farm.PublishAsync("other", "1-1");
        await _farm.PublishAsync(await _farm.LandAsync(
            "split", new BuiltPackage("libsplit", "1-1"), new BuiltPackage("split-tools", "1-1"), new BuiltPackage("split-docs", "1-1") { Arch = "any" }));
        await _pacman.MustAsync("-Sy", "libsplit", "split-docs");

        await _farm.PublishAsync(await _farm.LandAsync("split", new BuiltPackage("libsplit", "2-1"), new BuiltPackage("split-data", "2-1")));
        await _pacman.MustAsync("-Syu", "split-data");

        (await _farm.EntriesAsync()).ShouldBe(["libsplit 2-1", "other 1-1", "split-data 2-1"]);
        (await _farm.Store.PublishedFilesAsync("split", Token)).ShouldBe(
            ["libsplit-2-1-x86_64.pkg.tar.zst", "split-data-2-1-x86_64.pkg.tar.zst"]);
        var generation = _farm.Store.ListGenerations()[0];
        generation.Number.ShouldBe(3);
        generation.Added.Select(package => (package.Pkgname, package.Replaces)).ShouldBe([("libsplit", "1-1"), ("split-data", null)]);
        generation.Removed.Select(package => package.Pkgname).ShouldBe(["split-docs", "split-tools"]);
        generation.Builds.ShouldHaveSingleItem().ShouldStartWith("farm/x86_64/split/");
        generation.Added[0].Build.ShouldBe(generation.Builds[0]);
        generation.Packages.ShouldBe(3);
    }

    [Fact]
    public async Task ApplyAsync_WhenSeveralBuildsAndRemovalsCome_MakesOneGeneration()
    {
        await _farm.PublishAsync("gone", "1-1");
        var request = new PublicationRequest
        {
            Id = "all",
            Builds = [await _farm.LandAsync("a", new BuiltPackage("a")), await _farm.LandAsync("b", new BuiltPackage("b"))],
            RemovePkgbases = ["gone", "never-there"],
            RemovePkgnames = ["neither"],
        };

        var proposal = await _farm.PlanAsync(request);
        var result = await _farm.Store.ApplyAsync(proposal.Plan.ShouldNotBeNull(), Token);

        result.Generation.ShouldBe(2);
        await _pacman.MustAsync("-Sy", "a", "b");
        (await _farm.EntriesAsync()).ShouldBe(["a 1.0-1", "b 1.0-1"]);
        _farm.Landing.ListAttempts().SelectMany(attempt => _farm.Landing.List(attempt.BuildId, attempt.Attempt)).ShouldBeEmpty();
    }

    [Fact]
    public async Task RollbackAsync_WhenFilesAreThere_PacmanGetsTheOldVersionInANewGeneration()
    {
        await _farm.PublishAsync("foo", "1-1");
        await _farm.PublishAsync("foo", "2-1");
        await _farm.PublishAsync("bar", "1-1");
        await _pacman.MustAsync("-Sy", "foo", "bar");

        var result = await _farm.Store.RollbackAsync("back", 1, Token);

        (result.Status, result.Generation).ShouldBe((PublicationStatus.Published, 4));
        await _pacman.MustAsync("-Syyuu");
        (await _pacman.InstalledAsync()).ShouldBe(["bar 1-1", "foo 1-1"]);
        (await _farm.EntriesAsync()).ShouldBe(["foo 1-1"]);
        _farm.Store.ListGenerations()[0].Restored.ShouldBe(1);
        await _farm.ShouldBeSoundAsync();

        await _farm.PublishAsync("foo", "3-1");
        await _pacman.MustAsync("-Syu");
        (await _pacman.InstalledAsync()).ShouldContain("foo 3-1");
    }

    [Fact]
    public async Task ApplyAsync_WhenAnythingIsTamperedWith_PacmanRefusesAndVerifySaysWhat()
    {
        await _farm.PublishAsync("foo", "1-1");
        var package = Path.Combine(_farm.Store.Folder, "foo-1-1-x86_64.pkg.tar.zst");
        var bytes = await File.ReadAllBytesAsync(package, Token);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(package, bytes, Token);

        (await _pacman.RunAsync("-Sy", "foo")).ExitCode.ShouldNotBe(0);
        (await _farm.Store.VerifyAsync(Token)).Problems.ShouldHaveSingleItem().ShouldContain("SHA-256 is not the database's");

        var database = Path.Combine(_farm.Store.Folder, "farm.db");
        await File.AppendAllTextAsync(database, "x", Token);
        (await _pacman.RunAsync("-Syy")).ExitCode.ShouldNotBe(0);
        (await _farm.Store.VerifyAsync(Token)).Problems.ShouldContain(problem => problem.StartsWith("farm.db.tar.gz: its signature is not good", StringComparison.Ordinal));
    }

    /// <summary>Clients ask for what is newer than theirs in whole seconds; the clock of this test stands still, and goes back.</summary>
    [Fact]
    public async Task ApplyAsync_WhenGenerationsShareASecondOrTheClockGoesBack_PacmanSeesEach()
    {
        for (var version = 1; version <= 4; version++)
        {
            await _farm.PublishAsync("foo", $"{version}-1");
            _farm.Time.Advance(version == 2 ? TimeSpan.FromDays(-1) : TimeSpan.Zero);
            await _pacman.MustAsync("-Sy");
            (await _pacman.MustAsync("-Sp", "--print-format", "%v", "foo")).ShouldContain($"{version}-1");
        }
    }
}
