using Caur.Pipelines.Reading;
using static Caur.Tests.Sources.SourceFolders;

namespace Caur.Tests.Sources;

public sealed class DeptreeTests
{
    [Theory]
    [InlineData("depends = lib")]
    [InlineData("makedepends = lib")]
    [InlineData("checkdepends = lib")]
    [InlineData("depends_x86_64 = lib")]
    [InlineData("makedepends_x86_64 = lib>=0.9")]
    [InlineData("checkdepends_x86_64 = lib<2")]
    [InlineData("depends = lib>1:0")]
    public void DependenciesOf_WhenAnyKindOfDependency_NamesTheFolder(string line) =>
        Of("app", Folder("lib"), Folder("app", line)).ShouldBe(["lib"]);

    [Theory]
    [InlineData("depends_aarch64 = lib")]
    [InlineData("optdepends = lib: for more")]
    [InlineData("provides = lib")]
    [InlineData("depends = other")]
    public void DependenciesOf_WhenItIsNone_IsEmpty(string line) => Of("app", Folder("lib"), Folder("app", line)).ShouldBeEmpty();

    [Theory]
    [InlineData("gtk2+extra")]
    [InlineData("lib.so")]
    [InlineData("name@2")]
    [InlineData("Upper_Case-1")]
    public void DependenciesOf_WhenNamesAreOdd_FindsThem(string name) =>
        Of("app", Folder(name), Folder("app", $"depends = {name}>=1.0")).ShouldBe([name]);

    [Fact]
    public void DependenciesOf_WhenAPackageOfASplitFolderIsNamed_IsItsFolder()
    {
        var split = Folder("suite", "pkgname = suite-libs", "pkgname = suite-tools", "depends = suite-libs", "depends = zlib-x");

        Of("app", split, Folder("app", "depends = suite-tools"), Folder("zlib-x")).ShouldBe(["suite"]);
        Of("suite", split, Folder("zlib-x")).ShouldBe(["zlib-x"], "its package's own depends count, those on itself do not");
    }

    [Fact]
    public void DependenciesOf_WhenOnlySomePackageOverridesDepends_TakesBoth()
    {
        var split = Folder("suite", "depends = base-lib", "pkgname = suite-a", "pkgname = suite-b", "depends = other-lib");

        Of("suite", split, Folder("base-lib"), Folder("other-lib")).ShouldBe(["base-lib", "other-lib"]);
    }

    [Fact]
    public void DependenciesOf_WhenAFolderIsMadeFromAnotherPkgbase_DoesNotTakeItForThatOne()
    {
        var made = MadeFrom("libc", "libc-own", "makedepends = bison-x");

        Of("app", made, Folder("app", "depends = libc")).ShouldBeEmpty();
        Of("app", made, Folder("app", "depends = libc-own")).ShouldBe(["libc-own"]);
        Of("libc-own", made, Folder("bison-x")).ShouldBe(["bison-x"]);
        new Deptree([made, Folder("bison-x")], "x86_64").ToText().ToString().ShouldBe("bison-x:bison-x:;libc-own:libc-own:bison-x");
    }

    [Fact]
    public void DependenciesOf_WhenProvided_IsTheProvider() =>
        Of("app", Folder("foo-git", "provides = foo=2.0"), Folder("app", "depends = foo>=1.5")).ShouldBe(["foo-git"]);

    [Fact]
    public void DependenciesOf_WhenAPackageHasTheName_WinsOverProvides() =>
        Of("app", Folder("aaa", "provides = foo=1.0"), Folder("foo"), Folder("app", "depends = foo")).ShouldBe(["foo"]);

    [Fact]
    public void DependenciesOf_WhenTheNamedOneIsTooOld_TakesAProviderThatFits() =>
        Of("app", Folder("foo"), Folder("foo-git", "provides = foo=3.0"), Folder("app", "depends = foo>=2")).ShouldBe(["foo-git"]);

    [Fact]
    public void DependenciesOf_WhenNobodyHasTheVersionYet_IsWhoeverHasTheName()
    {
        Of("app", Folder("foo"), Folder("app", "depends = foo>=9")).ShouldBe(["foo"]);
        Of("app", Folder("foo-git", "provides = foo=1"), Folder("app", "depends = foo>=9")).ShouldBe(["foo-git"]);
        Of("app", Folder("foolib", "provides = libfoo.so"), Folder("app", "depends = libfoo.so=2-64")).ShouldBe(["foolib"]);
    }

    [Fact]
    public void DependenciesOf_WhenSeveralProvide_IsTheFirstByName() =>
        Of("app", Folder("foo-b", "provides = foo"), Folder("foo-a", "provides = foo"), Folder("app", "depends = foo")).ShouldBe(["foo-a"]);

    [Fact]
    public void DependenciesOf_WhenItProvidesItItself_IsEmpty()
    {
        Of("app", Folder("app", "depends = app", "depends = virt", "provides = virt"), Folder("aaa", "provides = virt")).ShouldBeEmpty();
    }

    [Fact]
    public void DependenciesOf_WhenEpochsCount_ComparesThem()
    {
        var lib = Folder("lib", "epoch = 1", "pkgver = 0.5");
        var other = Folder("lib-compat", "provides = lib=0:7");

        Of("app", lib, other, Folder("app", "depends = lib>=2.0")).ShouldBe(["lib"]);
        Of("app", lib, other, Folder("app", "depends = lib<1:0")).ShouldBe(["lib-compat"]);
    }

    [Fact]
    public void DependenciesOf_WhenTheProviderIsOfAnotherArch_IsEmpty()
    {
        Of("app", Folder("lib", "arch = aarch64"), Folder("app", "depends = lib")).ShouldBeEmpty();
        Of("app", Folder("lib", "arch = any"), Folder("app", "depends = lib")).ShouldBe(["lib"]);
        Of("app", Folder("lib", "provides_aarch64 = virt"), Folder("app", "depends = virt")).ShouldBeEmpty();
        Of("app", Folder("lib", "provides_x86_64 = virt"), Folder("app", "depends = virt")).ShouldBe(["lib"]);
    }

    [Fact]
    public void DependenciesOf_WhenAFolderCannotBeRead_LeavesItOut() =>
        Of("app", Broken("lib", "no .SRCINFO"), Folder("app", "depends = lib")).ShouldBeEmpty();

    [Fact]
    public void DependenciesOf_WhenUnknown_IsEmpty() => Of("nothing", Folder("app")).ShouldBeEmpty();

    [Fact]
    public void DependenciesOf_WhenTheProvidedVersionIsAnother_IsEmpty()
    {
        Of("app", Folder("compat", "provides = foo=1"), Folder("app", "depends = foo>=2")).ShouldBeEmpty();
        Of("app", Folder("compat", "provides = foo=1:1"), Folder("app", "depends = foo>=2")).ShouldBe(["compat"], "epochs count");
        Of("app", Folder("compat", "provides = foo=2-1"), Folder("app", "depends = foo=2")).ShouldBe(["compat"]);
    }

    [Fact]
    public void DependenciesOf_WhenAPackageEmptiesOrOverridesProvides_FollowsThePackage()
    {
        var split = Folder("suite", "provides = virt", "pkgname = suite-a", "provides =", "pkgname = suite-b", "provides = other");
        Of("app", split, Folder("app", "depends = virt")).ShouldBeEmpty();
        Of("app", split, Folder("app", "depends = other")).ShouldBe(["suite"]);
        Of("suite", Folder("lib"), Folder("suite", "pkgname = a", "depends = lib", "pkgname = b", "depends =")).ShouldBe(["lib"]);
    }

    [Fact]
    public void DependenciesOf_WhenAPackageIsOfAnotherArch_ItsDependenciesDoNotCount() =>
        Of("suite", Folder("lib"), Folder("suite", "pkgname = a", "pkgname = b", "arch = aarch64", "depends = lib")).ShouldBeEmpty();

    [Fact]
    public void ChoicesOf_WhenSeveralProvide_SaysWhichIsTaken()
    {
        var tree = new Deptree([Folder("foo-b", "provides = foo"), Folder("foo-a", "provides = foo"), Folder("app", "depends = foo")], "x86_64");
        tree.ChoicesOf("app").ShouldBe(["app depends on foo, which foo-a, foo-b provide; foo-a is taken, the first by its package's name"]);
        tree.ChoicesOf("foo-a").ShouldBeEmpty();
    }

    [Fact]
    public async Task FolderReader_WhenFoldersAreFaulty_NamesThemAndReadsTheOthers()
    {
        using var folder = new Caur.Tests.Storage.Support.TemporaryFolder();
        await WriteAsync("good++", "pkgbase = good++\npkgver = 1\npkgrel = 1\narch = any\n\npkgname = good++\n");
        await WriteAsync("broken", "nonsense");
        await WriteAsync(".hidden", "pkgbase = x");
        await WriteAsync("without", null);
        Directory.CreateDirectory(folder["no-package"]);

        var folders = await FolderReader.ReadAsync(folder.Path, TestContext.Current.CancellationToken);

        folders.Select(item => item.Pkgbase).ShouldBe(["broken", "good++", "without"]);
        folders.Where(item => item.Problem is null).Select(item => item.Pkgbase).ShouldBe(["good++"]);
        folders[0].Problem.ShouldNotBeNull().ShouldContain("line 1");
        folders[2].Problem.ShouldNotBeNull().ShouldContain("makepkg --printsrcinfo");

        async Task WriteAsync(string name, string? srcinfo)
        {
            Directory.CreateDirectory(folder[name]);
            await File.WriteAllTextAsync(Path.Combine(folder[name], "PKGBUILD"), "");
            if (srcinfo is not null)
            {
                await File.WriteAllTextAsync(Path.Combine(folder[name], ".SRCINFO"), srcinfo);
            }
        }
    }

    private static IEnumerable<string> Of(string pkgbase, params PackageFolder[] folders) =>
        new Deptree(folders, "x86_64").DependenciesOf(pkgbase);
}
