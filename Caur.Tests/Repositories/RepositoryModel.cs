using Caur.Contracts.Repositories;

namespace Caur.Tests.Repositories;

/// <summary>What a repository should hold after each order, told in the order in which they were given.</summary>
internal sealed class RepositoryModel
{
    private readonly Dictionary<long, SortedDictionary<string, (string Pkgbase, string Version)>> _generations = [];
    private SortedDictionary<string, (string Pkgbase, string Version)> _now = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Packages => [.. _now.Select(package => $"{package.Key} {package.Value.Version}")];

    public IReadOnlyCollection<string> Pkgbases => [.. _now.Values.Select(package => package.Pkgbase).Distinct()];

    /// <summary>Numbers of generations whose packages are known.</summary>
    public IReadOnlyList<long> Generations => [.. _generations.Keys];

    /// <summary>A build is published: all packages of its pkgbase are these.</summary>
    public void Publish(string pkgbase, IEnumerable<string> pkgnames, string version, long generation)
    {
        Take(_now.Where(package => package.Value.Pkgbase == pkgbase).Select(package => package.Key));
        foreach (var pkgname in pkgnames)
        {
            _now[pkgname] = (pkgbase, version);
        }

        Made(generation);
    }

    /// <summary>A change is over: it must have ended as it would here.</summary>
    public void Change(RepositoryChange change, RepositoryChangeView view)
    {
        var before = _now.Count;
        switch (change.Kind)
        {
            case RepositoryChangeKind.Rollback:
                if (!_generations.TryGetValue(change.Generation!.Value, out var old))
                {
                    view.Refusal.ShouldBe(RepositoryChangeRefusal.UnknownGeneration);
                    return;
                }

                view.Refusal.ShouldBe(RepositoryChangeRefusal.None, view.Reason);
                view.Removed.ShouldBe(_now.Keys.Count(name => !old.ContainsKey(name)));
                view.Added.ShouldBe(old.Keys.Count(name => !_now.ContainsKey(name)));
                view.Changed.ShouldBe(old.Count(package => _now.TryGetValue(package.Key, out var now) && now != package.Value));
                _now = new(old, StringComparer.Ordinal);
                break;
            case RepositoryChangeKind.Keep:
                var gone = _now.Where(package => !change.Names.Contains(package.Value.Pkgbase)).Select(package => package.Key).ToList();
                view.Removed.ShouldBe(gone.Count);
                view.Packages.ShouldBe(before);
                if (!change.Force && gone.Count * 5 > before)
                {
                    view.Refusal.ShouldBe(RepositoryChangeRefusal.TooMuch);
                    return;
                }

                view.Refusal.ShouldBe(RepositoryChangeRefusal.None, view.Reason);
                Take(gone);
                break;
            default:
                if (change.Names.Any(name => !Pkgbases.Contains(name)))
                {
                    view.Refusal.ShouldBe(RepositoryChangeRefusal.UnknownName);
                    return;
                }

                view.Refusal.ShouldBe(RepositoryChangeRefusal.None, view.Reason);
                Take(_now.Where(package => change.Names.Contains(package.Value.Pkgbase)).Select(package => package.Key));
                view.Removed.ShouldBe(before - _now.Count);
                break;
        }

        view.State.ShouldBe(RepositoryChangeState.Done);
        Made(view.Generation.ShouldNotBeNull());
    }

    private void Take(IEnumerable<string> pkgnames)
    {
        foreach (var pkgname in pkgnames.ToList())
        {
            _now.Remove(pkgname);
        }
    }

    private void Made(long generation)
    {
        if (generation > 0)
        {
            _generations[generation] = new(_now, StringComparer.Ordinal);
        }
    }
}
