using Caur.Pacman;

namespace Caur.Storage.Repositories;

/// <summary>Decides what a request changes. Reads nothing: what it needs to know of files it is told.</summary>
internal sealed class PublicationPlanner(RepositoryDatabase current, int generation, PublicationRequest request)
{
    private readonly ILookup<string, RepositoryEntry> _byPkgbase = current.ToLookup(entry => entry.PkgBase.ToString(), StringComparer.Ordinal);
    private readonly Dictionary<string, PlannedPackage> _add = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RepositoryEntry> _remove = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pkgbases = new(StringComparer.Ordinal);
    private readonly List<RefusedBuild> _refused = [];
    private readonly List<string> _included = [];
    private readonly List<string> _upToDate = [];

    /// <summary>Removals come first: what a build makes is not removed by the same publication.</summary>
    public void Remove()
    {
        foreach (var entry in request.RemovePkgbases.SelectMany(pkgbase => _byPkgbase[pkgbase]))
        {
            _remove[entry.Name.ToString()] = entry;
        }

        foreach (var pkgname in request.RemovePkgnames)
        {
            if (PackageName.TryParse(pkgname, out var name) && current.Find(name) is { } entry)
            {
                _remove[pkgname] = entry;
            }
        }
    }

    /// <summary>Takes a build in, or refuses it with every reason.</summary>
    /// <param name="build">The build.</param>
    /// <param name="inspections">One for each of its archives, in their order.</param>
    /// <param name="occupied">The names among its archives that a kept generation needs with other content.</param>
    public void Add(BuildToPublish build, IReadOnlyList<ArchiveInspection> inspections, IReadOnlySet<string> occupied)
    {
        var reasons = inspections.SelectMany(inspection => inspection.Problems).Select(problem => problem.Text).ToList();
        if (inspections.Count == 0)
        {
            reasons.Add("the build brought no archives");
        }

        if (_pkgbases.Contains(build.Pkgbase))
        {
            reasons.Add($"another build of {build.Pkgbase} is in this publication");
        }

        var packages = new Dictionary<string, PlannedPackage>(StringComparer.Ordinal);
        for (var index = 0; index < inspections.Count; index++)
        {
            if (inspections[index].Entry is { } entry)
            {
                var package = Plan(build, build.Archives[index], entry);
                reasons.AddRange(Check(build, entry, package, occupied));
                if (!packages.TryAdd(package.Pkgname, package))
                {
                    reasons.Add($"the build brought {package.Pkgname} twice");
                }
            }
        }

        if (reasons.Count > 0)
        {
            _refused.Add(new RefusedBuild(build.Build, [.. reasons.Distinct(StringComparer.Ordinal)]));
            return;
        }

        Accept(build, packages);
    }

    public PublicationProposal Finish()
    {
        var plan = new PublicationPlan
        {
            Id = request.Id,
            BaseGeneration = generation,
            Add = [.. _add.Values.OrderBy(package => package.Pkgname, StringComparer.Ordinal)],
            Remove = [.. _remove.Values
                .Where(entry => !_add.ContainsKey(entry.Name.ToString()))
                .OrderBy(entry => entry.Name)
                .Select(entry => new PlannedRemoval(entry.Name.ToString(), entry.PkgBase.ToString(), entry.Version.ToString()))],
            Builds = _included,
        };
        // A repository that has no database yet gets one even when it is empty: pacman cannot do without.
        var changes = plan.Add.Count > 0 || plan.Remove.Count > 0 || generation == 0;
        return new PublicationProposal { Plan = changes ? plan : null, Refused = _refused, UpToDate = _upToDate };
    }

    private void Accept(BuildToPublish build, Dictionary<string, PlannedPackage> packages)
    {
        _pkgbases.Add(build.Pkgbase);
        var changes = false;
        foreach (var package in packages.Values)
        {
            if (IsPublished(package))
            {
                _remove.Remove(package.Pkgname);
            }
            else
            {
                _add[package.Pkgname] = package;
                changes = true;
            }
        }

        foreach (var dropped in _byPkgbase[build.Pkgbase].Where(entry => !packages.ContainsKey(entry.Name.ToString())))
        {
            changes |= _remove.TryAdd(dropped.Name.ToString(), dropped);
        }

        (changes ? _included : _upToDate).Add(build.Build);
    }

    private PlannedPackage Plan(BuildToPublish build, OfferedArchive archive, RepositoryEntry entry) => new(
        entry.Name.ToString(),
        entry.PkgBase.ToString(),
        entry.Version.ToString(),
        archive.FileName,
        archive.Path,
        archive.Size,
        archive.Sha256.ToLowerInvariant(),
        build.Build,
        current.Find(entry.Name)?.Version.ToString());

    private IEnumerable<string> Check(BuildToPublish build, RepositoryEntry entry, PlannedPackage package, IReadOnlySet<string> occupied)
    {
        if (_add.TryGetValue(package.Pkgname, out var other))
        {
            yield return $"{package.Pkgname} is also made by {other.Pkgbase}, in this publication";
        }

        if (occupied.Contains(package.FileName))
        {
            yield return $"{package.FileName} is published with other content: raise its pkgrel";
        }

        if (current.Find(entry.Name) is not { } published)
        {
            yield break;
        }

        if (published.PkgBase != entry.PkgBase && !_remove.ContainsKey(package.Pkgname) && !build.AllowTakeOver)
        {
            yield return $"{package.Pkgname} is published by pkgbase {published.PkgBase}";
        }

        if (entry.Version < published.Version && !build.AllowDowngrade)
        {
            yield return $"{package.Pkgname} {entry.Version} is lower than the published {published.Version}";
        }
    }

    private bool IsPublished(PlannedPackage package) =>
        current.Find(PackageName.Parse(package.Pkgname)) is { } published
        && published.FileName == package.FileName
        && published.ReadDescription().Sha256Sum == package.Sha256;
}
