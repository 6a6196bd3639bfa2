using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Grains.Queue;

namespace Caur.Grains.Sources;

/// <summary>Turns the wish to build packages into requests: which folders, in which order, by which builder. Decides only.</summary>
internal static class SchedulePlanner
{
    /// <summary>Plans. Either <see cref="SchedulePlan.Error"/> is set and nothing is to be queued, or every wanted folder is in the
    /// requests or among the refused.</summary>
    public static SchedulePlan Plan(
        string repository, SourceRepositoryOptions options, ScheduleRequest request, SourceSnapshot snapshot)
    {
        var wanted = Wanted(request, snapshot);
        var unknown = wanted.Where(package => !snapshot.Folders.ContainsKey(package.Pkgbase)).ToList();
        if (unknown.Count > 0)
        {
            return new SchedulePlan(string.Join("; ", unknown.Select(package => Unknown(package.Pkgbase, snapshot))), [], [], []);
        }

        if (wanted.Count == 0 && !request.All)
        {
            return new SchedulePlan("no package is named: name some, or ask for all", [], [], []);
        }

        if (wanted.Count == 0)
        {
            return new SchedulePlan($"{repository} has no package folder at {snapshot.Commit}: a folder with a PKGBUILD is one", [], [], []);
        }

        var arch = request.Target.Arch;
        var deptree = new Deptree(snapshot.Folders.Values, arch);
        var builds = ImmutableArray.CreateBuilder<BuildRequest>();
        var refused = ImmutableArray.CreateBuilder<RefusedPackage>();
        foreach (var package in wanted)
        {
            var folder = snapshot.Folders[package.Pkgbase];
            if (folder.Problem is { } problem)
            {
                refused.Add(new RefusedPackage(package.Pkgbase, problem));
            }
            else if (!folder.Srcinfo!.Packages.Any(item => item.SupportsArchitecture(arch)))
            {
                refused.Add(new RefusedPackage(
                    package.Pkgbase, $"its arch is {string.Join(", ", folder.Srcinfo.Architectures)}, and {request.Target} wants {arch}"));
            }
            else
            {
                builds.Add(Request(repository, options, request, snapshot, package, folder, deptree));
            }
        }

        return new SchedulePlan(null, builds.ToImmutable(), refused.ToImmutable(), Notes(builds, refused));
    }

    private static List<ScheduledPackage> Wanted(ScheduleRequest request, SourceSnapshot snapshot) => request.All
        ? [.. snapshot.Folders.Keys.Order(StringComparer.Ordinal).Select(pkgbase => new ScheduledPackage(pkgbase, null))]
        : [.. request.Packages.GroupBy(package => package.Pkgbase, StringComparer.Ordinal).Select(group => group.Last())];

    private static BuildRequest Request(
        string repository,
        SourceRepositoryOptions options,
        ScheduleRequest request,
        SourceSnapshot snapshot,
        ScheduledPackage package,
        PackageFolder folder,
        Deptree deptree) => new()
        {
            Package = new PackageKey(request.Target, package.Pkgbase),
            SourceRepository = repository,
            Commit = snapshot.Commit,
            Priority = request.Priority,
            BuilderClass = package.BuilderClass ?? folder.Config["BUILDER_CLASS"],
            DependsOn = deptree.DependenciesOf(package.Pkgbase),
            Pkgnames = [.. folder.Srcinfo!.Packages.Where(item => item.SupportsArchitecture(request.Target.Arch)).Select(item => item.Name.ToString())],
            CacheSources = folder.Config.IsTrue("BUILDER_CACHE_SOURCES"),
            TimeoutFactor = Factor(folder.Config["BUILDER_EXTRA_TIMEOUT"]),
            HoldDependants = options.HoldDependants,
        };

    private static double Factor(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) && factor is >= 1 and <= 100 ? factor : 1;

    private static ImmutableArray<string> Notes(IEnumerable<BuildRequest> builds, IEnumerable<RefusedPackage> refused)
    {
        var missing = refused.Select(package => package.Pkgbase).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. builds
                .SelectMany(build => build.DependsOn.Where(missing.Contains).Select(first => $"{build.Package.Pkgbase} depends on {first}, which is not built"))
                .Order(StringComparer.Ordinal),
            .. Cycles(builds).Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Says of each cycle who begins; <see cref="QueueGraph"/> breaks it there.</summary>
    private static IEnumerable<string> Cycles(IEnumerable<BuildRequest> builds)
    {
        var edges = builds.ToDictionary(build => build.Package.Pkgbase, build => build.DependsOn, StringComparer.Ordinal);
        foreach (var cycle in StronglyConnected.Cycles(edges.Keys.Order(StringComparer.Ordinal), pkgbase => edges[pkgbase].Where(edges.ContainsKey)))
        {
            var members = cycle.Order(StringComparer.Ordinal).ToList();
            yield return $"{string.Join(", ", members)} depend on each other in a cycle; {members[0]} is built first, with what the repository has";
        }
    }

    private static string Unknown(string pkgbase, SourceSnapshot snapshot)
    {
        var nearest = NearestNames.Of(pkgbase, snapshot.Folders.Keys);
        return nearest.Count > 0
            ? $"there is no package folder '{pkgbase}' at {snapshot.Commit[..10]}; the nearest: {string.Join(", ", nearest)}"
            : $"there is no package folder '{pkgbase}' at {snapshot.Commit[..10]}";
    }
}

/// <summary>What is to be queued.</summary>
/// <param name="Error">Set when nothing is.</param>
/// <param name="Builds">The requests.</param>
/// <param name="Refused">What cannot be built, by name.</param>
/// <param name="Notes">What people should know of the order.</param>
internal sealed record SchedulePlan(
    string? Error, ImmutableArray<BuildRequest> Builds, ImmutableArray<RefusedPackage> Refused, ImmutableArray<string> Notes);
