using System.Security.Cryptography;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

public sealed class ArchiveInspectorTests : IDisposable
{
    private static readonly ArchiveExpectation Expected = new("foo", "x86_64");

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("x86_64")]
    [InlineData("any")]
    public async Task InspectAsync_WhenArchiveIsWhatWasOrdered_FindsNothing(string arch)
    {
        var inspection = await InspectAsync(new BuiltPackage("foo-libs", "1:2.0-1.1") { Pkgbase = "foo", Arch = arch });
        inspection.Problems.ShouldBeEmpty();
        inspection.Entry.ShouldNotBeNull().Version.ToString().ShouldBe("1:2.0-1.1");
    }

    [Fact]
    public async Task InspectAsync_WhenEverythingIsWrong_NamesEverything()
    {
        var inspection = await InspectAsync(
            new BuiltPackage("evil") { Pkgbase = "evil-base", Arch = "i686" },
            "foo-1.0-1-x86_64.pkg.tar.zst",
            archive => archive with { Size = 1, Sha256 = new string('0', 64) },
            Expected with { Pkgnames = ["foo"] });

        inspection.Problems.Select(problem => problem.Kind).ShouldBe(
        [
            ArchiveProblemKind.Size, ArchiveProblemKind.Hash, ArchiveProblemKind.Pkgbase, ArchiveProblemKind.Pkgname,
            ArchiveProblemKind.Arch, ArchiveProblemKind.FileName,
        ]);
        inspection.Problems.ShouldAllBe(problem => problem.Text.StartsWith("foo-1.0-1-x86_64.pkg.tar.zst: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("foo-1.0-2-x86_64.pkg.tar.zst")]
    [InlineData("foo-1:1.0-1-x86_64.pkg.tar.zst")]
    [InlineData("foo-1.0-1-any.pkg.tar.zst")]
    [InlineData("foo-1.0-1-x86_64.zip")]
    [InlineData("foo.pkg.tar.zst")]
    [InlineData("-foo-1.0-1-x86_64.pkg.tar.zst")]
    public async Task InspectAsync_WhenTheNameIsNotTheContents_SaysWhatItShouldBe(string fileName) =>
        (await InspectAsync(new BuiltPackage("foo"), fileName)).Problems.ShouldHaveSingleItem()
            .ShouldSatisfyAllConditions(
                problem => problem.Kind.ShouldBe(ArchiveProblemKind.FileName),
                problem => problem.Text.ShouldContain("foo-1.0-1-x86_64.pkg.tar"));

    [Fact]
    public async Task InspectAsync_WhenArchiveIsCutOrNone_RefusesItWithoutThrowing()
    {
        var whole = new BuiltPackage("foo").ToArchive();
        foreach (var bytes in new[] { whole[..^10], whole[..20], [], "<html>404</html>"u8.ToArray() })
        {
            var path = _folder["foo-1.0-1-x86_64.pkg.tar.zst"];
            await File.WriteAllBytesAsync(path, bytes, Token);
            var offered = new OfferedArchive(path, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));

            var inspection = await ArchiveInspector.InspectAsync(offered, Expected, Token);

            inspection.Problems.ShouldHaveSingleItem().Kind.ShouldBe(ArchiveProblemKind.NotAPackage);
            inspection.Entry.ShouldBeNull();
        }
    }

    [Fact]
    public async Task InspectAsync_WhenFileIsMissingOrALink_RefusesIt()
    {
        var link = _folder["foo-1.0-1-x86_64.pkg.tar.zst"];
        (await ArchiveInspector.InspectAsync(new OfferedArchive(link, 1, ""), Expected, Token))
            .Problems.ShouldHaveSingleItem().Kind.ShouldBe(ArchiveProblemKind.Missing);
        File.CreateSymbolicLink(link, "/etc/passwd");
        (await ArchiveInspector.InspectAsync(new OfferedArchive(link, 1, ""), Expected, Token))
            .Problems.ShouldHaveSingleItem().Kind.ShouldBe(ArchiveProblemKind.NotAFile);
    }

    private async Task<ArchiveInspection> InspectAsync(
        BuiltPackage package,
        string? fileName = null,
        Func<OfferedArchive, OfferedArchive>? change = null,
        ArchiveExpectation? expected = null)
    {
        var bytes = package.ToArchive();
        var path = _folder[fileName ?? package.FileName];
        await File.WriteAllBytesAsync(path, bytes, Token);
        var offered = new OfferedArchive(path, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        return await ArchiveInspector.InspectAsync(change?.Invoke(offered) ?? offered, expected ?? Expected, Token);
    }
}
