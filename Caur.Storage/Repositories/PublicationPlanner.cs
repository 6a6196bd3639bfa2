using Caur.Pacman;
using Caur.Storage.Provenance;

namespace Caur.Storage.Repositories;

/// <summary>A build and what was found in its archives.</summary>
/// <param name="Build">The build.</param>
/// <param name="Inspections">One for each of its archives, in their order.</param>
/// <param name="Occupied">The names among its archives that a kept generation needs with other content.</param>
internal sealed record InspectedBuild(BuildToPublish Build, IReadOnlyList<ArchiveInspection> Inspections, IReadOnlySet<string> Occupied);

/// <summary>Decides what a request changes. Reads nothing: what it needs to know of files it is told.</summary>
internal sealed class PublicationPlanner(RepositoryDatabase current, int generation, PublicationRequest request)
{
    private readonly ILookup<string, RepositoryEntry> _byPkgbase = current.ToLookup(entry => entry.PkgBase.ToString(), StringComparer.Ordinal);
    private readonly Dictionary<string, PlannedPackage> _add = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RepositoryEntry> _remove = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pkgbases = new(StringComparer.Ordinal);
    private readonly List<RefusedBuild> _refused = [];
    private readonly List<InspectedBuild> _builds = [];
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

    /// <summary>Adds a build, which <see cref="Finish"/> takes in or refuses with every reason.</summary>
    public void Add(InspectedBuild build) => _builds.Add(build);

    /// <summary>Decides. A pkgname that moves from one pkgbase to another may do so within one publication, whichever of the two builds
    /// comes first: what is refused is tried again as long as others are taken in.</summary>
    private void Decide()
    {
        var open = _builds.ToList();
        int before;
        do
        {
            before = open.Count;
            open.RemoveAll(build => TryAccept(build) is []);
        }
        while (open.Count > 0 && open.Count < before);

        foreach (var build in open)
        {
            _refused.Add(new RefusedBuild(build.Build.Build, TryAccept(build)));
        }
    }

    /// <returns>Why the build is refused; empty when it was taken in.</returns>
    private List<string> TryAccept(InspectedBuild inspected)
    {
        var (build, inspections, occupied) = inspected;
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

        // What came and cannot be read may be what is missing.
        if (inspections.All(inspection => inspection.Entry is not null)
            && build.Required.Where(name => !packages.ContainsKey(name)).ToList() is { Count: > 0 } missing)
        {
            reasons.Add($"the build did not bring {string.Join(", ", missing)}, which {build.Pkgbase} is to make");
        }

        if (reasons.Count == 0)
        {
            Accept(build, packages);
        }

        return [.. reasons.Distinct(StringComparer.Ordinal)];
    }

    public PublicationProposal Finish()
    {
        Decide();
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
            Origins = [.. _builds.Where(build => _included.Contains(build.Build.Build)).Select(build => build.Build.Origin).OfType<BuildOrigin>()],
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

        // Clients that have the one would never get the other.
        if (entry.Version == published.Version
            && published.FileName != package.FileName
            && published.PkgBase == entry.PkgBase
            && !_remove.ContainsKey(package.Pkgname)
            && !build.AllowDowngrade)
        {
            yield return $"{package.Pkgname} {entry.Version} is published as {published.FileName}: raise its pkgrel";
        }
    }

    private bool IsPublished(PlannedPackage package) =>
        current.Find(PackageName.Parse(package.Pkgname)) is { } published
        && published.FileName == package.FileName
        && published.ReadDescription().Sha256Sum == package.Sha256;
}
