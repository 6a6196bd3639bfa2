using System.Globalization;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Packages as users have them, at the edges of what is usual.</summary>
public sealed class RealisticPackageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FromArchive_WhenPackagesAreLargeOrOddlyNamed_HoldsWhatRepoAddHolds()
    {
        using var folder = new TempFolder();
        string[] many = [.. Enumerable.Range(0, 20_000).Select(i => string.Create(CultureInfo.InvariantCulture, $"usr/share/many/{i % 97}/{"é日 "[i % 3]}{i}"))];

        // Longer words and lists are no trouble here, but take repo-add's shell minutes.
        TestPackage[] packages =
        [
            new("many-files", "1-1") { Files = many },
            new("long-words") { Info = "pkgdesc = " + new string('w', 400) + " Grüße 日本" + "\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"depend = dep{i}>=1:{i}\n")) },
            new("lib32-gtk+_3.0@x", "3:1.0_rc1+g0~a-1.10") { Base = "gtk+_3.0@x", Arch = "any" },
            new("empty") { Files = [] },
        ];
        var entries = new List<RepositoryEntry>();
        foreach (var package in packages)
        {
            entries.Add((await RepositoryEntry.FromArchiveAsync(await package.WriteAsync(folder.Path), cancellationToken: Cancel)).GetRequired());
        }

        var reference = new ReferenceRepository(folder.Path);
        await reference.AddAsync([.. packages.Select(package => folder[package.FileName])]);
        var ours = RepositoryDatabase.Empty.With(entries, []);
        (await ReferenceRepository.UnpackAsync(ours, CompressionFormat.Zstd)).ShouldBe(await reference.UnpackAsync());
        ours.Find(PackageName.Parse("many-files"))!.ReadFileNames()!.Count.ShouldBe(20_000);
    }

    /// <summary>Beyond 8 GiB a header has no octal digits for the size: GNU and libarchive write a binary number, pax a record.</summary>
    [Fact]
    public void Read_WhenAFileHasMoreThanEightGibibytes_KnowsItsSize()
    {
        const long Size = (8L << 30) + (64 << 20);
        var zeros = ZstdStreamTests.Compress(new byte[64 << 20]);
        byte[] content = [.. Enumerable.Repeat(zeros, (int)(Size >> 26)).SelectMany(frame => frame)];
        var end = ZstdStreamTests.Compress(new RawTar().File("usr/last", "x").End());
        byte[] binary = [.. ZstdStreamTests.Compress(RawTar.WithInfo().Member("usr/large", '0', [], Size).WithoutEnd()), .. content, .. end];
        PackageArchive.ListFiles(new MemoryStream(binary), cancellationToken: Cancel).GetRequired().Names.ShouldBe(["usr/large", "usr/last"]);

        byte[] pax = [.. ZstdStreamTests.Compress(RawTar.WithInfo().Pax("size", Size.ToString(CultureInfo.InvariantCulture)).Member("usr/large", '0', [], 0).WithoutEnd()), .. content, .. end];
        var limits = new ArchiveLimits { MaxUnpackedBytes = Size - 1 };
        PackageArchive.ListFiles(new MemoryStream(pax), limits, Cancel).Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.TooLarge);
        PackageArchive.ReadInfo(new MemoryStream(pax), cancellationToken: Cancel).GetRequired().Name.ToString().ShouldBe("a");
    }

    /// <summary>bsdtar is what makepkg packs with, and links, empty folders and sparse files are what packages have.</summary>
    [Fact]
    public async Task FromArchive_WhenBsdtarPackedAFolder_HoldsWhatRepoAddHolds()
    {
        using var folder = new TempFolder();
        var root = folder.Folder("root");
        Directory.CreateDirectory(Path.Combine(root, "usr/lib/empty"));
        await File.WriteAllTextAsync(Path.Combine(root, ".PKGINFO"), new TestPackage("real").PkgInfo, Cancel);
        await File.WriteAllTextAsync(Path.Combine(root, "usr/lib/é x"), "content", Cancel);
        File.CreateSymbolicLink(Path.Combine(root, "usr/lib/link"), "../../etc/passwd");
        (await Tool.RunAsync("bash", ["-c", "ln 'usr/lib/é x' usr/lib/hard; truncate -s 3M usr/sparse; printf x >>usr/sparse; mkfifo usr/pipe"], root)).Succeeded();
        foreach (var (extension, options) in ((string, string)[])[("zst", "--zstd"), ("xz", "-J"), ("gz", "-z")])
        {
            var path = folder[$"real-1.0-1-x86_64.pkg.tar.{extension}"];
            (await Tool.RunAsync("bash", ["-c", $"LANG=C.UTF-8 bsdtar {options} -cf {path} .PKGINFO *"], root)).Succeeded();
            var reference = new ReferenceRepository(folder.Folder(extension));
            await reference.AddAsync(path);
            var entry = (await RepositoryEntry.FromArchiveAsync(path, cancellationToken: Cancel)).GetRequired();
            (await ReferenceRepository.UnpackAsync(RepositoryDatabase.Empty.With([entry], []), CompressionFormat.Gzip)).ShouldBe(await reference.UnpackAsync());
            entry.ReadFileNames().ShouldBe(
                ["usr/", "usr/lib/", "usr/lib/empty/", "usr/lib/hard", "usr/lib/link", "usr/lib/é x", "usr/pipe", "usr/sparse"], ignoreOrder: true);
        }
    }
}
