using System.Formats.Tar;
using System.IO.Compression;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class PackageArchiveTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(CompressionFormat.None)]
    [InlineData(CompressionFormat.Gzip)]
    [InlineData(CompressionFormat.Zstd)]
    [InlineData(CompressionFormat.Xz)]
    public async Task ReadInfo_WhenCompressed_LooksAtTheBytesAndNotTheName(CompressionFormat compression)
    {
        using var folder = new TempFolder();
        var path = await new TestPackage("a+b", "2:1-1") { Compression = compression }.WriteAsync(folder.Path);
        using var file = File.OpenRead(path);

        var contents = PackageArchive.Read(file, PackageParts.BuildInfo | PackageParts.Files, cancellationToken: Cancel).GetRequired();
        contents.Info.Name.ToString().ShouldBe("a+b");
        contents.Info.Version.ToString().ShouldBe("2:1-1");
        contents.BuildInfo.ShouldNotBeNull().Installed.ShouldBe(["bash-5.2-1-x86_64", "glibc-2.38-1-x86_64"]);
        contents.Files.ShouldNotBeNull().Names.ShouldBe(["usr/", "usr/bin/", "usr/bin/tool"]);
    }

    [Fact]
    public async Task Read_WhenMakepkgMadeTheArchive_GivesWhatItSays()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["PKGBUILD"], """
            pkgbase=made
            pkgname=(made made-doc)
            pkgver=1.5
            pkgrel=2
            epoch=3
            arch=(any)
            license=(MIT)
            package_made() { depends=('bash>=5'); mkdir -p "$pkgdir/usr/bin"; echo x > "$pkgdir/usr/bin/made"; ln -s made "$pkgdir/usr/bin/alias"; }
            package_made-doc() { mkdir -p "$pkgdir/usr/share/doc/made"; echo y > "$pkgdir/usr/share/doc/made/read me"; }
            """, Cancel);
        await Tool.MakepkgAsync(folder.Path, "-d");

        using var made = File.OpenRead(folder["made-3:1.5-2-any.pkg.tar.zst"]);
        var contents = PackageArchive.Read(made, PackageParts.BuildInfo | PackageParts.Files, cancellationToken: Cancel).GetRequired();
        contents.Info.Name.ToString().ShouldBe("made");
        contents.Info.PkgBase.ShouldBe(PackageName.Parse("made"));
        contents.Info.Version.ToString().ShouldBe("3:1.5-2");
        contents.Info.BuildDate.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1700000000));
        contents.Info.Depends.ShouldHaveSingleItem().ToString().ShouldBe("bash>=5");
        contents.BuildInfo.ShouldNotBeNull().PkgbuildSha256.Length.ShouldBe(64);
        contents.Files.ShouldNotBeNull().Names.ShouldBe(["usr/", "usr/bin/", "usr/bin/alias", "usr/bin/made"]);

        using var doc = File.OpenRead(folder["made-doc-3:1.5-2-any.pkg.tar.zst"]);
        PackageArchive.ListFiles(doc, cancellationToken: Cancel).GetRequired().Names[^1].ShouldBe("usr/share/doc/made/read me");

        var reference = new ReferenceRepository(folder.Path);
        await reference.AddAsync(made.Name, doc.Name);
        var entries = new List<RepositoryEntry>();
        foreach (var path in (string[])[made.Name, doc.Name])
        {
            entries.Add((await RepositoryEntry.FromArchiveAsync(path, cancellationToken: Cancel)).GetRequired());
        }

        var ours = RepositoryDatabase.Empty.With(entries, []);
        (await ReferenceRepository.UnpackAsync(ours, CompressionFormat.Gzip)).ShouldBe(await reference.UnpackAsync());
    }

    [Fact]
    public void ReadInfo_WhenFound_DoesNotReadTheRest()
    {
        byte[] archive = [.. RawTar.WithInfo().File("big", new byte[4_000_000]).WithoutEnd(), .. "and rubbish"u8];
        using var stream = new MemoryStream(archive);
        PackageArchive.ReadInfo(stream, cancellationToken: Cancel).GetRequired().Name.ToString().ShouldBe("a");
        stream.Position.ShouldBeLessThan(10_000);
    }

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task ListFiles_WhenNamesAreOdd_ListsAsBsdtarAndSortDo(TarEntryFormat format)
    {
        var deep = string.Concat(Enumerable.Repeat("a-rather-long-folder/", 8));
        string[] odd = format == TarEntryFormat.Ustar ? [] : [deep + new string('n', 120), "usr/é/", "usr/é/日本\u00ad", "usr/a\nb", "usr/\u2028x"];
        using var folder = new TempFolder();
        var path = await new TestPackage("odd")
        {
            Format = format,
            Files =
            [
                ".INSTALL", ".hidden/", ".hidden/x", "usr/", "usr/b", "usr/B", "usr/a b", "usr/x\\2d", "usr/a\tb", "usr/.dot", "./opt/",
                "./opt/y", "./.z", "usr/a-1", "usr/a/", "usr/a/1", "usr/b", .. odd, deep + "x",
            ],
        }.WriteAsync(folder.Path);
        await ShouldListAsBsdtarAsync(path);
    }

    [Fact]
    public async Task ListFiles_WhenNamesAreNotUtf8_ListsAsBsdtarAndSortDo()
    {
        using var folder = new TempFolder();
        var archive = RawTar.WithInfo().File("usr/\u00ff\u00e9x", "1").File("usr/\u00c3\u00a9\u00ff\u00c3\u00a9", "2").File("usr/\u001b[1m", "3")
            .Folder("slashless").Link("usr/link").Link("usr/hard", '1').File("usr/folder/", "").End();
        await File.WriteAllBytesAsync(folder["x.pkg.tar"], archive, Cancel);
        await ShouldListAsBsdtarAsync(folder["x.pkg.tar"]);
    }

    /// <summary>From generated damage: a field of eight bytes with the mark of a big-endian number.</summary>
    [Fact]
    public void Read_WhenANumberHasTheMarkOfALargeOne_DoesNotReadBeyondItsField()
    {
        var archive = RawTar.WithInfo().End();
        archive[148] = 0x80;
        PackageArchive.ReadInfo(new MemoryStream(archive), cancellationToken: Cancel).Error!.Code.ShouldBe(FormatErrorCode.NotAnArchive);
    }

    [Theory]
    [InlineData(new byte[] { 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1 }, 0x200000001L)]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, -1L)]
    [InlineData(new byte[] { 0x80, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0 }, -1L)]
    [InlineData(new byte[] { (byte)' ', (byte)'1', (byte)'7', 0 }, 15L)]
    [InlineData(new byte[] { (byte)'9', 0 }, -1L)]
    public void Number_WhenInEitherForm_IsRead(byte[] field, long expected) => TarHeader.Number(field).ShouldBe(expected);

    public static TheoryData<string, FormatErrorCode> Hostile => new()
    {
        { "empty", FormatErrorCode.Truncated },
        { "text", FormatErrorCode.NotAnArchive },
        { "no end", FormatErrorCode.Truncated },
        { "cut", FormatErrorCode.Truncated },
        { "no info", FormatErrorCode.MissingMember },
        { "info is a link", FormatErrorCode.NotAFile },
        { "info is a hard link", FormatErrorCode.NotAFile },
        { "info is a folder", FormatErrorCode.NotAFile },
        { "info is large", FormatErrorCode.TooLarge },
        { "info claims to be large", FormatErrorCode.TooLarge },
        { "two infos", FormatErrorCode.Duplicate },
        { "parent", FormatErrorCode.UnsafeName },
        { "parent by pax", FormatErrorCode.UnsafeName },
        { "absolute", FormatErrorCode.UnsafeName },
        { "folder with content", FormatErrorCode.NotAnArchive },
        { "global path", FormatErrorCode.NotAnArchive },
        { "large pax header", FormatErrorCode.TooLarge },
        { "bad pax header", FormatErrorCode.NotAnArchive },
        { "signed pax length", FormatErrorCode.NotAnArchive },
        { "signed pax size", FormatErrorCode.NotAnArchive },
        { "huge pax size", FormatErrorCode.NotAnArchive },
        { "old sparse file", FormatErrorCode.NotAnArchive },
        { "many members", FormatErrorCode.TooLarge },
        { "long list", FormatErrorCode.TooLarge },
        { "gzip without checksum", FormatErrorCode.Truncated },
        { "gzip bomb", FormatErrorCode.TooLarge },
        { "zstd bomb", FormatErrorCode.TooLarge },
        { "cut gzip", FormatErrorCode.Truncated },
        { "cut zstd", FormatErrorCode.Truncated },
        { "damaged gzip", FormatErrorCode.NotAnArchive },
        { "bad utf-8", FormatErrorCode.NotUtf8 },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Read_WhenArchiveIsHostile_NamesTheFault(string kind, FormatErrorCode code)
    {
        var limits = new ArchiveLimits { MaxUnpackedBytes = 64 << 20, MaxMembers = 1000, MaxFileListBytes = 50_000 };
        using var stream = new MemoryStream(MakeHostile(kind));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = PackageArchive.Read(stream, PackageParts.Files | PackageParts.BuildInfo, limits, Cancel);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        result.Value.ShouldBeNull();
        result.Error.ShouldNotBeNull().Code.ShouldBe(code, result.Error.ToString());
        allocated.ShouldBeLessThan(8 << 20);
    }

    [Fact]
    public void Read_WhenAMemberIsAtFault_SaysWhere()
    {
        var archive = RawTar.WithInfo().File("usr", new byte[600]).File("../x", "").End();
        var error = PackageArchive.ListFiles(new MemoryStream(archive), cancellationToken: Cancel).Error.ShouldNotBeNull();
        error.Message.ShouldBe("the name '../x' leads out of the archive (header 3, at byte 2560 of the unpacked archive)");
        PackageArchive.ListFiles(new MemoryStream(Damage(Gzip(RawTar.WithInfo().End()))), cancellationToken: Cancel).Error!.Message
            .ShouldStartWith("gzip: ");
    }

    [Fact]
    public void Read_WhenAHeaderClaimsMuch_TakesMemoryOnlyForWhatComes()
    {
        var limits = new ArchiveLimits { MaxInfoBytes = 500 << 20 };
        var archive = new RawTar().Member(".PKGINFO", '0', new byte[512], claimedSize: 400 << 20).WithoutEnd();
        var before = GC.GetAllocatedBytesForCurrentThread();
        PackageArchive.ReadInfo(new MemoryStream(archive), limits, Cancel).Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.Truncated);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4 << 20);
    }

    [Fact]
    public void ReadInfo_WhenItComesLateOrBehindMuch_GivesUp()
    {
        var late = new RawTar();
        for (var i = 0; i < 20; i++)
        {
            late.File($"f{i}", "x");
        }

        var few = new ArchiveLimits { MaxMembersBeforeInfo = 10 };
        PackageArchive.ReadInfo(new MemoryStream(late.File(".PKGINFO", TestPackage.MinimalInfo).End()), few, Cancel).Error!.Code
            .ShouldBe(FormatErrorCode.MissingMember);

        var behind = new RawTar().File("big", new byte[100_000]).File(".PKGINFO", TestPackage.MinimalInfo).End();
        PackageArchive.ReadInfo(new MemoryStream(behind), new ArchiveLimits { MaxBytesBeforeInfo = 50_000 }, Cancel).Error!.Code
            .ShouldBe(FormatErrorCode.TooLarge);
        PackageArchive.ReadInfo(new MemoryStream(behind), cancellationToken: Cancel).IsValid.ShouldBeTrue();
    }

    [Fact]
    public void Read_WhenCutAnywhere_NeverGivesHalfAResult()
    {
        foreach (var compression in (CompressionFormat[])[CompressionFormat.None, CompressionFormat.Gzip, CompressionFormat.Zstd])
        {
            var whole = new TestPackage("a") { Compression = compression, Format = TarEntryFormat.Gnu }.Build();

            // The last kilobyte of the plain archive is its end mark, of which half is enough.
            var needed = compression == CompressionFormat.None ? whole.Length - 512 : whole.Length;
            for (var length = 0; length < needed; length += Math.Max(1, whole.Length / 97))
            {
                var result = PackageArchive.ListFiles(new MemoryStream(whole[..length]), cancellationToken: Cancel);
                result.IsValid.ShouldBeFalse($"{length} of {whole.Length} bytes with {compression}");
            }
        }
    }

    private static byte[] MakeHostile(string kind) => kind switch
    {
        "empty" => [],
        "text" => System.Text.Encoding.ASCII.GetBytes(new string('x', 2000)),
        "no end" => RawTar.WithInfo().WithoutEnd(),
        "cut" => RawTar.WithInfo().File("a", new byte[5000]).WithoutEnd()[..^1000],
        "no info" => new RawTar().File("a", "x").End(),
        "info is a link" => new RawTar().Link(".PKGINFO").End(),
        "info is a hard link" => new RawTar().Link(".PKGINFO", '1').End(),
        "info is a folder" => new RawTar().Folder(".PKGINFO").End(),
        "info is large" => RawTar.WithInfo(TestPackage.MinimalInfo + new string('#', 1 << 20)).End(),
        "info claims to be large" => new RawTar().Member(".PKGINFO", '0', [], claimedSize: 1L << 30).End(),
        "two infos" => RawTar.WithInfo().File(".PKGINFO", TestPackage.MinimalInfo).End(),
        "parent" => RawTar.WithInfo().File("usr/../../etc/passwd", "x").End(),
        "parent by pax" => RawTar.WithInfo().Pax("path", "../x").File("x", "x").End(),
        "absolute" => RawTar.WithInfo().File("/etc/passwd", "x").End(),
        "folder with content" => RawTar.WithInfo().Member("usr/", '5', new byte[512]).End(),
        "global path" => RawTar.WithInfo().Pax("path", "x", 'g').File("y", "x").End(),
        "large pax header" => new RawTar().Member("pax", 'x', [], claimedSize: 1L << 31).End(),
        "bad pax header" => new RawTar().Member("pax", 'x', "99 path=x\n"u8.ToArray()).File("x", "x").End(),
        "signed pax length" => RawTar.WithInfo().Member("pax", 'x', "+11 path=x\n"u8.ToArray()).File("y", "x").End(),
        "signed pax size" => RawTar.WithInfo().Pax("size", "+1").File("y", "x").End(),
        "huge pax size" => RawTar.WithInfo().Pax("size", "9223372036854775808").File("y", "x").End(),
        "old sparse file" => RawTar.WithInfo().Member("sparse", 'S', []).End(),
        "many members" => Many(2000, "f"),
        "long list" => Many(900, new string('n', 90) + "\t\t\t\t\t\t"),
        "gzip bomb" => Gzip(RawTar.WithInfo().File("zero", new byte[80 << 20]).End()),
        "zstd bomb" => ZstdStreamTests.Compress(RawTar.WithInfo().File("zero", new byte[80 << 20]).End()),
        "gzip without checksum" => Gzip(RawTar.WithInfo().End())[..^8],
        "cut gzip" => Gzip(RawTar.WithInfo().End())[..^20],
        "cut zstd" => ZstdStreamTests.Compress(RawTar.WithInfo().End())[..^20],
        "damaged gzip" => Damage(Gzip(RawTar.WithInfo().End())),
        "bad utf-8" => new RawTar().File(".PKGINFO", [.. "pkgname = a\npkgver = 1-1\npkgdesc = "u8, 0xff, (byte)'\n']).End(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such archive"),
    };

    private static byte[] Many(int count, string name)
    {
        var tar = RawTar.WithInfo();
        for (var i = 0; i < count; i++)
        {
            tar.File(name + i, "");
        }

        return tar.End();
    }

    private static byte[] Gzip(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Optimal))
        {
            stream.Write(plain);
        }

        return packed.ToArray();
    }

    /// <summary>Makes the checksum at the end of a gzip file wrong.</summary>
    private static byte[] Damage(byte[] gzip)
    {
        gzip[^6] ^= 1;
        return gzip;
    }

    private static async Task ShouldListAsBsdtarAsync(string path)
    {
        using var file = File.OpenRead(path);
        var names = PackageArchive.ListFiles(file, cancellationToken: Cancel).GetRequired().Names;
        var expected = await Tool.RunAsync("bash", "-c", $"bsdtar --exclude='^.*' -tf '{path}' | LC_ALL=C sort -u");
        string.Join('\n', names).ShouldBe(expected.Output.TrimEnd('\n'));
        names.Count.ShouldBeGreaterThan(3);
    }
}
