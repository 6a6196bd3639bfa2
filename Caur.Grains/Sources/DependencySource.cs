using System.Collections.Immutable;
using Caur.Pipelines.Reading;

namespace Caur.Grains.Sources;

/// <summary>Which of two graphs tells what a folder depends on: the one of the commit's own files, which knows versions, architectures and
/// real names; or the one that was sent along, for folders whose files tell nothing, or for all when it was asked for (docs/adr/0008).</summary>
internal sealed class DependencySource(Deptree own, GivenDeptree? given, bool givenWins)
{
    private readonly SortedSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>Whether the graph given tells of a folder.</summary>
    public bool IsTold(string pkgbase) => given?.Knows(pkgbase) == true;

    /// <summary>The pkgbases that a pkgbase depends on.</summary>
    public ImmutableArray<string> Of(string pkgbase)
    {
        if (!IsTold(pkgbase) || (own.Knows(pkgbase) && !givenWins))
        {
            return own.DependenciesOf(pkgbase);
        }

        _used.Add(pkgbase);
        return given!.DependenciesOf(pkgbase, own.ProviderOf);
    }

    /// <summary>What became of the graph given; for people.</summary>
    public IEnumerable<string> Notes(bool wasGiven)
    {
        if (!wasGiven)
        {
            yield break;
        }

        const int Listed = 20;
        yield return _used.Count switch
        {
            0 => "the deptree given was not needed: the farm works out the dependencies from the commit",
            > Listed => $"the deptree given was used for {string.Join(", ", _used.Take(Listed))} and {_used.Count - Listed} more",
            _ => $"the deptree given was used for {string.Join(", ", _used)}",
        };
    }
}
