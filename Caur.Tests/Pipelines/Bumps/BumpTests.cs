using Caur.Pacman;
using Caur.Pipelines.Bumps;
using Caur.Pipelines.Rebuilds;

namespace Caur.Tests.Pipelines.Bumps;

public sealed class BumpTests
{
    [Theory]
    [InlineData("1.0-1", "", "1.0-1/1")]
    [InlineData("1:2.0-1", "", "1:2.0-1/1")]
    [InlineData("1.0-1.2", "", "1.0-1/3")]
    [InlineData("1.0-1", "CI_PACKAGE_BUMP=1.0-1/1", "1.0-1/2")]
    [InlineData("1.0-1.4", "CI_PACKAGE_BUMP=1.0-1/1", "1.0-1/5")]
    [InlineData("2:1.0-1.1", "CI_PACKAGE_BUMP=\"2:1.0-1/7\"", "2:1.0-1/8")]
    [InlineData("1.1-1", "CI_PACKAGE_BUMP=1.0-1/9", "1.1-1/1")]
    [InlineData("1.0-1", "CI_PACKAGE_BUMP=1.0", "1.0-1/1")]
    [InlineData("1.0-1", "CI_PACKAGE_BUMP=nonsense/x", "1.0-1/1")]
    [InlineData("1.0-1", "CI_MANAGE_AUR=false", "1.0-1/1")]
    public void Next_RaisesWhatIsPublishedAndWhatIsSet(string published, string config, string expected) =>
        Next(published, published, config).Value.ToString().ShouldBe(expected);

    [Theory]
    [InlineData("1.0-1", "1.1-1", "1.1-1/1")]
    [InlineData("1.0-1", null, "1.0-1/1")]
    [InlineData(null, "1.0-1.1", "1.0-1/2")]
    public void Next_TakesTheNewestThatIsKnownToBePublished(string? before, string? now, string expected) =>
        Next(before, now, "").Value.ToString().ShouldBe(expected);

    [Theory]
    [InlineData(null, "", "no database of CI_LIB_DB has a version of it")]
    [InlineData("1.0-1.2.3", "", "the pkgrel of its published version 1.0-1.2.3 is not a number, or one with a number behind it")]
    [InlineData("1.0", "", "its published version 1.0 has no pkgrel")]
    [InlineData("1.0-1", "CI_MANAGE_AUR=true", "CI_MANAGE_AUR is set, and what is pushed to the AUR is bumped in its PKGBUILD")]
    public void Next_WhenItCannotBeBumped_SaysWhy(string? published, string config, string refusal)
    {
        var result = Next(published, published, config);
        result.Value.ShouldBeNull();
        result.Refusal.ShouldBe(refusal);
    }

    [Fact]
    public void Set_WhenConfigHasCommentsAndForeignKeys_ChangesOneValueAlone()
    {
        var text = Text("# why\nFOREIGN=1\nCI_PACKAGE_BUMP=1.0-1/1\r\n\nCI_PKGBUILD_SOURCE=aur # not a comment");
        ConfigEdit.Set(text, Bump.Key, "1.0-1/2").ToString()
            .ShouldBe("# why\nFOREIGN=1\nCI_PACKAGE_BUMP=1.0-1/2\r\n\nCI_PKGBUILD_SOURCE=aur # not a comment");
    }

    [Fact]
    public void Set_WhenKeyIsNotThere_AddsALine() =>
        ConfigEdit.Set(Text("CI_PKGBUILD_SOURCE=aur"), Bump.Key, "1-1/1").ToString().ShouldBe("CI_PKGBUILD_SOURCE=aur\nCI_PACKAGE_BUMP=1-1/1\n");

    [Fact]
    public void Set_WhenValueStandsThereInQuotes_ChangesNothing()
    {
        var text = Text("CI_PACKAGE_BUMP=\"1-1/1\"\n");
        ConfigEdit.Set(text, Bump.Key, "1-1/1").ShouldBeSameAs(text);
    }

    [Fact]
    public void Set_WhenValueIsNull_RemovesTheSetting() =>
        ConfigEdit.Set(Text("A=1\nCI_PACKAGE_BUMP=1-1/1\nB=2\n"), Bump.Key, null).ToString().ShouldBe("A=1\nB=2\n");

    [Theory]
    [InlineData("FOREIGN")]
    [InlineData("CI_GIT_COMMIT")]
    public void Set_WhenKeyIsNoneOfThePipelines_Throws(string key) =>
        Should.Throw<ArgumentException>(() => ConfigEdit.Set(CiConfigText.Empty, key, "1"));

    private static BumpResult Next(string? before, string? now, string config) =>
        Bump.Next("a", CiConfig.Parse(config), Snapshot(before), Snapshot(now));

    private static VersionSnapshot Snapshot(string? version) => VersionSnapshot.Of(version is null ? [] : [new("a", version)]);

    private static CiConfigText Text(string text) => CiConfigText.Read(System.Text.Encoding.UTF8.GetBytes(text)).GetRequired();
}
