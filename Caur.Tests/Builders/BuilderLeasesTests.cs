using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Grains.Builders;

namespace Caur.Tests.Builders;

public sealed class BuilderLeasesTests
{
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);
    private static readonly BuilderId Builder = new("b", "0");
    private readonly BuilderLeases _leases = new();

    [Fact]
    public void Expired_WhenTheTimeIsOver_NamesIt()
    {
        _leases.Grant(Attempt("a"), Now);
        _leases.Grant(Attempt("b"), Now + TimeSpan.FromSeconds(1));

        _leases.Expired(Now).ShouldBe([Attempt("a")]);
        _leases.Expired(Now + TimeSpan.FromSeconds(1)).Length.ShouldBe(2);
    }

    [Fact]
    public void Renew_WhenLeased_MovesItsEndAndNamesTheOthers()
    {
        _leases.Grant(Attempt("a"), Now);
        _leases.Grant(Attempt("b"), Now);

        _leases.Renew([Attempt("a"), Attempt("c"), Attempt("b", 2)], Now + TimeSpan.FromSeconds(9)).ShouldBe([Attempt("c"), Attempt("b", 2)]);
        _leases.Expired(Now).ShouldBe([Attempt("b")]);
    }

    [Fact]
    public void Release_WhenOlder_LeavesTheNewer()
    {
        _leases.Grant(Attempt("a", 2), Now);
        _leases.Release(Attempt("a"));
        _leases.Has(Attempt("a", 2)).ShouldBeTrue();
        _leases.Release(Attempt("a", 2));
        _leases.Count.ShouldBe(0);
    }

    [Fact]
    public void Cancelled_WhenWanted_IsNamedUntilItEnded()
    {
        _leases.Cancel(Attempt("a"), "not wanted");
        _leases.Cancelled().ShouldBeEmpty();
        _leases.Grant(Attempt("a"), Now);
        _leases.Cancelled().ShouldBe([Attempt("a")]);
        _leases.Release(Attempt("a"));
        _leases.Grant(Attempt("a", 2), Now);
        _leases.Cancelled().ShouldBeEmpty();
    }

    private static BuildAttempt Attempt(string pkgbase, int number = 1) => new(BuildId.Parse($"repo/x86_64/{pkgbase}/1"), number, Builder);
}
