using System.Globalization;
using System.IO.Compression;
using System.Text;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Polite;

namespace Caur.Tests.Pipelines.Aur;

public sealed class AurMetadataTests
{
    private const string Three = """
        [
        {"ID":1,"Name":"alpha","PackageBaseID":1,"PackageBase":"alpha","Version":"1-1","Maintainer":"ann","LastModified":1700000001,"Popularity":0.5},
        {"ID":2,"Name":"beta-tools","PackageBaseID":2,"PackageBase":"beta","Version":"2-1","Maintainer":null,"LastModified":1700000002,"CoMaintainers":[null,"bob"]},
        {"ID":3,"Name":"gamma","PackageBaseID":3,"PackageBase":"gamma","Maintainer":"eve","LastModified":1700000003,"OutOfDate":null}
        ]
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadAsync_WhenSomeAreWanted_KeepsThemAndTheNewestTimeOfAll(bool packed)
    {
        var snapshot = await ReadAsync(packed ? Gzip(Three) : Encoding.UTF8.GetBytes(Three), "alpha", "beta", "nobody");
        snapshot.Packages.Keys.ShouldBe(["alpha", "beta"], ignoreOrder: true);
        snapshot.Packages["alpha"].ShouldBe(new AurPackage("alpha", 1700000001, "ann", null));
        snapshot.Packages["beta"].Maintainers.ShouldBe(["bob"]);
        snapshot.Newest.ShouldBe(1700000003);
    }

    [Fact]
    public async Task ReadAsync_WhenCoMaintainersAreNotTold_DoesNotSayWhoMaintains() =>
        (await ReadAsync(Gzip(Three), "alpha")).Packages["alpha"].Maintainers.ShouldBeNull();

    [Fact]
    public async Task ReadAsync_WhenPkgbaseHasSeveralPackages_TakesTheNewest()
    {
        var text = "[" + string.Join(",", new[] { 5, 9, 7 }.Select(time => $$"""{"PackageBase":"a","LastModified":{{time}}}""")) + "]";
        (await ReadAsync(Gzip(text), "a")).Packages["a"].LastModified.ShouldBe(9);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("<html>")]
    [InlineData("""[{"PackageBase":"a","LastModified":5}""")]
    [InlineData("""[{"PackageBase":"a","LastModified":"5"}]""")]
    [InlineData("""[{"PackageBase":"../a","LastModified":5}]""")]
    public async Task ReadAsync_WhenItIsNoWholeList_IsRefused(string text) =>
        await Should.ThrowAsync<InvalidDataException>(ReadAsync(Gzip(text), "a"));

    [Fact]
    public async Task ReadAsync_WhenArchiveIsCut_IsRefused()
    {
        var packed = Gzip(Large(2000));
        await Should.ThrowAsync<InvalidDataException>(ReadAsync(packed[..(packed.Length / 2)], "pkg-1"));
    }

    [Fact]
    public async Task ReadAsync_WhenItUnpacksToMoreThanIsBorne_IsRefused()
    {
        using var source = new MemoryStream(Gzip(Large(2000)));
        await Should.ThrowAsync<AnswerTooLargeException>(AurMetadata.ReadAsync(source, new HashSet<string>(), 10_000, Token));
    }

    [Fact]
    public async Task ReadAsync_WhenThereAreMany_FindsEach()
    {
        var snapshot = await ReadAsync(Gzip(Large(2000)), "pkg-0", "pkg-1999");
        snapshot.Packages["pkg-0"].LastModified.ShouldBe(1_600_000_000);
        snapshot.Packages["pkg-1999"].LastModified.ShouldBe(1_600_001_999);
    }

    internal static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static string Large(int count) => "[\n" + string.Join(",\n", Enumerable.Range(0, count).Select(number => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"ID":{{number}},"Name":"pkg-{{number}}","PackageBase":"pkg-{{number}}","Description":"«{{number}}» {{Guid.NewGuid()}}","LastModified":{{1_600_000_000 + number}},"Depends":["a","b"]}"""))) + "\n]";

    private static async Task<AurSnapshot> ReadAsync(byte[] bytes, params string[] wanted)
    {
        using var source = new MemoryStream(bytes);
        return await AurMetadata.ReadAsync(source, wanted.ToHashSet(StringComparer.Ordinal), 1 << 20, Token);
    }
}
