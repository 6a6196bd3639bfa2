using Caur.Builder.Attempts;
using Caur.Protocol.Builders;

namespace Caur.Tests.Builder.Attempts;

/// <summary>What is known to be published before a container starts.</summary>
public sealed class StaticRecipeTests : IDisposable
{
    private const string Recipe = """
        # Maintainer: somebody
        pkgbase=foo
        pkgname=('foo' "foo-docs")
        pkgver=1.2
        pkgrel='3' # the third
        arch=(x86_64 aarch64)
        package_foo() { pkgdesc='a package'; }
        package_foo-docs() {
          arch=(any)
        }

        """;

    private const string Told = """
        pkgbase = foo
        	pkgver = 1.2
        	pkgrel = 3
        	arch = x86_64
        	arch = aarch64

        pkgname = foo
        	pkgdesc = a package

        pkgname = foo-docs
        	arch = any

        """;

    private static readonly string[] All = ["foo-1.2-3-x86_64.pkg.tar.zst", "foo-docs-1.2-3-any.pkg.tar.xz"];

    private readonly string _folder = Directory.CreateTempSubdirectory("caur-recipe-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AlreadyPublished_WhenEveryPackageIsThere_NamesThem() =>
        Ask(Recipe, Told, All).ShouldBe(["foo-1.2-3-x86_64", "foo-docs-1.2-3-any"]);

    [Theory]
    [InlineData("foo-1.2-3-x86_64.pkg.tar.zst")]
    [InlineData("foo-1.2-3-x86_64.pkg.tar.zst", "foo-docs-1.2-2-any.pkg.tar.zst")]
    [InlineData("foo-1.2-3-aarch64.pkg.tar.zst", "foo-docs-1.2-3-any.pkg.tar.zst")]
    [InlineData("foo-1:1.2-3-x86_64.pkg.tar.zst", "foo-docs-1:1.2-3-any.pkg.tar.zst")]
    public void AlreadyPublished_WhenOneIsMissing_IsUnknown(params string[] published) => Ask(Recipe, Told, published).ShouldBeNull();

    [Theory]
    [InlineData("pkgver() { echo 1.2; }")]
    [InlineData("function pkgver { echo 1.2; }")]
    [InlineData("pkgver=1.2")]
    [InlineData("  pkgrel=4")]
    [InlineData("[[ $x ]] && pkgver=2")]
    [InlineData("epoch=1")]
    [InlineData("pkgrel+=1")]
    public void AlreadyPublished_WhenTheRecipeMaySayAnotherVersion_IsForTheContainer(string line) => Ask(Recipe + line + "\n", Told, All).ShouldBeNull();

    [Theory]
    [InlineData("pkgver=1.2", "pkgver=1.3")]
    [InlineData("pkgver=1.2", "pkgver=$_version")]
    [InlineData("pkgver=1.2", "pkgver=${_version}")]
    [InlineData("pkgver=1.2", "pkgver=\"1.$(date +%d)\"")]
    [InlineData("pkgver=1.2", "")]
    [InlineData("'foo' \"foo-docs\"", "foo foo-docs foo-more")]
    [InlineData("'foo' \"foo-docs\"", "foo{,-docs}")]
    [InlineData("arch=(x86_64 aarch64)", "arch=(x86_64)")]
    public void AlreadyPublished_WhenTheTwoFilesDisagree_IsForTheContainer(string text, string other) =>
        Ask(Recipe.Replace(text, other, StringComparison.Ordinal), Told, All).ShouldBeNull();

    [Theory]
    [InlineData("prepare")]
    [InlineData("interfere.patch")]
    [InlineData("PKGBUILD.prepend")]
    [InlineData("PKGBUILD.append")]
    public void AlreadyPublished_WhenTheFolderInterferes_IsForTheContainer(string name)
    {
        Write(Path.Combine(".CI", name), "return 123");

        Ask(Recipe, Told, All).ShouldBeNull();
    }

    [Theory]
    [InlineData("1.2-3/2", true)]
    [InlineData("1.2-3/1", false)]
    [InlineData("1.1-3/1", false)]
    public void AlreadyPublished_WithABump_MeansTheBumpedVersion(string bump, bool known)
    {
        Write(".CI/config", $"CI_PACKAGE_BUMP={bump}");

        Ask(Recipe, Told, ["foo-1.2-3.2-x86_64.pkg.tar.zst", "foo-docs-1.2-3.2-any.pkg.tar.zst"], bump).ShouldBe(known ? ["foo-1.2-3.2-x86_64", "foo-docs-1.2-3.2-any"] : null);
    }

    [Fact]
    public void AlreadyPublished_WhenAFileIsALinkOrNoText_IsForTheContainer()
    {
        Write("real", Told);
        Ask(Recipe, "", All).ShouldBeNull();
        Ask(Recipe, "pkgbase = foo\n", All).ShouldBeNull();
        File.Delete(Path.Combine(_folder, ".SRCINFO"));
        File.CreateSymbolicLink(Path.Combine(_folder, ".SRCINFO"), "real");

        Ask(Recipe, null, All).ShouldBeNull();
    }

    private IReadOnlyList<string>? Ask(string recipe, string? told, string[] published, string? bump = null)
    {
        Write("PKGBUILD", recipe);
        if (told is not null)
        {
            Write(".SRCINFO", told);
        }

        return StaticRecipe.AlreadyPublished(_folder, new BuildOrder
        {
            Attempt = new AttemptRef("farm/x86_64/foo/1", 1),
            Pkgbase = "foo",
            TargetRepository = "farm",
            Arch = "x86_64",
            SourceRepository = "source",
            SourceUrl = "https://example.org/source.git",
            Commit = new string('a', 40),
            Image = "image",
            Published = published,
            PackageBump = bump,
        });
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
