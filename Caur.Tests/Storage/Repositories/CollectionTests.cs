using System.Runtime.Versioning;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

[SupportedOSPlatform("linux")]
public sealed class CollectionTests : IClassFixture<FarmKey>, IDisposable
{
    private readonly TestFarm _farm;
    private readonly FarmKey _key;

    public CollectionTests(FarmKey key)
    {
        _key = key;
        _farm = new TestFarm(key.Gpg.Signer, new RepositoryStoreOptions { KeepGenerations = 2, GenerationGrace = TimeSpan.FromHours(1) });
        _farm.Time.Advance(DateTimeOffset.UnixEpoch.AddYears(100) - _farm.Time.GetUtcNow());
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A package's file and all that lies beside it.</summary>
    private static string[] WithCompanions(string package) =>
        [package, $"{package}.sig", $"{package}.provenance.json", $"{package}.provenance.json.sig"];

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task CollectAsync_WhenTimeGoesBy_KeepsWhatGraceAndKeptGenerationsNeed()
    {
        await PublishVersionsAsync(4);

        // Within the hour nobody loses the generation that a redirect may have named.
        (await CollectAsync()).ShouldBe("generations  files ");
        _farm.Time.Advance(TimeSpan.FromHours(2));
        (await CollectAsync()).ShouldBe("generations 1,2 files ");
        _farm.Time.Advance(TimeSpan.FromDays(1));
        // Version 3 is old, but generation 3 is kept and names it.
        (await CollectAsync()).ShouldBe("generations  files foo-1-1-x86_64.pkg.tar.zst,foo-2-1-x86_64.pkg.tar.zst");
        _farm.PublishedFiles.ShouldBe(["foo-3-1-x86_64.pkg.tar.zst", "foo-4-1-x86_64.pkg.tar.zst"], ignoreOrder: true);
        File.Exists(Path.Combine(_farm.Store.Folder, "foo-1-1-x86_64.pkg.tar.zst.sig")).ShouldBeFalse();
        await _farm.ShouldBeSoundAsync();

        (await _farm.Store.RollbackAsync("back", 3, Token)).Status.ShouldBe(PublicationStatus.Published);
        (await _farm.EntriesAsync()).ShouldBe(["foo 3-1"]);
        (await _farm.Store.RollbackAsync("far back", 1, Token)).Problems.ShouldBe(["generation 1 is not kept"]);
    }

    /// <summary>A link that was lost, or came back from an old copy: what is built upon it would leave out what the later ones have.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("1")]
    public async Task PlanAsync_WhenTheRepositoryWasSetBack_ChangesNothingAndSaysHowToMendIt(string? link)
    {
        await PublishVersionsAsync(4);
        var current = Path.Combine(_farm.Store.Folder, ".gen", "current");
        var before = Directory.EnumerateFiles(Path.Combine(_farm.Store.Folder, ".gen", "4")).ToDictionary(file => file, File.GetLastWriteTimeUtc);
        File.Delete(current);
        if (link is not null)
        {
            File.CreateSymbolicLink(current, link);
        }

        var restarted = _farm.Open();
        foreach (var change in new Func<Task>[]
        {
            () => restarted.PlanAsync(new PublicationRequest { Id = "next", RemovePkgbases = ["foo"] }, Token),
            () => restarted.VerifyAsync(Token),
            () => restarted.CollectAsync(_farm.Time.GetUtcNow().AddYears(1), Token),
        })
        {
            (await Should.ThrowAsync<RepositoryDamagedException>(change)).Message.ShouldContain($"'ln -sfn 4 {current}'");
        }

        foreach (var (file, time) in before)
        {
            File.GetLastWriteTimeUtc(file).ShouldBe(time, file);
        }

        File.Delete(current);
        File.CreateSymbolicLink(current, "4");
        (await restarted.VerifyAsync(Token)).Generation.ShouldBe(4);
    }

    /// <summary>Its number leaves a gap, behind which clients still read what they began with.</summary>
    [Fact]
    public async Task CollectAsync_AfterARepositoryThatWasSetBackWasAccepted_KeepsWhatItFollowed()
    {
        await PublishVersionsAsync(4);
        var current = Path.Combine(_farm.Store.Folder, ".gen", "current");
        File.Delete(current);
        File.CreateSymbolicLink(current, "3");
        _farm.Store.FindSetBack(3).ShouldBeNull("the fourth may never have been current");
        _farm.Store.FindSetBack(4).ShouldNotBeNull().ShouldContain($"'ln -sfn 4 {current}'");
        _farm.Store.PlanAcceptance("none", 3).ShouldBeNull();

        (await _farm.Store.ApplyAsync(_farm.Store.PlanAcceptance("accept", 4).ShouldNotBeNull(), Token)).Generation.ShouldBe(6);
        await _farm.PublishAsync("foo", "5-1");

        await CollectAsync();
        _farm.Store.ListGenerations().Select(generation => generation.Number).ShouldBe([7, 6, 3, 2, 1]);
        _farm.PublishedFiles.ShouldContain("foo-3-1-x86_64.pkg.tar.zst");
        _farm.Store.FindSetBack(7).ShouldBeNull();
        await _farm.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task CollectAsync_WhenPublicationsNeverPause_FilesStillGo()
    {
        for (var version = 1; version <= 6; version++)
        {
            await _farm.PublishAsync("foo", $"{version}-1");
            _farm.Time.Advance(TimeSpan.FromHours(9));
            await _farm.Store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        }

        _farm.PublishedFiles.ShouldBe(
            ["foo-4-1-x86_64.pkg.tar.zst", "foo-5-1-x86_64.pkg.tar.zst", "foo-6-1-x86_64.pkg.tar.zst"], ignoreOrder: true);
    }

    [Fact]
    public async Task CollectAsync_WhenThereIsAnArchive_MovesFilesThereForAWhile()
    {
        var archive = Path.Combine(_farm.Scratch, "archive", "farm", "x86_64");
        await PublishVersionsAsync(4);
        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", null!, _farm.Time, new RepositoryStoreOptions { KeepGenerations = 2, ArchiveFolder = archive });
        _farm.Time.Advance(TimeSpan.FromDays(2));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);

        Directory.GetFiles(archive).Select(Path.GetFileName).ShouldBe(
            [.. WithCompanions("foo-1-1-x86_64.pkg.tar.zst"), .. WithCompanions("foo-2-1-x86_64.pkg.tar.zst")],
            ignoreOrder: true);
        _farm.Time.Advance(TimeSpan.FromDays(6));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        Directory.GetFiles(archive).Length.ShouldBe(8);
        _farm.Time.Advance(TimeSpan.FromDays(1));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        Directory.GetFiles(archive).ShouldBeEmpty();
    }

    [Fact]
    public async Task CollectAsync_WhenAFileCameBackByARollback_KeepsIt()
    {
        await PublishVersionsAsync(2);
        await _farm.Store.RollbackAsync("back", 1, Token);
        for (var round = 0; round < 4; round++)
        {
            _farm.Time.Advance(TimeSpan.FromDays(2));
            await _farm.PublishAsync($"other{round}", "1-1");
            await _farm.Store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        }

        (await _farm.EntriesAsync())[0].ShouldBe("foo 1-1");
        _farm.PublishedFiles.ShouldNotContain("foo-2-1-x86_64.pkg.tar.zst");
        await _farm.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task CollectAsync_WhenSomethingWasLeftByACrash_RemovesItAfterTheGrace()
    {
        await _farm.PublishAsync("foo", "1-1");
        var folder = _farm.Store.Folder;
        var now = _farm.Time.GetUtcNow().UtcDateTime;
        string[] old = ["gone-1-1-any.pkg.tar.zst", "lost-1-1-any.pkg.tar.zst.sig", ".caur-0123.tmp", ".gen/.caur-0123.tmp"];
        foreach (var name in old.Append("young-1-1-any.pkg.tar.zst"))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), "x", Token);
            File.SetLastWriteTimeUtc(Path.Combine(folder, name), name[0] == 'y' ? now.AddHours(-23) : now.AddDays(-2));
        }

        var report = await _farm.Store.CollectAsync(_farm.Time.GetUtcNow(), Token);

        report.Files.ShouldBe(["gone-1-1-any.pkg.tar.zst", "lost-1-1-any.pkg.tar.zst"], ignoreOrder: true);
        old.ShouldAllBe(name => !File.Exists(Path.Combine(folder, name)));
        File.Exists(Path.Combine(folder, "young-1-1-any.pkg.tar.zst")).ShouldBeTrue();
        await _farm.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task PlanRollbackAsync_WhenFilesAreGone_NamesThem()
    {
        await PublishVersionsAsync(2);
        File.Delete(Path.Combine(_farm.Store.Folder, "foo-1-1-x86_64.pkg.tar.zst"));

        var proposal = await _farm.Store.PlanRollbackAsync("back", 1, Token);

        proposal.Plan.ShouldBeNull();
        proposal.Problems.ShouldBe(["foo-1-1-x86_64.pkg.tar.zst is gone"]);
        (await _farm.Store.PlanRollbackAsync("back", 7, Token)).Problems.ShouldBe(["generation 7 is not kept"]);
        (await _farm.EntriesAsync()).ShouldBe(["foo 2-1"]);
    }

    /// <summary>A client that holds the database of before a publication can download what it names for as long as the grace lasts. Then
    /// the file is in the archive for its time, and then it is gone.</summary>
    [Fact]
    public async Task CollectAsync_WhenAClientHoldsAnOldDatabase_ServesItForTheGraceAndThenArchives()
    {
        var archive = Path.Combine(_farm.Scratch, "archive");
        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time,
            new RepositoryStoreOptions { KeepGenerations = 1, ArchiveFolder = archive });
        await PublishVersionsAsync(1);
        await using var pacman = await PacmanClient.CreateAsync(_key.Gpg.Signer, $"file://{_farm.Store.Folder}");
        await pacman.MustAsync("-Sy");
        await _farm.PublishAsync("foo", "2-1");

        _farm.Time.Advance(TimeSpan.FromHours(23));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        await pacman.MustAsync("-Sw", "foo");
        pacman.Cached.ShouldContain("foo-1-1-x86_64.pkg.tar.zst");
        Directory.Exists(archive).ShouldBeFalse();

        _farm.Time.Advance(TimeSpan.FromHours(1));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        Directory.GetFiles(archive).Select(Path.GetFileName).ShouldBe(WithCompanions("foo-1-1-x86_64.pkg.tar.zst"), ignoreOrder: true);
        await using var late = await PacmanClient.CreateAsync(_key.Gpg.Signer, $"file://{_farm.Store.Folder}");
        await late.MustAsync("-Sy", "foo");
        (await late.InstalledAsync()).ShouldBe(["foo 2-1"]);

        _farm.Time.Advance(TimeSpan.FromDays(7));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        Directory.GetFiles(archive).ShouldBeEmpty();
    }

    /// <summary>Every kept generation can come back, with every file and signature, however long ago it was made.</summary>
    [Fact]
    public async Task CollectAsync_HoweverLongAgo_KeepsTheSnapshotsComplete()
    {
        await using var pacman = await PacmanClient.CreateAsync(_key.Gpg.Signer, $"file://{_farm.Store.Folder}");
        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time, new RepositoryStoreOptions { KeepGenerations = 4 });
        for (var version = 1; version <= 6; version++)
        {
            await _farm.PublishAsync(await _farm.LandAsync(
                "split", new BuiltPackage("a", $"{version}-1"), new BuiltPackage(version % 2 == 0 ? "even" : "odd", $"{version}-1")));
            _farm.Time.Advance(TimeSpan.FromDays(30));
            await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        }

        store.ListGenerations().Select(generation => generation.Number).ShouldBe([6, 5, 4, 3]);
        foreach (var number in new[] { 5, 4, 3 })
        {
            (await store.RollbackAsync($"back to {number}", number, Token)).Status.ShouldBe(PublicationStatus.Published);
            (await store.VerifyAsync(Token)).Problems.ShouldBeEmpty();
            await pacman.MustAsync("-Syy");
            await pacman.MustAsync("-Sw", "a", number % 2 == 0 ? "even" : "odd");
            pacman.Cached.ShouldContain($"a-{number}-1-x86_64.pkg.tar.zst");
        }
    }

    [Fact]
    public async Task RollbackAsync_WhenFilesAreInTheArchive_BringsThemBack()
    {
        await PublishVersionsAsync(3);
        var archive = Directory.CreateDirectory(Path.Combine(_farm.Scratch, "archive")).FullName;
        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time, new RepositoryStoreOptions { ArchiveFolder = archive });
        string[] names = ["foo-1-1-x86_64.pkg.tar.zst", "foo-1-1-x86_64.pkg.tar.zst.sig"];
        foreach (var name in names)
        {
            File.Move(Path.Combine(_farm.Store.Folder, name), Path.Combine(archive, name));
        }

        (await store.RollbackAsync("back", 1, Token)).Status.ShouldBe(PublicationStatus.Published);
        (await store.VerifyAsync(Token)).Problems.ShouldBeEmpty();
        await using var pacman = await PacmanClient.CreateAsync(_key.Gpg.Signer, $"file://{_farm.Store.Folder}");
        await pacman.MustAsync("-Sy", "foo");
        (await pacman.InstalledAsync()).ShouldBe(["foo 1-1"]);
    }

    [Fact]
    public async Task RollbackAsync_WhenTheArchiveHasAnotherFile_NamesItAndChangesNothing()
    {
        await PublishVersionsAsync(2);
        var archive = Directory.CreateDirectory(Path.Combine(_farm.Scratch, "archive")).FullName;
        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time, new RepositoryStoreOptions { ArchiveFolder = archive });
        var file = Path.Combine(_farm.Store.Folder, "foo-1-1-x86_64.pkg.tar.zst");
        var bytes = await File.ReadAllBytesAsync(file, Token);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(archive, Path.GetFileName(file)), bytes, Token);
        File.Delete(file);

        var result = await store.RollbackAsync("back", 1, Token);

        result.Status.ShouldBe(PublicationStatus.FilesGone);
        result.Problems.ShouldBe(["foo-1-1-x86_64.pkg.tar.zst is another file in the archive now"]);
        store.CurrentGeneration.ShouldBe(2);
        (await _farm.EntriesAsync()).ShouldBe(["foo 2-1"]);
        await _farm.ShouldBeSoundAsync();
    }

    /// <summary>A farm that publishes all the time: what was removed can be taken back for a day, with the archive or without.</summary>
    [Fact]
    public async Task RollbackAsync_WhenMuchWasPublishedSinceButNotADay_BringsBackWhatWasRemoved()
    {
        using var store = new RepositoryStore(_farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time);
        await _farm.PublishAsync("foo", "1-1");
        await _farm.RemoveAsync("foo");
        for (var version = 1; version <= 12; version++)
        {
            await _farm.PublishAsync("busy", $"{version}-1");
            _farm.Time.Advance(TimeSpan.FromMinutes(118));
            await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        }

        store.ListGenerations().Count.ShouldBe(14);
        (await store.PlanRollbackAsync("back", 1, Token)).Plan.ShouldNotBeNull();
        _farm.Time.Advance(TimeSpan.FromMinutes(30));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);

        // Its day is over; the ten newest are there however long they stay the newest.
        (await store.PlanRollbackAsync("back", 1, Token)).Problems.ShouldBe(["generation 1 is not kept"]);
        _farm.Time.Advance(TimeSpan.FromDays(300));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        store.ListGenerations().Select(generation => generation.Number).ShouldBe([14, 13, 12, 11, 10, 9, 8, 7, 6, 5]);
        (await store.RollbackAsync("back", 5, Token)).Status.ShouldBe(PublicationStatus.Published);
        (await store.VerifyAsync(Token)).Problems.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1, 4, 4)]
    [InlineData(5, 1, 5)]
    public async Task CollectAsync_WhenThereAreVeryManyGenerations_KeepsNoMoreThanTheBound(int least, int most, int kept)
    {
        await PublishVersionsAsync(7);
        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time,
            new RepositoryStoreOptions { KeepGenerations = least, MostGenerations = most });
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);

        store.ListGenerations().Select(generation => generation.Number).ShouldBe(Enumerable.Range(0, kept).Select(age => 7 - age));
    }

    /// <summary>An old record blocks nothing, and no file goes that its generation, or an older one, may name.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CollectAsync_WhenAnOldRecordIsDamaged_DeletesNothingThatItMayName(bool gone)
    {
        await PublishVersionsAsync(3);
        var record = Path.Combine(_farm.Store.Folder, ".gen", "3", "generation.json");
        await _farm.PublishAsync("foo", "4-1");
        if (gone)
        {
            File.Delete(record);
        }
        else
        {
            await File.WriteAllTextAsync(record, "no record", Token);
        }

        using var store = new RepositoryStore(
            _farm.Root, "farm", "x86_64", _key.Gpg.Signer, _farm.Time, new RepositoryStoreOptions { KeepGenerations = 4 });
        _farm.Open();
        (await _farm.PublishAsync("foo", "5-1")).ShouldBe(5);
        _farm.Time.Advance(TimeSpan.FromDays(3));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);

        store.ListGenerations().Select(generation => generation.Number).ShouldBe([5, 4, 2]);
        store.ListDamagedGenerations().ShouldHaveSingleItem().Number.ShouldBe(3);
        (await store.VerifyAsync(Token)).Problems.ShouldHaveSingleItem().ShouldContain("generation 3");
        _farm.PublishedFiles.Count().ShouldBe(5);
        (await store.RollbackAsync("back", 2, Token)).Status.ShouldBe(PublicationStatus.Published);
        (await _farm.EntriesAsync()).ShouldBe(["foo 2-1"]);

        // When it goes, everything is as it was.
        for (var version = 6; version <= 8; version++)
        {
            await _farm.PublishAsync("foo", $"{version}-1");
        }

        _farm.Time.Advance(TimeSpan.FromDays(3));
        await store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        store.ListDamagedGenerations().ShouldBeEmpty();
        _farm.PublishedFiles.Count().ShouldBe(4);
        await _farm.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task CollectAsync_WhenTheCurrentRecordIsDamaged_DeletesNothing()
    {
        await PublishVersionsAsync(4);
        await File.WriteAllTextAsync(Path.Combine(_farm.Store.Folder, ".gen", "4", "generation.json"), "no record", Token);
        _farm.Open();
        _farm.Time.Advance(TimeSpan.FromDays(9));

        (await Should.ThrowAsync<RepositoryDamagedException>(() => _farm.Store.CollectAsync(_farm.Time.GetUtcNow(), Token))).Generation.ShouldBe(4);
        _farm.PublishedFiles.Count().ShouldBe(4);
        Directory.GetDirectories(Path.Combine(_farm.Store.Folder, ".gen")).Count(folder => char.IsDigit(Path.GetFileName(folder)[0])).ShouldBe(4);
    }

    private async Task PublishVersionsAsync(int count)
    {
        for (var version = 1; version <= count; version++)
        {
            (await _farm.PublishAsync("foo", $"{version}-1")).ShouldBe(version);
        }
    }

    private async Task<string> CollectAsync()
    {
        var report = await _farm.Store.CollectAsync(_farm.Time.GetUtcNow(), Token);
        return $"generations {string.Join(',', report.Generations)} files {string.Join(',', report.Files.Order(StringComparer.Ordinal))}";
    }
}
