using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>Databases that other tools packed, in every way that pacman's world has seen.</summary>
public sealed class ForeignDatabaseTests
{
    private const string Signature = "iQIzBAABCgAdFiEE//AAAA+bbb/ccc=";

    private static readonly SortedDictionary<string, string> Members = new(StringComparer.Ordinal)
    {
        ["plain-1.0-1/desc"] = Desc("plain", "1.0-1") + "%BASE%\nplain\n\n%DESC%\nÄ description — with dashes\n\n%PGPSIG%\n" + Signature + "\n\n",
        ["plain-1.0-1/files"] = "%FILES%\nusr/\nusr/bin/\nusr/bin/plain\n",

        // pacman 3 and 4: no pkgbase, an MD5 alone, what it depends on in a file of its own, a section that nobody knows any more.
        ["old_way-2:0.9.r3-7/desc"] = Desc("old_way", "2:0.9.r3-7") + "%MD5SUM%\nd41d8cd98f00b204e9800998ecf8427e\n\n%FORCE%\n\n",
        ["old_way-2:0.9.r3-7/depends"] = "%DEPENDS%\nglibc>=2.3\nsh\n\n%PROVIDES%\nway=2\n\n",
        ["old_way-2:0.9.r3-7/deltas"] = "%DELTAS%\nold.delta abc 1 x y\n\n",

        // No list of files, no newline at the end, values that look like heads.
        ["lib@x++.y-1-1/desc"] = "%LICENSE%\n%NAME%\nGPL\n\n" + Desc("lib@x++.y", "1-1") + "%DEPENDS%\nplain",
    };

    private static readonly string[] Compressors = ["gzip -n", "cat", "zstd -q", "zstd -q --ultra -20 --no-check", "xz -T1", "xz -T2 --check=sha256"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Packers => new()
    {
        "bsdtar -cf", "bsdtar --format=pax -cf", "bsdtar --format=ustar -cf", "bsdtar --format=gnutar -cf", "bsdtar --format=v7 -cf",
        "tar --format=gnu -cf", "tar --format=posix -cf", "tar --format=ustar -cf", "tar --format=v7 -cf", "tar --format=oldgnu -cf",
    };

    [Theory]
    [MemberData(nameof(Packers))]
    public async Task Read_WhenOtherToolsPackedIt_FindsWhatIsThere(string packer)
    {
        using var folder = new TempFolder();
        var content = folder.Folder("content");
        foreach (var (name, text) in Members)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(content, name))!);
            await File.WriteAllTextAsync(Path.Combine(content, name), text, Cancel);
        }

        // With the folders as members of their own, and without.
        foreach (var members in (string[])["*", "*/*"])
        {
            var archive = folder["db.tar"];
            (await Tool.RunAsync("bash", ["-c", $"{packer} {archive} {members}"], content)).Succeeded();
            foreach (var compressor in packer == "bsdtar -cf" ? Compressors : Compressors[..1])
            {
                (await Tool.RunAsync("bash", "-c", $"{compressor} < {archive} > {folder["db"]}")).Succeeded();
                await using var packages = File.OpenRead(folder["db"]);
                await using var files = File.OpenRead(folder["db"]);
                ShouldBeTheMembers((await RepositoryDatabase.ReadAsync(packages, files, cancellationToken: Cancel)).GetRequired(), $"{packer} {members} {compressor}");
            }
        }
    }

    [Fact]
    public async Task Read_WhenTheNameIsLongForItsFormat_FindsIt()
    {
        var name = "x" + new string('n', 180);
        using var folder = new TempFolder();
        var content = folder.Folder($"content/{name}-1-1");
        await File.WriteAllTextAsync(Path.Combine(content, "desc"), Desc(name, "1-1"), Cancel);
        foreach (var packer in (string[])["bsdtar --format=pax -cf", "bsdtar --format=gnutar -cf", "tar --format=gnu -cf", "tar --format=posix -cf"])
        {
            (await Tool.RunAsync("bash", ["-c", $"{packer} {folder["db"]} *"], folder["content"])).Succeeded();
            await using var packages = File.OpenRead(folder["db"]);
            (await RepositoryDatabase.ReadAsync(packages, null, cancellationToken: Cancel)).GetRequired().Single().Name.ToString().ShouldBe(name, packer);
        }
    }

    private static string Desc(string name, string version) =>
        $"%FILENAME%\n{name}-{version}-any.pkg.tar.zst\n\n%NAME%\n{name}\n\n%VERSION%\n{version}\n\n%CSIZE%\n1\n\n%ISIZE%\n2\n\n%ARCH%\nany\n\n";

    private static void ShouldBeTheMembers(RepositoryDatabase database, string how)
    {
        database.Select(entry => $"{entry.Name} {entry.Version} {entry.PkgBase}")
            .ShouldBe(["lib@x++.y 1-1 lib@x++.y", "old_way 2:0.9.r3-7 old_way", "plain 1.0-1 plain"], how);
        var (lib, old, plain) = (database.First(), database.ElementAt(1), database.Last());
        plain.Desc.ToArray().ShouldBe(System.Text.Encoding.UTF8.GetBytes(Members["plain-1.0-1/desc"]), how);
        plain.ReadDescription().PgpSignature.ShouldBe(Signature, how);
        plain.ReadDescription().Description.ShouldBe("Ä description — with dashes", how);
        plain.ReadFileNames().ShouldBe(["usr/", "usr/bin/", "usr/bin/plain"], how);
        old.HasFiles.ShouldBeFalse(how);
        old.ReadDescription().Md5Sum.ShouldBe("d41d8cd98f00b204e9800998ecf8427e", how);
        old.ReadDescription().Sha256Sum.ShouldBeEmpty(how);
        old.ReadDescription().Depends.Select(dependency => dependency.ToString()).ShouldBe(["glibc>=2.3", "sh"], how);
        old.ReadDescription().Provides.Select(dependency => dependency.ToString()).ShouldBe(["way=2"], how);
        lib.ReadDescription().Licenses.ShouldBe(["%NAME%", "GPL"], how);
        lib.ReadDescription().Depends.Single().Name.ToString().ShouldBe("plain", how);
    }
}
