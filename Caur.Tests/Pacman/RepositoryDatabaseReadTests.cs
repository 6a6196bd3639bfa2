using System.IO.Compression;
using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Databases that are odd, damaged or hostile.</summary>
public sealed class RepositoryDatabaseReadTests
{
    private const string Desc = "%FILENAME%\na-1-1-any.pkg.tar.zst\n\n%NAME%\na\n\n%VERSION%\n1-1\n\n";

    private static readonly ArchiveLimits Limits = new() { MaxUnpackedBytes = 32 << 20, MaxMembers = 1000, MaxDescBytes = 100_000, MaxDescBytesInAll = 150_000, MaxFileListBytes = 100_000 };

    [Fact]
    public async Task Read_WhenOtherToolWroteIt_KeepsWhatItDoesNotKnow()
    {
        var desc = Desc + "%XDATA%\npkgtype=pkg\n\n%NEW%\nx\ny\n\n";
        var database = (await ReadAsync(new RawTar().Folder("a-1-1/").File("a-1-1/desc", desc).File("a-1-1/deltas", "x").End(), null))
            .GetRequired();
        var entry = database.ShouldHaveSingleItem();
        entry.PkgBase.ShouldBe(entry.Name);
        entry.ReadDescription().Values("NEW").ShouldBe(["x", "y"]);
        (await ReferenceRepository.UnpackAsync(database, CompressionFormat.Gzip))["db/a-1-1/desc"].ShouldBe(desc);
    }

    [Fact]
    public async Task Read_WhenDependsStandApart_JoinsThem()
    {
        var archive = new RawTar().File("a-1-1/depends", "%DEPENDS%\nglibc\n\n").File("a-1-1/desc", Desc).End();
        (await ReadAsync(archive, null)).GetRequired().Single().ReadDescription().Depends.ShouldHaveSingleItem().Name.ToString()
            .ShouldBe("glibc");
    }

    [Fact]
    public async Task Read_WhenTheTwoDisagree_BelievesTheDatabaseOfPackages()
    {
        var packages = new RawTar().File("a-1-1/desc", Desc).End();
        var files = new RawTar().File("a-1-1/desc", Desc + "%DESC%\nother\n\n").File("a-1-1/files", "%FILES%\nusr/\n")
            .File("b-1-1/desc", "").File("b-1-1/files", "%FILES%\n").End();
        var entry = (await ReadAsync(packages, files)).GetRequired().ShouldHaveSingleItem();
        entry.ReadDescription().Description.ShouldBeEmpty();
        entry.ReadFileNames().ShouldBe(["usr/"]);
    }

    [Fact]
    public async Task Read_WhenAValueLooksLikeAHead_IsNotDeceived()
    {
        var desc = "%LICENSE%\n%NAME%\nb\n%BASE%\nb\n\n" + Desc;
        var entry = (await ReadAsync(new RawTar().File("a-1-1/desc", desc).End(), null)).GetRequired().ShouldHaveSingleItem();
        entry.Name.ToString().ShouldBe("a");
        entry.PkgBase.ToString().ShouldBe("a");
        entry.ReadDescription().Licenses.ShouldBe(["%NAME%", "b", "%BASE%", "b"]);
    }

    public static TheoryData<string, FormatErrorCode> Hostile => new()
    {
        { "empty", FormatErrorCode.Truncated },
        { "web page", FormatErrorCode.NotAnArchive },
        { "cut", FormatErrorCode.Truncated },
        { "link as desc", FormatErrorCode.NotAFile },
        { "hard link as desc", FormatErrorCode.NotAFile },
        { "device", FormatErrorCode.NotAFile },
        { "parent", FormatErrorCode.UnsafeName },
        { "absolute", FormatErrorCode.UnsafeName },
        { "file at the top", FormatErrorCode.Malformed },
        { "file too deep", FormatErrorCode.Malformed },
        { "no desc", FormatErrorCode.MissingMember },
        { "two descs", FormatErrorCode.Duplicate },
        { "two versions", FormatErrorCode.Duplicate },
        { "other name", FormatErrorCode.Inconsistent },
        { "other version", FormatErrorCode.Inconsistent },
        { "empty desc", FormatErrorCode.MissingKey },
        { "no file name", FormatErrorCode.MissingKey },
        { "bad file name", FormatErrorCode.UnsafeName },
        { "bad name", FormatErrorCode.InvalidName },
        { "bad base", FormatErrorCode.InvalidName },
        { "bad version", FormatErrorCode.InvalidVersion },
        { "bad utf-8", FormatErrorCode.NotUtf8 },
        { "nul", FormatErrorCode.NotUtf8 },
        { "folder not utf-8", FormatErrorCode.NotUtf8 },
        { "name twice", FormatErrorCode.Duplicate },
        { "version twice", FormatErrorCode.Duplicate },
        { "file name twice", FormatErrorCode.Duplicate },
        { "base twice", FormatErrorCode.Duplicate },
        { "nul in files", FormatErrorCode.Malformed },
        { "large descs", FormatErrorCode.TooLarge },
        { "bad files", FormatErrorCode.Malformed },
        { "large desc", FormatErrorCode.TooLarge },
        { "large files", FormatErrorCode.TooLarge },
        { "many", FormatErrorCode.TooLarge },
        { "bomb", FormatErrorCode.TooLarge },
        { "bomb behind the end", FormatErrorCode.TooLarge },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Read_WhenHostile_NamesTheFault(string kind, FormatErrorCode code)
    {
        var result = await ReadAsync(Make(kind), null);
        result.Value.ShouldBeNull();
        result.Error.ShouldNotBeNull().Code.ShouldBe(code, result.Error.ToString());

        // The database of files is read with the same care, but only the lists are taken from it.
        var packages = new RawTar().File("a-1-1/desc", Desc).End();
        var both = await ReadAsync(packages, Make(kind));
        if (both.IsValid)
        {
            both.Value.ShouldHaveSingleItem().Desc.Span.SequenceEqual(Encoding.ASCII.GetBytes(Desc)).ShouldBeTrue();
            code.ShouldBeOneOf(
                FormatErrorCode.MissingMember, FormatErrorCode.MissingKey, FormatErrorCode.Inconsistent, FormatErrorCode.Duplicate,
                FormatErrorCode.InvalidName, FormatErrorCode.InvalidVersion, FormatErrorCode.NotUtf8, FormatErrorCode.UnsafeName);
        }
        else
        {
            both.Error.Code.ShouldBe(code, both.Error.ToString());
            both.Error.Message.ShouldStartWith("in the database of files: ");
        }
    }

    [Fact]
    public async Task Read_WhenADescBeginsWithEmptyLines_ReadsIt() =>
        (await ReadAsync(new RawTar().File("a-1-1/desc", "\n\n" + Desc).End(), null)).GetRequired().Single().Name.ToString().ShouldBe("a");

    /// <summary>pacman appends to a list, so the second section must not hide the first.</summary>
    [Fact]
    public async Task Read_WhenAListStandsInTwoSections_JoinsThem()
    {
        var desc = Desc + "%DEPENDS%\nb\n\n%OPTDEPENDS%\nc\n\n%DEPENDS%\nd\n\n";
        (await ReadAsync(new RawTar().File("a-1-1/desc", desc).End(), null)).GetRequired().Single().ReadDescription().Depends
            .Select(dependency => dependency.ToString()).ShouldBe(["b", "d"]);
    }

    private static byte[] Make(string kind) => kind switch
    {
        "empty" => [],
        "web page" => Encoding.ASCII.GetBytes("<html>" + new string(' ', 1000)),
        "cut" => new RawTar().File("a-1-1/desc", Desc).WithoutEnd(),
        "link as desc" => new RawTar().Link("a-1-1/desc").End(),
        "hard link as desc" => new RawTar().Link("a-1-1/desc", '1').End(),
        "device" => new RawTar().Link("a-1-1/desc", '3').End(),
        "parent" => new RawTar().File("../desc", Desc).End(),
        "absolute" => new RawTar().File("/a-1-1/desc", Desc).End(),
        "file at the top" => new RawTar().File("desc", Desc).End(),
        "file too deep" => new RawTar().File("x/a-1-1/desc", Desc).End(),
        "no desc" => new RawTar().File("a-1-1/files", "%FILES%\n").End(),
        "two descs" => new RawTar().File("a-1-1/desc", Desc).File("a-1-1/desc", Desc).End(),
        "two versions" => new RawTar().File("a-1-1/desc", Desc).File("a-2-1/desc", Desc.Replace("1-1\n", "2-1\n")).End(),
        "other name" => new RawTar().File("b-1-1/desc", Desc).End(),
        "other version" => new RawTar().File("a-1-2/desc", Desc).End(),
        "empty desc" => new RawTar().File("a-1-1/desc", "").End(),
        "no file name" => new RawTar().File("a-1-1/desc", Desc.Replace("%FILENAME%", "%OTHER%")).End(),
        "bad file name" => new RawTar().File("a-1-1/desc", Desc.Replace("a-1-1-any", "../a-1-1-any")).End(),
        "bad name" => new RawTar().File("a b-1-1/desc", Desc.Replace("\na\n", "\na b\n")).End(),
        "bad base" => new RawTar().File("a-1-1/desc", Desc + "%BASE%\n../x\n\n").End(),
        "bad version" => new RawTar().File("a-1/desc", Desc.Replace("\n1-1\n", "\n1\n")).End(),
        "bad utf-8" => new RawTar().File("a-1-1/desc", [.. Encoding.ASCII.GetBytes(Desc), 0xff]).End(),
        "nul" => new RawTar().File("a-1-1/desc", Desc + "%DESC%\na\0b\n").End(),
        "folder not utf-8" => new RawTar().File("a-1-1\u00ff/desc", Desc).End(),
        "name twice" => new RawTar().File("a-1-1/desc", Desc + "%NAME%\nb\n\n").End(),
        "version twice" => new RawTar().File("a-1-1/desc", Desc + "%DESC%\nx\n\n%VERSION%\n2-1\n").End(),
        "file name twice" => new RawTar().File("a-1-1/desc", Desc + "%FILENAME%\nother.pkg.tar\n\n").End(),
        "base twice" => new RawTar().File("a-1-1/desc", Desc + "%BASE%\nb\n\n%BASE%\nc\n").End(),
        "nul in files" => new RawTar().File("a-1-1/desc", Desc).File("a-1-1/files", "%FILES%\na\0b\n").End(),
        "large descs" => new RawTar().File("a-1-1/desc", Desc + new string('x', 90_000)).File("b-1-1/desc", Desc + new string('x', 90_000)).End(),
        "bad files" => new RawTar().File("a-1-1/desc", Desc).File("a-1-1/files", "usr/\n").End(),
        "large desc" => new RawTar().File("a-1-1/desc", Desc + new string('x', 100_000)).End(),
        "large files" => new RawTar().File("a-1-1/desc", Desc).File("a-1-1/files", "%FILES%\n" + new string('x', 100_000)).End(),
        "many" => Enumerable.Range(0, 1001).Aggregate(new RawTar(), (tar, i) => tar.Folder($"p{i}-1-1/")).End(),
        "bomb" => Bomb(new RawTar().File("a-1-1/desc", Desc).File("a-1-1/other", new byte[40 << 20]).End()),
        "bomb behind the end" => Bomb([.. new RawTar().File("a-1-1/desc", Desc).End(), .. new byte[40 << 20]]),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such database"),
    };

    private static byte[] Bomb(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }

        packed.ToArray().Length.ShouldBeLessThan(100_000);
        return packed.ToArray();
    }

    private static Task<FormatResult<RepositoryDatabase>> ReadAsync(byte[] packages, byte[]? files) => RepositoryDatabase.ReadAsync(
        new MemoryStream(packages), files is null ? null : new MemoryStream(files), Limits, TestContext.Current.CancellationToken);
}
