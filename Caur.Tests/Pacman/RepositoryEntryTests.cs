using System.Security.Cryptography;
using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class RepositoryEntryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FromArchive_WhenSigned_WritesWhatRepoAddWrites()
    {
        using var folder = new TempFolder();
        var package = new TestPackage("Lib@foo++.x_y", "1:2.0_a+b-1.2")
        {
            Base = "foo",
            Files = ["usr/", "usr/lib/", "usr/lib/foo bar", "usr/lib/é", "usr/lib/a\\x2d"],
            Info = """
                group = one
                group = two
                license = MIT
                license = custom:a  b	c
                depend = glibc>=2.3
                depend = libx.so=1-64
                optdepend = bash: to run, = or not
                makedepend = gcc
                checkdepend = check
                provides = foo=2
                conflict = bar<1
                replaces = old
                url = https://example.org/?q=a=b&c=
                url = https://example.org/?q=
                xdata = pkgtype=split
                backup = etc/x
                """,
        };
        var path = await package.WriteAsync(folder.Path);
        var signature = RandomNumberGenerator.GetBytes(566);
        await File.WriteAllBytesAsync(path + ".sig", signature, Cancel);
        var reference = new ReferenceRepository(folder.Path);
        await reference.AddAsync(path);

        var entry = (await RepositoryEntry.FromArchiveAsync(path, cancellationToken: Cancel)).GetRequired();
        await ShouldEqualAsync(reference, entry);
        entry.Name.ToString().ShouldBe(package.Name);
        entry.PkgBase.ToString().ShouldBe("foo");
        entry.Version.ToString().ShouldBe(package.Version);
        entry.FileName.ShouldBe(package.FileName);
        entry.ReadFileNames().ShouldBe(["usr/", "usr/lib/", "usr/lib/a\\\\x2d", "usr/lib/foo bar", "usr/lib/é"]);
        (await UnsignedAsync(path)).WithSignature(signature).ShouldSatisfyAllConditions(
            late => late.Desc.ToArray().ShouldBe(entry.Desc.ToArray()), late => late.ReadFileNames().ShouldBe(entry.ReadFileNames()));
        Should.Throw<InvalidOperationException>(() => entry.WithSignature(signature));

        var fields = entry.ReadDescription();
        fields.PgpSignature.ShouldBe(Convert.ToBase64String(signature));
        fields.Sha256Sum.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path, Cancel))));
        fields.CompressedSize.ShouldBe(new FileInfo(path).Length);
        fields.InstalledSize.ShouldBe(12345);
        fields.Licenses.ShouldBe(["MIT", "custom:a b c"]);
        fields.Groups.ShouldBe(["one", "two"]);
        fields.Depends.Select(dependency => dependency.ToString()).ShouldBe(["glibc>=2.3", "libx.so=1-64"]);
        fields.BuildDate.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1700000000));
    }

    private static async Task<RepositoryEntry> UnsignedAsync(string path)
    {
        await using var archive = File.OpenRead(path);
        return (await RepositoryEntry.FromArchiveAsync(archive, Path.GetFileName(path), cancellationToken: Cancel)).GetRequired();
    }

    [Theory]
    [InlineData("pkgdesc = ends in a sign =")]
    [InlineData("pkgdesc = sign=")]
    [InlineData("pkgdesc = sign =")]
    [InlineData("pkgdesc = a=b=")]
    [InlineData("pkgdesc = = sign")]
    [InlineData("pkgdesc = ==")]
    [InlineData("pkgdesc = no\u00a0break\u3000wide\u2003em \u0085x")]
    [InlineData("pkgdesc = \\n 'quoted' \"$HOME\" `id` %DEPENDS%")]
    [InlineData("pkgdesc = \u3000wide at its ends\u2003")]
    [InlineData("pkgdesc = \ttab \t ")]
    [InlineData("pkgdesc = \u00a0x\r")]
    [InlineData("license = \f\nlicense = x\v")]
    [InlineData("pkgdesc = ")]
    [InlineData("packager = ")]
    [InlineData("group = ")]
    public async Task FromArchive_WhenValueIsOdd_WritesWhatRepoAddWrites(string line)
    {
        using var folder = new TempFolder();
        var path = await new TestPackage("odd") { Info = line, Compression = CompressionFormat.None }.WriteAsync(folder.Path);
        var reference = new ReferenceRepository(folder.Path);
        await reference.AddAsync(path);
        await ShouldEqualAsync(reference, (await RepositoryEntry.FromArchiveAsync(path, cancellationToken: Cancel)).GetRequired());
    }

    [Fact]
    public async Task FromArchive_WhenSignatureCannotBeUsed_SaysWhy()
    {
        var archive = new TestPackage("a").Build();
        (await Refusal(Encoding.ASCII.GetBytes("-----BEGIN PGP SIGNATURE-----\n"))).ShouldBe(FormatErrorCode.InvalidValue);
        (await Refusal(new byte[16385])).ShouldBe(FormatErrorCode.TooLarge);
        (await Refusal(new byte[16384])).ShouldBeNull();

        async Task<FormatErrorCode?> Refusal(byte[] signature) =>
            (await RepositoryEntry.FromArchiveAsync(new MemoryStream(archive), "a-1.0-1-any.pkg.tar.zst", signature, null, Cancel)).Error?.Code;
    }

    [Theory]
    [InlineData("../a.pkg.tar.zst")]
    [InlineData(".a.pkg.tar.zst")]
    [InlineData("a\nb.pkg.tar.zst")]
    [InlineData("a/b.pkg.tar.zst")]
    public async Task FromArchive_WhenFileNameLeadsElsewhere_Refuses(string fileName)
    {
        var archive = new MemoryStream(new TestPackage("a").Build());
        var result = await RepositoryEntry.FromArchiveAsync(archive, fileName, cancellationToken: Cancel);
        result.Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.UnsafeName);
    }

    [Fact]
    public async Task FromArchive_WhenNotAPackage_Refuses()
    {
        var result = await RepositoryEntry.FromArchiveAsync(
            new MemoryStream(new RawTar().File("x", "y").End()), "a-1-1-any.pkg.tar", cancellationToken: Cancel);
        result.Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.MissingMember);
    }

    [Fact]
    public async Task FromArchive_WhenCancelled_Stops()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var archive = new MemoryStream(new TestPackage("a").Build());
        await Should.ThrowAsync<OperationCanceledException>(
            () => RepositoryEntry.FromArchiveAsync(archive, "a-1.0-1-any.pkg.tar.zst", cancellationToken: cancelled.Token));
    }

    private static async Task ShouldEqualAsync(ReferenceRepository reference, RepositoryEntry entry)
    {
        var ours = await ReferenceRepository.UnpackAsync(RepositoryDatabase.Empty.With([entry], []), CompressionFormat.Gzip);
        ours.ShouldBe(await reference.UnpackAsync());
        ours.Count.ShouldBe(3);
    }
}
