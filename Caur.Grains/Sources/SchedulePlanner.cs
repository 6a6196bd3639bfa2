using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Grains.Queue;
using Caur.Pacman;
using Caur.Pipelines.Graphs;
using Caur.Pipelines.Reading;

namespace Caur.Grains.Sources;

/// <summary>Turns the wish to build packages into requests: which folders, in which order, by which builder. Decides only.</summary>
internal static class SchedulePlanner
{
    /// <summary>The most names of one kind that a message lists.</summary>
    private const int Listed = 20;

    /// <summary>The most dependencies that the builds of one call have together: a hundred for each of 2,500 builds, where the largest
    /// repository of this kind has fewer than ten.</summary>
    public const int MaxDependencies = 250_000;

    /// <summary>Plans. Either <see cref="SchedulePlan.Error"/> is set and nothing is to be queued, or every wanted folder is in the
    /// requests or among the refused.</summary>
    public static SchedulePlan Plan(
        string repository, SourceRepositoryOptions options, ScheduleRequest request, SourceSnapshot snapshot)
    {
        var wanted = Wanted(request, snapshot);
        if (Problem(repository, request, snapshot, wanted) is { } error)
        {
            return new SchedulePlan(error, [], [], []);
        }

        var notes = new List<string>();
        var given = Given(request, notes);
        if (given is null && request.DeptreeWins)
        {
            return new SchedulePlan($"{notes.FirstOrDefault() ?? "no deptree is given"}, and it was to decide", [], [], []);
        }

        var arch = request.Target.Arch;
        var deptree = snapshot.DeptreeOf(arch);
        var dependencies = new DependencySource(deptree, given, request.DeptreeWins);
        var builds = ImmutableArray.CreateBuilder<BuildRequest>();
        var refused = ImmutableArray.CreateBuilder<RefusedPackage>();
        var edges = 0;
        foreach (var package in wanted)
        {
            var folder = snapshot.Folders[package.Pkgbase];
            if (Refusal(folder, request.Target, dependencies) is { } reason)
            {
                refused.Add(new RefusedPackage(package.Pkgbase, reason));
            }
            else
            {
                builds.Add(Request(repository, options, request, snapshot, package, folder, dependencies));
                edges += builds[^1].DependsOn.Length;
            }

            if (edges > MaxDependencies)
            {
                return new SchedulePlan(
                    $"the builds wanted have more than {MaxDependencies} dependencies together, which is no graph of packages"
                    + (given is null ? "; order fewer at once" : "; look at the deptree given, or order fewer at once"),
                    [],
                    [],
                    []);
            }
        }

        notes.AddRange(dependencies.Notes(given is not null));
        notes.AddRange(Notes(builds, refused, deptree));
        notes.AddRange(Warnings(builds, snapshot));
        return new SchedulePlan(null, builds.ToImmutable(), refused.ToImmutable(), [.. notes]);
    }

    private static List<ScheduledPackage> Wanted(ScheduleRequest request, SourceSnapshot snapshot) => request.All
        ? [.. snapshot.Folders.Keys.Order(StringComparer.Ordinal).Select(pkgbase => new ScheduledPackage(pkgbase, null))]
        : [.. request.Packages.GroupBy(package => package.Pkgbase, StringComparer.Ordinal).Select(group => group.Last())];

    private static string? Problem(
        string repository, ScheduleRequest request, SourceSnapshot snapshot, List<ScheduledPackage> wanted)
    {
        var unknown = wanted.Where(package => !snapshot.Folders.ContainsKey(package.Pkgbase)).ToList();
        if (unknown.Count > 0)
        {
            return string.Join("; ", unknown.Take(Listed).Select(package => Unknown(package.Pkgbase, snapshot)))
                + (unknown.Count > Listed ? $"; and so it is with {unknown.Count - Listed} more" : "")
                + (unknown.Count < wanted.Count ? ". Nothing was queued, not the others either" : "");
        }

        return wanted.Count > 0 ? null
            : request.All ? $"{repository} has no package folder at {snapshot.Commit}: a folder with a PKGBUILD is one"
            : "no package is named: name some, or ask for all";
    }

    private static GivenDeptree? Given(ScheduleRequest request, List<string> notes)
    {
        if (request.Deptree is null)
        {
            return null;
        }

        var text = DeptreeText.Parse(request.Deptree);
        if (text.IsValid)
        {
            return new GivenDeptree(text.Value);
        }

        notes.Add($"the deptree given cannot be read: {string.Join("; ", text.Errors.Take(5).Select(error => error.Message))}"
            + (text.Errors.Count > 5 ? $"; and {text.Errors.Count - 5} more" : ""));
        return null;
    }

    private static string? Refusal(PackageFolder folder, TargetId target, DependencySource dependencies)
    {
        if (folder.Problem is { } problem)
        {
            if (folder.Srcinfo is null && !(Names.IsValid(folder.Pkgbase) && dependencies.IsTold(folder.Pkgbase)))
            {
                return problem;
            }
        }
        else if (!folder.Srcinfo!.Packages.Any(item => item.SupportsArchitecture(target.Arch)))
        {
            return $"its arch is {string.Join(", ", folder.Srcinfo.Architectures)}, and {target} wants {target.Arch}";
        }

        return BuilderWish.Read(folder.Config, out _) ?? ReadBump(folder.Config, out _);
    }

    /// <summary>Reads <c>CI_PACKAGE_BUMP</c>, which says nothing in a folder that the farm keeps in the AUR (<c>CI_MANAGE_AUR</c>): there
    /// the release is raised by commits.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    private static string? ReadBump(CiConfig config, out PackageBump? bump)
    {
        bump = null;
        if (config["CI_PACKAGE_BUMP"] is not { } text || config.IsTrue("CI_MANAGE_AUR"))
        {
            return null;
        }

        if (!PackageBump.TryParse(text, out var read))
        {
            return $"CI_PACKAGE_BUMP in its .CI/config is '{text}', which is no version, nor a version, a slash and a number";
        }

        bump = read;
        return null;
    }

    private static BuildRequest Request(
        string repository,
        SourceRepositoryOptions options,
        ScheduleRequest request,
        SourceSnapshot snapshot,
        ScheduledPackage package,
        PackageFolder folder,
        DependencySource dependencies)
    {
        BuilderWish.Read(folder.Config, out var wish);
        ReadBump(folder.Config, out var bump);
        return new BuildRequest
        {
            Package = new PackageKey(request.Target, package.Pkgbase),
            SourceRepository = repository,
            Commit = snapshot.Commit,
            Priority = request.Priority,
            BuilderClass = package.BuilderClass ?? wish.Class,
            Labels = wish.Labels,
            MemoryMiB = wish.MemoryMiB,
            DiskMiB = wish.DiskMiB,
            DependsOn = dependencies.Of(package.Pkgbase),

            // A deptree that was given cannot stand in: it lists what a folder provides beside what it makes, and leaves out names.
            Pkgnames = folder is { TellsPackages: true, Srcinfo: { } srcinfo }
                ? [.. srcinfo.Packages.Where(item => item.SupportsArchitecture(request.Target.Arch)).Select(item => item.Name.ToString())]
                : [],
            CacheSources = folder.Config.IsTrue("BUILDER_CACHE_SOURCES"),
            TimeoutFactor = Factor(folder.Config["BUILDER_EXTRA_TIMEOUT"]),
            PackageBump = bump?.ToString(),
            AllowProhibited = folder.Config.IsTrue("BUILDER_ALLOW_PROHIBITED"),
            HoldDependants = options.HoldDependants,
            Pipeline = request.Pipeline,
            Trace = request.Trace,
        };
    }

    private static double Factor(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) && factor is >= 1 and <= 100 ? factor : 1;

    private static IEnumerable<string> Notes(IReadOnlyCollection<BuildRequest> builds, IEnumerable<RefusedPackage> refused, Deptree deptree)
    {
        var missing = refused.Select(package => package.Pkgbase).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. builds
                .SelectMany(build => build.DependsOn.Where(missing.Contains).Select(first => $"{build.Package.Pkgbase} depends on {first}, which is not built"))
                .Order(StringComparer.Ordinal),
            .. Cycles(builds).Order(StringComparer.Ordinal),
            .. Shortened([.. builds.SelectMany(build => deptree.ChoicesOf(build.Package.Pkgbase)).Order(StringComparer.Ordinal)]),
        ];
    }

    private static IEnumerable<string> Warnings(IEnumerable<BuildRequest> builds, SourceSnapshot snapshot)
    {
        var warnings = builds.Select(build => (build.Package.Pkgbase, snapshot.Folders[build.Package.Pkgbase].Warning))
            .Where(pair => pair.Warning is not null)
            .Select(pair => $"{pair.Pkgbase}: {pair.Warning}")
            .Order(StringComparer.Ordinal)
            .ToList();
        return warnings.Count <= Listed ? warnings : warnings.Take(Listed).Append($"and so it is with {warnings.Count - Listed} more");
    }

    private static IEnumerable<string> Shortened(List<string> lines) => lines.Count <= Listed
        ? lines
        : lines.Take(Listed).Append($"and {lines.Count - Listed} more dependencies that several folders provide");

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
