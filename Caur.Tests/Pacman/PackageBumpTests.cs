using Caur.Pacman;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pacman;

public sealed class PackageBumpTests
{
    [Theory]
    [InlineData("1:1.2.3-1/1", "1:1.2.3-1", 1)]
    [InlineData("1.2.3", "1.2.3", 1)]
    [InlineData("r12.gabc-2/17", "r12.gabc-2", 17)]
    [InlineData("1-1/007", "1-1", 7)]
    public void TryParse_WhenLegal_GivesItsParts(string text, string version, int count)
    {
        PackageBump.TryParse(text, out var bump).ShouldBeTrue();
        bump.Version.ToString().ShouldBe(version);
        bump.Count.ShouldBe(count);
        PackageBump.TryParse(bump.ToString(), out var again).ShouldBeTrue();
        again.ShouldBe(bump);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/1")]
    [InlineData("1-1/")]
    [InlineData("1-1/x")]
    [InlineData("1-1/-1")]
    [InlineData("1-1/1/2")]
    [InlineData("1-1/99999999999")]
    public void TryParse_WhenIllegal_Refuses(string? text) => PackageBump.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("2.0-1", null, "2.0-1/1")]
    [InlineData("1:2.0-1", null, "1:2.0-1/1")]
    [InlineData("1:2.0-1.3", null, "1:2.0-1/4")]
    [InlineData("2.0-1.3", "2.0-1/7", "2.0-1/8")]
    [InlineData("2.0-1.3", "2.0-1/2", "2.0-1/4")]
    [InlineData("2.0-1", "1.9-1/7", "2.0-1/1")]
    [InlineData("2.0-1.2.3", null, null)]
    [InlineData("2.0-a", null, null)]
    [InlineData("2.0", null, null)]
    public void Next_WhenPublished_CountsOn(string published, string? before, string? expected)
    {
        var set = PackageBump.TryParse(before, out var bump) ? bump : (PackageBump?)null;
        PackageBump.Next(PackageVersion.Parse(published), set)?.ToString().ShouldBe(expected);
        (PackageBump.Next(PackageVersion.Parse(published), set) is null).ShouldBe(expected is null);
    }

    [Theory]
    [InlineData("1:2.0-1/3", "1:2.0-1", "1:2.0-1.3")]
    [InlineData("2.0/3", "2.0-4", "2.0-4.3")]
    [InlineData("2.0-1/3", "1:2.0-1", "1:2.0-1")]
    [InlineData("2.0-1/3", "2.1-1", "2.1-1")]
    public void Apply_WhenTheVersionIsOrIsNotMeant_BumpsOrDoesNot(string text, string version, string expected)
    {
        PackageBump.TryParse(text, out var bump).ShouldBeTrue();
        bump.Apply(PackageVersion.Parse(version)).ToString().ShouldBe(expected);
    }

    /// <summary>What is built next is newer to pacman than what is published, however often.</summary>
    [Fact]
    public void Next_WhenApplied_IsNewer() => Prop.ForAll(
        (from epoch in Gen.Elements("", "1:", "20:")
         from pkgver in Gen.Elements("1", "2.0", "r12.gabc", "1.0_rc1")
         from release in Gen.Choose(0, 12)
         from done in Gen.Choose(0, 12)
         from rounds in Gen.Choose(1, 15)
         select (PkgBuild: $"{epoch}{pkgver}-{release}", done, rounds)).ToArbitrary(),
        sample =>
        {
            var pkgbuild = PackageVersion.Parse(sample.PkgBuild);
            var published = sample.done == 0 ? pkgbuild : PackageVersion.Parse($"{pkgbuild}.{sample.done}");
            PackageBump? bump = null;
            for (var round = 0; round < sample.rounds; round++)
            {
                bump = PackageBump.Next(published, bump).ShouldNotBeNull();
                var next = bump.Value.Apply(pkgbuild);
                (next > published).ShouldBeTrue($"{next} after {published}");
                published = next;
            }
        }).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
}
