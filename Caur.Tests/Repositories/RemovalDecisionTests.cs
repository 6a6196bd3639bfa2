using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Repositories;

/// <summary>Which packages go, for any repository and any list.</summary>
public sealed class RemovalDecisionTests
{
    private static readonly (string Pkgname, string Pkgbase)[] Split = [("gtk", "gtk"), ("gtk-docs", "gtk"), ("lib++", "lib.b"), ("zed", "zed")];

    /// <summary>Up to 20 pkgbases with up to 3 packages each, and a list of which some are there and some are not.</summary>
    private static Arbitrary<(List<(string Pkgname, string Pkgbase)> Packages, List<string> Names)> Cases { get; } = (
        from sizes in Gen.Choose(0, 3).ListOf()
        from names in Gen.Choose(0, 25).ListOf()
        select (
            sizes.Take(20).SelectMany((size, number) => Enumerable.Range(0, size).Select(part => ($"b{number}-{part}", $"b{number}"))).ToList(),
            names.Select(number => $"b{number}").ToList())).ToArbitrary();

    [Fact]
    public void Keep_WithForce_LeavesExactlyThePackagesOfThePkgbasesNamed() =>
        Prop.ForAll(Cases, given =>
        {
            var (packages, names) = given;
            var decision = Keep(packages, names, force: true);
            if (names.Count == 0)
            {
                return decision is { Refusal: RepositoryChangeRefusal.EmptyList, Pkgnames.IsEmpty: true };
            }

            var left = packages.Where(package => !decision.Pkgnames.Contains(package.Pkgname)).ToList();
            return decision.Refusal == RepositoryChangeRefusal.None
                && left.SequenceEqual(packages.Where(package => names.Contains(package.Pkgbase)))
                && decision.Pkgnames.Length == packages.Count - left.Count
                && decision.UnknownNames == names.Distinct().Count(name => packages.All(package => package.Pkgbase != name))
                && (left.Count == 0 || Keep(left, names, force: false).Pkgnames.IsEmpty);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));

    [Fact]
    public void Keep_WithoutForce_IsTheSameOrRefusedWhenMoreThanAFifthGoes() =>
        Prop.ForAll(Cases, given =>
        {
            var (packages, names) = given;
            var (forced, careful) = (Keep(packages, names, force: true), Keep(packages, names, force: false));
            var tooMuch = names.Count > 0 && forced.Pkgnames.Length / (double)Math.Max(1, packages.Count) > 0.2000001;
            return careful.Pkgnames.SequenceEqual(forced.Pkgnames)
                && (careful.Refusal == RepositoryChangeRefusal.TooMuch) == tooMuch;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));

    [Theory]
    [InlineData(5, 1, false)]
    [InlineData(4, 1, true)]
    [InlineData(10, 2, false)]
    [InlineData(14, 3, true)]
    [InlineData(10_000, 2_000, false)]
    [InlineData(9_999, 2_000, true)]
    [InlineData(3, 3, true)]
    [InlineData(0, 0, false)]
    public void Keep_AtTheBorder_AllowsExactlyAFifth(int packages, int gone, bool refused)
    {
        var all = Enumerable.Range(0, packages).Select(number => ($"p{number}", $"p{number}")).ToList();

        var decision = Keep(all, [.. Enumerable.Range(gone, packages - gone).Select(number => $"p{number}"), "elsewhere"], force: false);

        decision.Pkgnames.Length.ShouldBe(gone);
        (decision.Refusal == RepositoryChangeRefusal.TooMuch).ShouldBe(refused);
    }

    [Fact]
    public void Keep_WhenTooMuchWouldGo_SaysHowManyAndWhich()
    {
        var all = Enumerable.Range(0, 30).Select(number => ($"p{number:00}", $"p{number:00}")).ToList();

        var reason = Keep(all, ["p29"], force: false).Reason;

        reason.ShouldStartWith("29 of 30 packages (96.7 %) would go, more than a fifth: p00, p01, p02,");
        reason.ShouldContain("p19 and 9 more.");
        reason.ShouldContain("--force");
    }

    [Fact]
    public void Keep_WhenAPackageHasNoPkgbaseOfItsOwn_CountsByItsName() =>
        Keep([("alone", "alone"), ("part", "whole")], ["alone", "part"], force: true).Pkgnames.ShouldBe(["part"]);

    [Fact]
    public void Keep_WhenANameCannotBeOne_IsRefusedByName()
    {
        var decision = Keep(Split, ["gtk", "../zed", ".hidden", "gtk"], force: true);

        decision.Refusal.ShouldBe(RepositoryChangeRefusal.InvalidName);
        decision.Reason.ShouldBe("no package can be named '../zed', '.hidden'");
        decision.Pkgnames.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("gtk lib.b", false, RepositoryChangeRefusal.None, "gtk gtk-docs lib++", "")]
    [InlineData("gtk gtk", false, RepositoryChangeRefusal.None, "gtk gtk-docs", "")]
    [InlineData("gtk-docs", true, RepositoryChangeRefusal.None, "gtk-docs", "")]
    [InlineData("", false, RepositoryChangeRefusal.EmptyList, "", "nothing is named")]
    [InlineData("zed gtk-docs", false, RepositoryChangeRefusal.PartOfPkgbase, "", "'gtk-docs' is a package of pkgbase 'gtk', whose packages belong together (gtk, gtk-docs)")]
    [InlineData("zed lib++", false, RepositoryChangeRefusal.PartOfPkgbase, "", "remove 'lib.b', or the package alone with --package")]
    [InlineData("zed gkt", false, RepositoryChangeRefusal.UnknownName, "", "there is no pkgbase 'gkt'; did you mean gtk?")]
    [InlineData("zed lib.b", true, RepositoryChangeRefusal.UnknownName, "", "there is no package 'lib.b'; did you mean lib++?")]
    public void Remove_ByNames_TakesAllOrNothing(string names, bool single, RepositoryChangeRefusal refusal, string gone, string reason)
    {
        var decision = RemovalDecision.Decide(Split, new RepositoryChange
        {
            Operation = Guid.NewGuid(),
            Kind = RepositoryChangeKind.Remove,
            Names = [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            SinglePackages = single,
        });

        decision.Refusal.ShouldBe(refusal, decision.Reason);
        decision.Reason.ShouldContain(reason);
        decision.Pkgnames.ShouldBe(gone.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static RemovalDecision Keep(IReadOnlyCollection<(string Pkgname, string Pkgbase)> packages, IEnumerable<string> names, bool force) =>
        RemovalDecision.Decide(
            packages, new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Keep, Names = [.. names], Force = force });
}
