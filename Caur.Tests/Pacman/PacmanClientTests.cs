using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Real pacman, in a root of its own, is the client of our databases.</summary>
public sealed class PacmanClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CompressionFormat.Gzip)]
    [InlineData(CompressionFormat.Zstd)]
    [InlineData(CompressionFormat.None)]
    public async Task Pacman_WhenGivenOurDatabase_ReadsAndInstallsFromIt(CompressionFormat format)
    {
        using var folder = new TempFolder();
        var served = folder.Folder("served");
        TestPackage[] packages =
        [
            new("plain") { Arch = "any", Info = "depend = Lib@x++.y_z>=1:2\ndepend = virtual" },
            new("Lib@x++.y_z", "1:2.0-1.2") { Base = "lib", Files = ["usr/", "usr/lib/", "usr/lib/x y"] },
            new("provider", "3-1") { Info = "provides = virtual=1", Files = ["usr/", "usr/é"] },
            .. Enumerable.Range(0, 200).Select(i => new TestPackage($"filler{i}", $"{i}-1")),
        ];
        var entries = new List<RepositoryEntry>();
        foreach (var package in packages)
        {
            var path = await package.WriteAsync(served);
            entries.Add((await RepositoryEntry.FromArchiveAsync(path, cancellationToken: Cancel)).GetRequired());
        }

        // Written in two steps, so that compressed parts of two generations stand in one file.
        var first = RepositoryDatabase.Empty.With(entries[1..], []);
        await ReferenceRepository.WriteAsync(first, served, format, "farm");
        await ReferenceRepository.WriteAsync(first.With(entries[..1], [PackageName.Parse("filler7")]), served, format, "farm");

        var pacman = await PacmanClient.CreateAsync(folder, served, "farm", Cancel);
        await pacman.RunAsync("-Sy");
        var listed = (await pacman.RunAsync("-Sl", "farm")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        listed.Length.ShouldBe(202);
        listed.ShouldContain("farm Lib@x++.y_z 1:2.0-1.2");
        listed.ShouldNotContain("farm filler7 7-1");

        var shown = await pacman.RunAsync("-Si", "plain");
        shown.ShouldContain("Lib@x++.y_z>=1:2");
        shown.ShouldContain("The plain package");
        shown.ShouldContain("SHA-256 Sum");

        await pacman.RunAsync("-Fy");
        (await pacman.RunAsync("-Fl", "Lib@x++.y_z")).ShouldContain("usr/lib/x y");
        (await pacman.RunAsync("-F", "usr/é")).ShouldContain("provider");

        await pacman.RunAsync("-S", "plain");
        (await pacman.RunAsync("-Q")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .ShouldBe(["Lib@x++.y_z 1:2.0-1.2", "plain 1.0-1", "provider 3-1"], ignoreOrder: true);
        File.Exists(folder["root/usr/lib/x y"]).ShouldBeTrue();
    }
}
