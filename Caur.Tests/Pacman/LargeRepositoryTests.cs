using System.Formats.Tar;
using System.Globalization;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Databases of any size up to 20,000 packages, beside the tools' and for them.</summary>
public sealed class LargeRepositoryTests
{
    private const int Many = 20_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>
    /// repo-add would take ten minutes to make this from nothing, so it goes on from ours: it unpacks all, changes some and packs all. Then
    /// every member of what it wrote is a member of what we write after the same changes, and the other way round.
    /// </summary>
    [Fact]
    public async Task RepoAddAndPacman_WhenGivenTwentyThousandPackages_FindAllOfThem()
    {
        using var folder = new TempFolder();
        var ours = RepositoryDatabase.Empty.With(await SyntheticRepository.EntriesAsync(Many, Cancel), []);
        ours.Count.ShouldBe(Many);
        await ReferenceRepository.WriteAsync(ours, folder.Path, CompressionFormat.Gzip, "ref");
        File.Move(folder["ref.db"], folder["ref.db.tar.gz"]);
        File.Move(folder["ref.files"], folder["ref.files.tar.gz"]);

        // One that is new, one that is replaced, one that goes back.
        TestPackage[] changes =
        [
            new("new-one"), SyntheticRepository.Package(4711) with { Version = "99:1-1" }, SyntheticRepository.Package(7777) with { Version = "0.1-1" },
        ];
        var changed = new List<RepositoryEntry>();
        var paths = new List<string>();
        foreach (var package in changes)
        {
            paths.Add(await package.WriteAsync(folder.Path));
            changed.Add((await RepositoryEntry.FromArchiveAsync(paths[^1], cancellationToken: Cancel)).GetRequired());
        }

        var reference = new ReferenceRepository(folder.Path);
        await reference.AddAsync([.. paths]);
        ours = ours.With(changed, []);
        var served = folder.Folder("served");
        var (packages, files) = await ReferenceRepository.WriteAsync(ours, served, CompressionFormat.Gzip, "farm");
        await ShouldHoldTheSameAsync(packages, reference.DatabasePath, Many + 1, 2);
        await ShouldHoldTheSameAsync(files, reference.FilesPath, Many + 1, 3);
        var read = await reference.ReadAsync();
        read.Select(entry => $"{entry.Name} {entry.Version} {entry.FileName}").ShouldBe(ours.Select(entry => $"{entry.Name} {entry.Version} {entry.FileName}"));

        var pacman = await PacmanClient.CreateAsync(folder, served, "farm", Cancel);
        await pacman.RunAsync("-Sy");
        var listed = (await pacman.RunAsync("-Sl", "farm")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        listed.ShouldBe(ours.Select(entry => $"farm {entry.Name} {entry.Version}"), ignoreOrder: true);
        (await pacman.RunAsync("-Si", SyntheticRepository.Name(4711))).ShouldContain("Package number 4711, «é»");
        await pacman.RunAsync("-Fy");
        (await pacman.RunAsync("-Fl", SyntheticRepository.Name(19_999))).ShouldContain("usr/share/doc/19999/README");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(12)]
    public async Task With_WhenRepoAddMakesItFromNothing_HoldsTheSame(int count)
    {
        using var folder = new TempFolder();
        var paths = new List<string>();
        var entries = new List<RepositoryEntry>();
        for (var i = 0; i < count; i++)
        {
            paths.Add(await SyntheticRepository.Package(i * 11).WriteAsync(folder.Path));
            entries.Add((await RepositoryEntry.FromArchiveAsync(paths[^1], cancellationToken: Cancel)).GetRequired());
        }

        var reference = new ReferenceRepository(folder.Path);
        await reference.AddAsync([.. paths]);
        var (packages, files) = await ReferenceRepository.WriteAsync(RepositoryDatabase.Empty.With(entries, []), folder.Path, CompressionFormat.Gzip);
        await ShouldHoldTheSameAsync(packages, reference.DatabasePath, count, 2);
        await ShouldHoldTheSameAsync(files, reference.FilesPath, count, 3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(999)]
    [InlineData(2_500)]
    public async Task Write_WhenOfAnySize_IsReadBackAlike(int count)
    {
        var database = RepositoryDatabase.Empty.With((await SyntheticRepository.EntriesAsync(count, Cancel)).OrderByDescending(entry => entry.Name), []);
        foreach (var format in (CompressionFormat[])[CompressionFormat.Gzip, CompressionFormat.Zstd])
        {
            var packages = await ReferenceRepository.WriteAsync(database, DatabaseKind.Packages, format);
            var files = await ReferenceRepository.WriteAsync(database, DatabaseKind.Files, format);
            var read = (await RepositoryDatabase.ReadAsync(new MemoryStream(packages), new MemoryStream(files), cancellationToken: Cancel)).GetRequired();
            read.Count.ShouldBe(count);
            foreach (var (entry, other) in database.Zip(read))
            {
                other.Name.ShouldBe(entry.Name);
                other.Desc.Span.SequenceEqual(entry.Desc.Span).ShouldBeTrue();
                other.ReadFilesText()!.Value.Span.SequenceEqual(entry.ReadFilesText()!.Value.Span).ShouldBeTrue();
            }
        }
    }

    /// <summary>What pacman looks at: names, kinds and contents. It sorts by itself, but wants the parts of one package together.</summary>
    internal static async Task ShouldHoldTheSameAsync(string ours, string theirs, int packages, int membersOfEach)
    {
        var actual = await TarMember.ReadAsync(await File.ReadAllBytesAsync(ours, Cancel), Cancel);
        var expected = await TarMember.ReadAsync(await File.ReadAllBytesAsync(theirs, Cancel), Cancel);
        actual.Count.ShouldBe(packages * membersOfEach);
        expected.Count.ShouldBe(actual.Count);
        var byName = expected.ToDictionary(member => member.Name);
        var different = actual.Where(member => byName.GetValueOrDefault(member.Name) is not { } other || !Same(member, other)).ToList();
        different.ShouldBeEmpty(string.Create(CultureInfo.InvariantCulture, $"{different.Count} of {actual.Count} differ, the first: {different.FirstOrDefault()} {byName.GetValueOrDefault(different.FirstOrDefault()?.Name ?? "")}"));
        foreach (var group in actual.Chunk(membersOfEach))
        {
            var folder = group[0].Name;
            string[] names = [folder, folder + "desc", folder + "files"];
            group.Select(member => member.Name).ShouldBe(names[..membersOfEach]);
        }
    }

    private static bool Same(TarMember ours, TarMember theirs) =>
        ours.Type == theirs.Type && ours.Content == theirs.Content
        && (ours.Type == TarEntryType.Directory || ours.Mode == theirs.Mode);
}
