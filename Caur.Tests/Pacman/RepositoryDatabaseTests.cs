using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Changes to a database, beside what repo-add and repo-remove make of the same packages.</summary>
public sealed class RepositoryDatabaseTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("tar.gz", CompressionFormat.Gzip)]
    [InlineData("tar.zst", CompressionFormat.Zstd)]
    [InlineData("tar.xz", CompressionFormat.Gzip)]
    [InlineData("tar", CompressionFormat.None)]
    public async Task With_WhenPackagesComeChangeAndGo_HoldsWhatTheToolsHold(string extension, CompressionFormat format)
    {
        using var folder = new TempFolder();
        var reference = new ReferenceRepository(folder.Path, extension);
        string[] first = await WriteAsync(
            folder.Path, new("a"), new("a-b"), new("a-1"), new("Z+plus"), new("at@x.y_z", "3:1-1"), new("split-libs") { Base = "split" });
        await reference.AddAsync(first);
        var ours = RepositoryDatabase.Empty.With(await EntriesAsync(first), []);
        await ShouldAgreeAsync();

        string[] second = await WriteAsync(folder.Path, new("a", "2.0-1"), new("at@x.y_z", "1-1"), new("split") { Base = "split" });
        await reference.AddAsync(second);
        ours = ours.With(await EntriesAsync(second), []);
        await ShouldAgreeAsync();

        await reference.RemoveAsync("a-b", "Z+plus");
        ours = ours.With([], [PackageName.Parse("a-b"), PackageName.Parse("Z+plus"), PackageName.Parse("absent")]);
        await ShouldAgreeAsync();
        ours.Select(entry => $"{entry.Name} {entry.Version}")
            .ShouldBe(["a 2.0-1", "a-1 1.0-1", "at@x.y_z 1-1", "split 1.0-1", "split-libs 1.0-1"]);

        // What the tool wrote is read, changed and written by us as it would be by the tool.
        var read = await reference.ReadAsync();
        string[] third = await WriteAsync(folder.Path, new TestPackage("last"));
        await reference.AddAsync(third);
        ours = read.With(await EntriesAsync(third), []);
        await ShouldAgreeAsync();

        async Task ShouldAgreeAsync() =>
            (await ReferenceRepository.UnpackAsync(ours, format)).ShouldBe(await reference.UnpackAsync());
    }

    [Fact]
    public async Task With_WhenNothingRemains_IsReadByTheTools()
    {
        using var folder = new TempFolder();
        var path = (await WriteAsync(folder.Path, new TestPackage("a"))).Single();
        var emptied = RepositoryDatabase.Empty.With(await EntriesAsync(path), []).With([], [PackageName.Parse("a")]);
        emptied.Count.ShouldBe(0);
        emptied.Find(PackageName.Parse("a")).ShouldBeNull();
        await ReferenceRepository.WriteAsync(emptied, folder.Path, CompressionFormat.Gzip, "ref");
        File.Move(folder["ref.db"], folder["ref.db.tar.gz"]);
        File.Move(folder["ref.files"], folder["ref.files.tar.gz"]);

        var reference = new ReferenceRepository(folder.Path);
        (await reference.ReadAsync()).Count.ShouldBe(0);
        await reference.AddAsync(path);
        (await reference.ReadAsync()).ShouldHaveSingleItem().Name.ToString().ShouldBe("a");
    }

    [Fact]
    public async Task With_WhenOneCallNamesAPackageTwice_TakesTheLater()
    {
        var old = await EntryAsync(new TestPackage("a"));
        var later = await EntryAsync(new TestPackage("a", "2-1"));
        var database = RepositoryDatabase.Empty.With([old, later], [PackageName.Parse("a")]);
        database.Find(PackageName.Parse("a")).ShouldBe(later);
        database.Count.ShouldBe(1);
    }

    [Fact]
    public async Task RepoAdd_WhenGivenOurDatabase_GoesOnWithIt()
    {
        using var folder = new TempFolder();
        string[] paths = await WriteAsync(folder.Path, Enumerable.Range(0, 50).Select(i => new TestPackage($"p{i}")).ToArray());
        var ours = RepositoryDatabase.Empty.With(await EntriesAsync(paths), []);
        await ReferenceRepository.WriteAsync(ours, folder.Path, CompressionFormat.Gzip, "ref");
        File.Move(folder["ref.db"], folder["ref.db.tar.gz"]);
        File.Move(folder["ref.files"], folder["ref.files.tar.gz"]);

        var reference = new ReferenceRepository(folder.Path);
        string[] added = await WriteAsync(folder.Path, new TestPackage("q"));
        await reference.AddAsync(added);
        await reference.RemoveAsync("p7");
        var expected = ours.With(await EntriesAsync(added), [PackageName.Parse("p7")]);
        (await ReferenceRepository.UnpackAsync(expected, CompressionFormat.Gzip)).ShouldBe(await reference.UnpackAsync());
    }

    [Theory]
    [InlineData(CompressionFormat.Gzip, "gzip")]
    [InlineData(CompressionFormat.Zstd, "zstd")]
    public async Task Write_WhenAnyChangesLedThere_GivesTheSameBytes(CompressionFormat format, string tool)
    {
        var entries = new List<RepositoryEntry>();
        for (var i = 0; i < 160; i++)
        {
            entries.Add(await EntryAsync(new TestPackage($"p{i}")));
        }

        var atOnce = RepositoryDatabase.Empty.With(entries, []);
        var expected = await ReferenceRepository.WriteAsync(atOnce, DatabaseKind.Files, format);
        var other = await EntryAsync(new TestPackage("p5", "9-9"));
        var grown = RepositoryDatabase.Empty;
        foreach (var part in entries.Chunk(37).Reverse())
        {
            grown = grown.With([.. part, other], []);
            await ReferenceRepository.WriteAsync(grown, DatabaseKind.Files, format);
        }

        var back = grown.With([entries[5]], []);
        (await ReferenceRepository.WriteAsync(back, DatabaseKind.Files, format)).ShouldBe(expected);

        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["x"], expected, Cancel);
        (await Tool.RunAsync("bash", "-c", $"{tool} -t < {folder["x"]}")).Succeeded();
        (await Tool.RunAsync("bsdtar", "-tf", folder["x"])).Succeeded().Split('\n').Length.ShouldBe((160 * 3) + 1);
    }

    [Fact]
    public async Task Write_WhenFilesAreNotKnown_LeavesTheEntryOutOfTheFilesDatabase()
    {
        var database = RepositoryDatabase.Empty.With([await EntryAsync(new TestPackage("a"))], []);
        var packages = await ReferenceRepository.WriteAsync(database, DatabaseKind.Packages);
        var read = (await RepositoryDatabase.ReadAsync(new MemoryStream(packages), null, cancellationToken: Cancel)).GetRequired();
        read.Single().HasFiles.ShouldBeFalse();
        read.Single().ReadFileNames().ShouldBeNull();

        var both = read.With([await EntryAsync(new TestPackage("b"))], []);
        var members = await ReferenceRepository.UnpackAsync(both, CompressionFormat.Gzip);
        members.Keys.ShouldBe(["db/a-1.0-1/desc", "db/b-1.0-1/desc", "files/b-1.0-1/desc", "files/b-1.0-1/files"]);
    }

    [Fact]
    public async Task Write_WhenAListOfFilesIsHuge_KeepsItWhole()
    {
        var files = Enumerable.Range(0, 20_000).Select(i => $"usr/share/x/{i * 7919 % 99991}").ToArray();
        var huge = await EntryAsync(new TestPackage("m") { Files = files, Compression = CompressionFormat.None });
        var database = RepositoryDatabase.Empty.With([huge, await EntryAsync(new TestPackage("l")), await EntryAsync(new TestPackage("n"))], []);
        var before = huge.ReadFilesText()!.Value.ToArray();
        var written = await ReferenceRepository.WriteAsync(database, DatabaseKind.Files);
        huge.ReadFilesText()!.Value.ToArray().ShouldBe(before);

        var read = (await RepositoryDatabase.ReadAsync(new MemoryStream(written), new MemoryStream(written), cancellationToken: Cancel)).GetRequired();
        read.Find(PackageName.Parse("m"))!.ReadFileNames()!.Count.ShouldBe(20_000);
        read.Find(PackageName.Parse("m"))!.ReadFilesText()!.Value.ToArray().ShouldBe(before);
    }

    [Fact]
    public async Task Write_WhenNamesAreAsLongAsTheyMayBe_IsReadBack()
    {
        var name = new string('n', 200);
        var database = RepositoryDatabase.Empty.With([await EntryAsync(new TestPackage(name) { Arch = "any" }, "x-1.0-1-any.pkg.tar.zst")], []);
        var members = await ReferenceRepository.UnpackAsync(database, CompressionFormat.Gzip);
        members.Keys.ShouldContain($"files/{name}-1.0-1/files");
        var written = await ReferenceRepository.WriteAsync(database, DatabaseKind.Files);
        (await RepositoryDatabase.ReadAsync(new MemoryStream(written), null, cancellationToken: Cancel)).GetRequired()
            .Single().Name.ToString().ShouldBe(name);
    }

    private static async Task<string[]> WriteAsync(string folder, params TestPackage[] packages)
    {
        var paths = new List<string>();
        foreach (var package in packages)
        {
            paths.Add(await package.WriteAsync(folder));
        }

        return [.. paths];
    }

    private static async Task<List<RepositoryEntry>> EntriesAsync(params string[] paths)
    {
        var entries = new List<RepositoryEntry>();
        foreach (var path in paths)
        {
            entries.Add((await RepositoryEntry.FromArchiveAsync(path, cancellationToken: Cancel)).GetRequired());
        }

        return entries;
    }

    private static async Task<RepositoryEntry> EntryAsync(TestPackage package, string? fileName = null) =>
        (await RepositoryEntry.FromArchiveAsync(new MemoryStream(package.Build()), fileName ?? package.FileName, cancellationToken: Cancel))
        .GetRequired();
}
