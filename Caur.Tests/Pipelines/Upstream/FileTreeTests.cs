using System.Text;
using Caur.Pipelines.Upstream;

namespace Caur.Tests.Pipelines.Upstream;

public sealed class FileTreeTests
{
    [Theory]
    [InlineData("PKGBUILD", true)]
    [InlineData(".CI/update.sh", true)]
    [InlineData("LICENSES/0BSD.txt", true)]
    [InlineData("../x", false)]
    [InlineData("a/../../x", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("a//b", false)]
    [InlineData("./a", false)]
    [InlineData("a/", false)]
    [InlineData(".git/config", false)]
    [InlineData("a/.GIT/hooks/x", false)]
    [InlineData("GIT~1/config", false)]
    [InlineData("a\\b", false)]
    [InlineData("a\nb", false)]
    [InlineData("", false)]
    public void IsSafe_WhenPathStaysInItsFolder_IsTrue(string path, bool expected) => FileTree.IsSafe(path).ShouldBe(expected);

    [Theory]
    [InlineData("LICENSES/0BSD.txt", "../LICENSE", true)]
    [InlineData("a", "b/c", true)]
    [InlineData("a", "../b", false)]
    [InlineData("d/a", "../../b", false)]
    [InlineData("d/a", "x/../../../b", false)]
    [InlineData("a", "/etc/passwd", false)]
    [InlineData("a", "", false)]
    public void Fault_WhenLinkLeadsOut_IsTold(string path, string target, bool allowed) =>
        (FileTree.Fault(path, new TreeFile(TreeFileKind.Link, Encoding.UTF8.GetBytes(target))) is null).ShouldBe(allowed);

    [Fact]
    public void Merge_WhenUpstreamHasOtherFiles_KeepsWhatIsTheFarms()
    {
        var folder = Tree(("PKGBUILD", "old"), (".CI/config", "x=1"), (".gitignore", "y"), ("gone.patch", "z"), ("sub/.gitignore", "k"));
        var upstream = Tree(("PKGBUILD", "new"), (".CI/config", "evil=1"), (".gitignore", "theirs"), ("new.patch", "n"));
        var merged = PackageUpdate.Merge(folder, upstream);
        merged.Files.Keys.ShouldBe([".CI/config", ".gitignore", "PKGBUILD", "new.patch", "sub/.gitignore"]);
        merged.Text("PKGBUILD").ShouldBe("new");
        merged.Text(".CI/config").ShouldBe("x=1");
        merged.Text(".gitignore").ShouldBe("y");
    }

    [Fact]
    public void Differs_WhenOnlyOtherFilesChange_IsFalse()
    {
        var folder = Tree(("PKGBUILD", "p"), (".SRCINFO", "s"), ("a.patch", "1"));
        PackageUpdate.Differs(folder, Tree(("PKGBUILD", "p"), (".SRCINFO", "s"), ("a.patch", "2"))).ShouldBeFalse();
        PackageUpdate.Differs(folder, Tree(("PKGBUILD", "p"), (".SRCINFO", "t"))).ShouldBeTrue();
        PackageUpdate.Differs(folder, Tree(("PKGBUILD", "p"))).ShouldBeTrue();
        PackageUpdate.Differs(folder, Tree(("PKGBUILD", "q"), (".SRCINFO", "s"))).ShouldBeTrue();
    }

    [Fact]
    public void Refuse_WhenUpstreamIsNoSuchPackage_SaysWhy()
    {
        PackageUpdate.Refuse("a", FileTree.Empty, Tree(("x", ""))).ShouldBe("upstream has no PKGBUILD");
        PackageUpdate.Refuse("a", FileTree.Empty, Tree(("PKGBUILD", ""))).ShouldBeNull();
        PackageUpdate.Refuse("a", FileTree.Empty, Tree(("PKGBUILD", ""), (".SRCINFO", "nonsense"))).ShouldStartWith("upstream's .SRCINFO cannot be read");
        PackageUpdate.Refuse("a", Of("a"), Of("b")).ShouldBe("upstream's .SRCINFO is of pkgbase b");
        PackageUpdate.Refuse("a", Of("c"), Of("b")).ShouldBe("upstream's .SRCINFO is of pkgbase b");
    }

    [Fact]
    public void Refuse_WhenTheFolderIsMadeFromAnotherPkgbase_TakesThatOne()
    {
        PackageUpdate.Refuse("linux-own", Of("linux"), Of("linux")).ShouldBeNull();
        PackageUpdate.Refuse("linux-own", Of("linux"), Of("linux-own")).ShouldBeNull();
    }

    private static FileTree Of(string pkgbase) =>
        Tree(("PKGBUILD", ""), (".SRCINFO", $"pkgbase = {pkgbase}\n\tpkgver = 1\n\tpkgrel = 1\npkgname = {pkgbase}\n"));

    internal static FileTree Tree(params (string Path, string Text)[] files) =>
        FileTree.Of(files.Select(file => new KeyValuePair<string, TreeFile>(file.Path, TreeFile.Plain(file.Text))));
}
