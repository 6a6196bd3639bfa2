using Caur.Pipelines.Rebuilds;

namespace Caur.Tests.Pipelines.Rebuilds;

public sealed class LibraryChangesTests
{
    [Fact]
    public void Compare_WhenAVersionChanges_SaysFromWhichToWhich()
    {
        var changes = LibraryChanges.Compare(Before(("libfoo", "1.2-1"), ("bar", "1-1")), [Database("extra", ("libfoo", "1:1.3-1"), ("bar", "1-1"))]);
        changes.Changed.Keys.ShouldBe(["libfoo"]);
        changes.Changed["libfoo"].ToString().ShouldBe("libfoo 1.2-1 -> 1:1.3-1");
        changes.Now["libfoo"].ShouldBe(["1:1.3-1"]);
    }

    [Fact]
    public void Compare_WhenNothingWasRemembered_ChangesNothing()
    {
        var changes = LibraryChanges.Compare(VersionSnapshot.Empty, [Database("extra", ("libfoo", "1-1"))]);
        changes.Changed.ShouldBeEmpty();
        changes.Now["libfoo"].ShouldBe(["1-1"]);
    }

    [Fact]
    public void Compare_WhenADatabaseIsFollowedForTheFirstTime_ItsPackagesAreNoNews()
    {
        var changes = LibraryChanges.Compare(
            Before(("libfoo", "1-1")), [Database("extra", ("libfoo", "1-1")), Database("own", ("a", "1-1"), ("b", "1-1"), ("c", "1-1"))]);
        changes.Changed.ShouldBeEmpty();
        changes.Now.Names.Count.ShouldBe(4);
    }

    [Fact]
    public void Compare_WhenAPackageIsNewInAKnownDatabase_IsAChange() =>
        LibraryChanges.Compare(Before(("a", "1-1")), [Database("extra", ("a", "1-1"), ("libfoo", "1-1"))])
            .Changed["libfoo"].ToString().ShouldBe("libfoo 1-1, which is new");

    [Fact]
    public void Compare_WhenADatabaseCannotBeRead_RemembersWhatItHad()
    {
        var before = Before(("libfoo", "1-1"), ("own", "2-1"));
        var failed = LibraryChanges.Compare(before, [Database("extra", ("libfoo", "1-1")), new FollowedDatabase("own", null, "it answered 500")]);
        failed.Changed.ShouldBeEmpty();
        failed.Now["own"].ShouldBe(["2-1"]);
        failed.Problems.ShouldBe(["own: it answered 500"]);

        var back = LibraryChanges.Compare(failed.Now, [Database("extra", ("libfoo", "1-1")), Database("own", ("own", "2-1"))]);
        back.Changed.ShouldBeEmpty();
    }

    [Fact]
    public void Compare_WhenPackagesOfOneBaseDiffer_TakesTheRememberedVersionAsLongAsItIsThere()
    {
        var both = new FollowedDatabase("extra", new Dictionary<string, IReadOnlyList<string>> { ["split"] = ["2-1", "1-1"] }, null);
        LibraryChanges.Compare(Before(("split", "1-1")), [both]).Changed.ShouldBeEmpty();
        LibraryChanges.Compare(Before(("split", "0-1")), [both]).Changed["split"].To.ShouldBe("2-1");
    }

    [Fact]
    public void Compare_WhenTwoDatabasesHaveAPackage_SeesEachChange()
    {
        var changes = LibraryChanges.Compare(
            Before(("a", "1-1"), ("a", "2-1"), ("b", "1-1")), [Database("extra", ("a", "1-1"), ("b", "1-1")), Database("own", ("a", "3-1"), ("b", "1-1"))]);
        changes.Changed["a"].ToString().ShouldBe("a 2-1 -> 3-1");
        changes.Now["a"].ShouldBe(["1-1", "3-1"]);
    }

    [Fact]
    public void Compare_WhenNamesDifferInDotsAlone_TheyAreDifferent()
    {
        var changes = LibraryChanges.Compare(Before(("a.b", "1-1"), ("ab", "1-1")), [Database("extra", ("a.b", "2-1"), ("ab", "1-1"))]);
        changes.Changed.Keys.ShouldBe(["a.b"]);
    }

    [Theory]
    [InlineData("libfoo", null, "libfoo")]
    [InlineData("other:libfoo:bar", null, "libfoo,bar")]
    [InlineData("libfoo:bar", "libfoo:gcc", "bar")]
    [InlineData(" libfoo :: bar:libfoo", "", "libfoo,bar")]
    [InlineData("lib", null, "")]
    [InlineData(null, null, "")]
    public void For_WhenTriggersAreGiven_LeavesOutTheBlacklist(string? triggers, string? blacklist, string expected)
    {
        var changes = LibraryChanges.Compare(Before(("libfoo", "1-1"), ("bar", "1-1")), [Database("extra", ("libfoo", "2-1"), ("bar", "2-1"))]);
        string.Join(',', changes.For(triggers, blacklist).Select(change => change.PkgBase)).ShouldBe(expected);
    }

    [Theory]
    [InlineData("libfoo:foo-libs:foo-libs", "foo-libs")]
    [InlineData("libfoo", "")]
    [InlineData(null, "")]
    public void NeverFor_WhenNoDatabaseHasATrigger_NamesIt(string? triggers, string expected) =>
        string.Join(',', LibraryChanges.Compare(VersionSnapshot.Empty, [Database("extra", ("libfoo", "1-1"))]).NeverFor(triggers)).ShouldBe(expected);

    [Fact]
    public void NeverFor_WhenNothingIsFollowed_NamesNone() => LibraryChanges.Compare(VersionSnapshot.Empty, []).NeverFor("libfoo").ShouldBeEmpty();

    private static VersionSnapshot Before(params (string Name, string Version)[] versions) =>
        VersionSnapshot.Of(versions.Select(version => new KeyValuePair<string, string>(version.Name, version.Version)));

    private static FollowedDatabase Database(string name, params (string Name, string Version)[] versions) =>
        new(name, versions.ToDictionary(version => version.Name, version => (IReadOnlyList<string>)[version.Version], StringComparer.Ordinal), null);
}
