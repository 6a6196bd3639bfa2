using Caur.Grains.Sources;
using Caur.Pacman;
using Caur.Pipelines.Reading;
using Caur.Tests.Support;
using static Caur.Tests.Sources.SourceFolders;

namespace Caur.Tests.Sources;

public sealed class DeptreeTextTests
{
    [Theory]
    [InlineData("a:a,b:c,d;e:e:", "a:a,b:c,d;e:e:")]
    [InlineData(" a : a , b : c ;\n e:e:;;", "a:a,b:c;e:e:")]
    [InlineData("a:a,b=1:c>=2,d<1.3,c", "a:a,b:c,d")]
    [InlineData("a::b", "a::b")]
    [InlineData("Up.per+@1:Up.per+@1:lib.so,c++", "Up.per+@1:Up.per+@1:lib.so,c++")]
    [InlineData("", "")]
    public void Parse_WhenItCanBeRead_KeepsWhatItSays(string text, string expected) =>
        DeptreeText.Parse(text).GetRequired().ToString().ShouldBe(expected);

    [Theory]
    [InlineData("a:b", "'a:b' is not of the form")]
    [InlineData("a:b:c:d", "'a:b:c:d' is not of the form")]
    [InlineData("-a:b:c", "'-a' is not a package name")]
    [InlineData("a:b:c/d", "'c/d', which a names")]
    [InlineData("a:a:;b:b:;a:a:", "a stands twice")]
    public void Parse_WhenSomethingIsWrong_NamesIt(string text, string says) => DeptreeText.Parse(text).Error.ShouldNotBeNull().Message.ShouldContain(says);

    [Fact]
    public void Parse_WhenMuchIsWrong_NamesAllOfIt() =>
        DeptreeText.Parse("one;good:good:;two").Errors.Select(error => error.Message[..5]).ShouldBe(["'one'", "'two'"]);

    [Fact]
    public void Parse_WhenThereAreTooManyEntriesOrNames_SaysSoByName()
    {
        var limit = Numbered("p", DeptreeText.MaxNames);
        DeptreeText.Parse($"app:{string.Join(',', limit)}:{string.Join(',', limit)}").GetRequired().Entries[0].Names.Count.ShouldBe(DeptreeText.MaxNames);
        var over = string.Join(',', Numbered("p", DeptreeText.MaxNames + 1));
        DeptreeText.Parse($"app:{over}:").Error.ShouldNotBeNull().Message.ShouldBe("app has more than 10000 names or dependencies");
        DeptreeText.Parse($"app::{over}").Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.TooLarge);

        var entries = Numbered("p", DeptreeText.MaxEntries).Select(name => $"{name}::").ToList();
        DeptreeText.Parse(string.Join(';', entries)).GetRequired().Entries.Count.ShouldBe(DeptreeText.MaxEntries);
        DeptreeText.Parse(string.Join(';', entries.Append("one-more::"))).Error.ShouldNotBeNull().Message.ShouldBe("the text has more than 20000 entries");
    }

    [Fact]
    public void Parse_WhenAnEntryIsFullOfFaults_NamesTheFirstHundred() =>
        DeptreeText.Parse($"app:{string.Join(',', Numbered("/", 1000))}:").Errors.Count.ShouldBe(100);

    /// <summary>Names in many entries cost about as much as the same names in few, which is not so when each is compared with all of its entry.</summary>
    [Fact]
    public void Parse_WhenAnEntryHasManyNames_CostsNoMoreThanTheSameNamesInManyEntries()
    {
        const int Rounds = 5;
        var names = Numbered("p", DeptreeText.MaxNames).ToList();
        var apart = string.Join(';', names.Chunk(10).Select((chunk, i) => $"e{i}:{string.Join(',', chunk)}:{string.Join(',', chunk)}"));
        var together = $"e:{string.Join(',', names)}:{string.Join(',', names)}";
        DeptreeText.Parse(apart).IsValid.ShouldBeTrue();

        var baseline = Measure(apart);
        Measure(together).ShouldBeLessThan((baseline * 8) + TimeSpan.FromMilliseconds(500));

        static TimeSpan Measure(string text) => ThreadTime.Of(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                DeptreeText.Parse(text).IsValid.ShouldBeTrue();
            }
        });
    }

    private static IEnumerable<string> Numbered(string prefix, int count) => Enumerable.Range(0, count).Select(i => $"{prefix}{i}");

    [Fact]
    public void Parse_WhenTheOriginalPutDependenciesWhereNamesBelong_ReadsThemAsDependencies()
    {
        // What today's pipelines send for a folder whose names they cannot keep.
        var entry = DeptreeText.Parse("speedtest++:git,cmake,curl:").GetRequired().Entries.ShouldHaveSingleItem();
        entry.Names.ShouldBeEmpty();
        entry.Dependencies.Select(name => name.ToString()).ShouldBe(["git", "cmake", "curl"]);

        var given = Given("speedtest++:git,cmake,curl:;cmake:cmake:;app:app:git,speedtest++");
        given.DependenciesOf("app").ShouldBe(["speedtest++"]);
        given.DependenciesOf("speedtest++").ShouldBe(["cmake"]);
    }

    [Fact]
    public void ToString_WhenNamesCouldBeTakenForDependencies_IsReadBackAsNames()
    {
        var entry = new DeptreeEntry(PackageName.Parse("foo.d"), [PackageName.Parse("food")], []);
        DeptreeText.Parse(DeptreeText.Of([entry]).ToString()).GetRequired().Entries[0].Names.ShouldContain(PackageName.Parse("food"));
    }

    [Fact]
    public void GivenDeptree_WhenSeveralListAName_IsThePkgbaseOfThatNameOrTheFirst()
    {
        var given = Given("zed:zed,virt:;aaa:aaa,foo,virt:;foo:foo:foo;app:app:foo,virt,unknown");
        given.DependenciesOf("app").ShouldBe(["aaa", "foo"]);
        given.DependenciesOf("foo").ShouldBeEmpty("nothing depends on itself");
        given.DependenciesOf("nowhere").ShouldBeEmpty();
    }

    [Fact]
    public void ToText_WhenReadBack_HasExactlyTheEdgesOfTheGraph()
    {
        PackageFolder[] folders =
        [
            Folder("lib.so-2", "provides = virt=2"),
            Folder("old", "provides = virt=1"),
            Folder("virt", "arch = aarch64"),
            Folder("c++tools", "pkgname = c++tools-a", "pkgname = c++tools-b", "depends = lib.so-2"),
            Folder("app", "depends = virt>=2", "makedepends = c++tools-b", "checkdepends = old", "depends = glibc"),
            Folder("alone.d", "pkgname = alone"),
        ];
        var own = new Deptree(folders, "x86_64");

        var given = new GivenDeptree(DeptreeText.Parse(own.ToText().ToString()).GetRequired());

        own.DependenciesOf("app").ShouldBe(["c++tools", "lib.so-2", "old"]);
        foreach (var folder in folders)
        {
            given.DependenciesOf(folder.Pkgbase).ShouldBe(own.DependenciesOf(folder.Pkgbase), folder.Pkgbase);
        }
    }

    private static GivenDeptree Given(string text) => new(DeptreeText.Parse(text).GetRequired());
}
