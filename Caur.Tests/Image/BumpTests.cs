namespace Caur.Tests.Image;

/// <summary><c>CI_PACKAGE_BUMP</c>, applied when the PKGBUILD is sourced.</summary>
public sealed class BumpTests
{
    [Theory]
    [InlineData("1.0-1/3", "", "1.0-1.3")]
    [InlineData("1.0-1", "", "1.0-1.1")]
    [InlineData("1.0", "", "1.0-1.1")]
    [InlineData("0:1.0-1/2", "", "1.0-1.2")]
    [InlineData("1.0-2/3", "", "1.0-1")]
    [InlineData("2:1.0-1/12", "epoch=2", "2:1.0-1.12")]
    [InlineData("1.0-1/12", "epoch=2", "2:1.0-1")]
    [InlineData("1.0-7/2", "pkgrel=7", "1.0-7.2")]
    public async Task Build_WithABump_RaisesTheReleaseOfThatVersionAlone(string bump, string line, string version)
    {
        using var build = BuildCase.Of("bumped", line);
        build.Environment["CI_PACKAGE_BUMP"] = bump;

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe(version);
        outcome.Packages.ShouldBe([$"bumped-{version}-any.pkg.tar.zst"]);
    }

    [Theory]
    [InlineData("1.0-1/3", "2.0-1")]
    [InlineData("2.0-1/3", "2.0-1.3")]
    public async Task Build_WhenPkgverFindsTheVersion_DecidesOnThatOne(string bump, string version)
    {
        using var build = BuildCase.Of("bumpedlate", "pkgver() { echo 2.0; }").Write(".CI/PKGBUILD.append", "pkgdesc='no newline at its end'");
        build.Environment["CI_PACKAGE_BUMP"] = bump;

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(0, outcome.Log);
        outcome.Version.ShouldBe(version);
    }

    [Fact]
    public async Task Build_WhenTheBumpedVersionIsPublished_IsAlreadyBuilt()
    {
        using var build = BuildCase.Of("bumpedbefore").Published("bumpedbefore-1.0-1-any.pkg.tar.zst", "bumpedbefore-1.0-1.1-any.pkg.tar.zst");
        build.Environment["CI_PACKAGE_BUMP"] = "1.0-1/1";

        (await build.RunAsync()).ExitCode.ShouldBe(13);
    }

    [Theory]
    [InlineData("1.0-1/x")]
    [InlineData("$(touch /tmp/bad)/1")]
    public async Task Build_WhenTheBumpIsNone_Fails(string bump)
    {
        using var build = BuildCase.Of("unbumped");
        build.Environment["CI_PACKAGE_BUMP"] = bump;

        var outcome = await build.RunAsync();

        outcome.ExitCode.ShouldBe(12, outcome.Log);
        outcome.Log.ShouldContain("CI_PACKAGE_BUMP is");
    }
}
