using System.Runtime.Versioning;
using Caur.Storage.Files;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Files;

[SupportedOSPlatform("linux")]
public sealed class PathGuardTests
{
    [Theory]
    [InlineData("c++utilities")]
    [InlineData("apparmor.d-git")]
    [InlineData("foo-1:2.0-1.2-x86_64.pkg.tar.zst")]
    [InlineData("@scope_X")]
    public void IsSafeName_WhenNameIsLegal_AcceptsIt(string name) => PathGuard.IsSafeName(name).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".gen")]
    [InlineData("a/b")]
    [InlineData("../x")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\\b")]
    [InlineData(null)]
    public void IsSafeName_WhenNameWouldLeaveOrHide_RefusesIt(string? name)
    {
        PathGuard.IsSafeName(name).ShouldBeFalse();
        PathGuard.TryJoin("/root", out _, "ok", name ?? "").ShouldBeFalse();
    }

    [Fact]
    public void IsSafeName_WhenNameIsLongerThanTheFileSystemTakes_RefusesIt()
    {
        PathGuard.IsSafeName(new string('a', 255)).ShouldBeTrue();
        PathGuard.IsSafeName(new string('a', 256)).ShouldBeFalse();
        PathGuard.IsSafeName(new string('ä', 128)).ShouldBeFalse();
    }

    [Fact]
    public void Join_WhenANameIsUnsafe_NamesIt() =>
        Should.Throw<UnsafePathException>(() => PathGuard.Join("/root", "a", "..")).Message.ShouldContain("a/..");

    [Fact]
    public void Create_WhenPartsLieElsewhere_MakesThemThereAndKeepsKeysPrivate()
    {
        using var folder = new TemporaryFolder();
        var folders = DataFolders.Resolve(
            folder["data"],
            name => name switch { "REPO_PATH" => folder["web"], "LANDING_ZONE_PATH" => "", _ => null });

        folders.Create();
        folders.Create();

        folders.Repositories.ShouldBe(folder["web"]);
        folders.Landing.ShouldBe(folder["data", "landing"]);
        foreach (var path in new[] { folders.Logs, folders.Landing, folders.Repositories, folders.Archive, folders.Sources })
        {
            Directory.Exists(path).ShouldBeTrue();
            File.GetUnixFileMode(path).ShouldBe(DataFolders.Public);
        }

        File.GetUnixFileMode(folders.Keys).ShouldBe(DataFolders.Private);
        File.Exists(folders.Database).ShouldBeFalse();
    }
}
