using System.Collections.Immutable;
using Caur.Pacman;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Schedules;

namespace Caur.Pipelines.Rebuilds;

/// <summary>Works out what a rebuild of packages, or for a library, means for a source repository, before anything is queued. Decides only, from one
/// commit: what packages of other repositories make is not known here, so that a library goes by the very names that packages depend on.</summary>
internal sealed class RebuildPlanner
{
    private const string TriggersKey = "CI_REBUILD_TRIGGERS";

    private readonly string _arch;
    private readonly RepositorySettings _settings;
    private readonly Deptree _deptree;
    private readonly SortedDictionary<string, PackageFolder> _folders;
    private readonly Dictionary<string, string> _makers = new(StringComparer.Ordinal);
    private readonly ILookup<string, string> _dependants;
    private readonly ILookup<string, string> _triggered;

    /// <summary>Prepares plans.</summary>
    /// <param name="snapshot">The source repository, read whole.</param>
    /// <param name="arch">The architecture to build for.</param>
    public RebuildPlanner(SourceSnapshot snapshot, string arch)
    {
        _arch = arch;
        _settings = RepositorySettings.Read(snapshot.Config.Value);
        _deptree = snapshot.DeptreeOf(arch);
        _folders = new SortedDictionary<string, PackageFolder>(snapshot.Folders.ToDictionary(), StringComparer.Ordinal);
        foreach (var folder in _folders.Values.Where(folder => folder.IsOwnSrcinfo))
        {
            foreach (var package in folder.Srcinfo!.Packages)
            {
                _makers.TryAdd(package.Name.ToString(), folder.Pkgbase);
            }
        }

        _dependants = _folders.Keys.SelectMany(pkgbase => _deptree.DependenciesOf(pkgbase), (pkgbase, first) => (pkgbase, first)).ToLookup(edge => edge.first, edge => edge.pkgbase);
        _triggered = _folders.Values.SelectMany(TriggersOf, (folder, trigger) => (folder.Pkgbase, trigger)).ToLookup(edge => edge.trigger, edge => edge.Pkgbase);
    }

    /// <summary>The names of all package folders and of the packages in them.</summary>
    public IEnumerable<string> Names => _folders.Keys.Concat(_makers.Keys).Distinct(StringComparer.Ordinal);

    /// <summary>Makes a plan.</summary>
    public RebuildPlan Plan(RebuildRequest request)
    {
        var draft = new Draft(this);
        var unknown = new List<string>();
        var (packages, libraries) = (new List<string>(), new List<string>());
        foreach (var name in request.Names.Distinct(StringComparer.Ordinal))
        {
            if (MakerOf(name) is { } pkgbase)
            {
                draft.Ask(pkgbase, name);
                packages.Add(pkgbase);
            }
            else if (IsNeeded(name))
            {
                libraries.Add(name);
            }
            else
            {
                unknown.Add(name);
            }
        }

        // By steps, so that each is reached on its shortest way: the libraries themselves are the beginning, where the packages named are too.
        var (reached, depth) = (new List<string>(), request.Depth ?? (libraries.Count > 0 ? 1 : 0));
        if (depth > 0)
        {
            libraries.ForEach(library => reached.AddRange(draft.AddDependantsOf(library)));
        }

        if (request.Depth > 0)
        {
            packages.Distinct(StringComparer.Ordinal).ToList().ForEach(pkgbase => reached.AddRange(draft.FollowFrom(pkgbase)));
        }

        for (var step = 1; step < depth && reached.Count > 0; step++)
        {
            reached = [.. reached.SelectMany(draft.FollowFrom)];
        }

        return draft.End(request.Depth > 0 || (request.Depth is null && libraries.Count > 0), unknown);
    }

    private static IEnumerable<string> TriggersOf(PackageFolder folder) => (folder.Config[TriggersKey] ?? "")
        .Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Where(trigger => trigger != folder.Pkgbase)
        .Distinct(StringComparer.Ordinal);

    private static string Words(BuildNeed need) => need.Kind switch
    {
        BuildNeedKind.Builds => $"depends on {need.Dependency} at build time",
        BuildNeedKind.Tests => $"depends on {need.Dependency} for its tests",
        _ => $"depends on {need.Dependency}",
    };

    /// <summary>The folder of a name, or the one that makes a package of this name.</summary>
    private string? MakerOf(string name) => _folders.ContainsKey(name) ? name : _makers.GetValueOrDefault(name);

    private bool IsNeeded(string name) => _triggered[name].Any() || (PackageName.TryParse(name, out var wanted) && _folders.Values.Any(folder => NeedsOf(folder, wanted).Any() || Provides(folder, wanted)));

    private IEnumerable<BuildNeed> NeedsOf(PackageFolder folder, PackageName name) =>
        folder.Srcinfo is { } srcinfo ? BuildNeed.Of(srcinfo, _arch).Where(need => need.Dependency.Name == name).Distinct() : [];

    private bool Provides(PackageFolder folder, PackageName name) =>
        folder.IsOwnSrcinfo && folder.Srcinfo!.Packages.Any(package => package.Provides(_arch).Any(provision => provision.Name == name));

    /// <summary>Why a folder cannot be built at all; null when it can.</summary>
    private string? Unbuildable(PackageFolder folder) =>
        folder.Problem ?? (folder.Srcinfo!.SupportsArchitecture(_arch) ? null
            : $"it is not built for {_arch}, only for {string.Join(", ", folder.Srcinfo.Architectures)}");

    /// <summary>A plan that is being made.</summary>
    private sealed class Draft(RebuildPlanner planner)
    {
        private readonly Dictionary<string, List<RebuildReason>> _reasons = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, string> _leftOut = new(StringComparer.Ordinal);

        /// <summary>Takes what somebody named: its trigger does not matter then.</summary>
        public void Ask(string pkgbase, string name)
        {
            if (planner.Unbuildable(planner._folders[pkgbase]) is { } problem)
            {
                _leftOut.TryAdd(pkgbase, problem);
                return;
            }

            Add(pkgbase, new RebuildReason(RebuildReasonKind.AskedFor, name, name == pkgbase ? "asked for" : $"asked for: it makes {name}"));
        }

        /// <summary>Takes what a library is for.</summary>
        /// <returns>What was not in the plan before.</returns>
        public IEnumerable<string> AddDependantsOf(string library)
        {
            var added = new List<string>();
            var isName = PackageName.TryParse(library, out var name);
            foreach (var folder in planner._folders.Values)
            {
                List<RebuildReason> reasons = [];
                if (planner._triggered[library].Contains(folder.Pkgbase))
                {
                    reasons.Add(new RebuildReason(RebuildReasonKind.Trigger, library, $"has rebuild trigger {library}"));
                }

                if (isName && planner.Provides(folder, name))
                {
                    _leftOut.TryAdd(folder.Pkgbase, $"it makes {library}: name it to rebuild it too");
                }
                else if (isName)
                {
                    reasons.AddRange(planner.NeedsOf(folder, name).Select(need => new RebuildReason(RebuildReasonKind.Dependency, library, Words(need))));
                }

                if (reasons.Count > 0 && Take(folder.Pkgbase, library, reasons))
                {
                    added.Add(folder.Pkgbase);
                }
            }

            return added;
        }

        /// <summary>Takes what depends on a build of the plan.</summary>
        /// <returns>What was not in the plan before.</returns>
        public IEnumerable<string> FollowFrom(string pkgbase)
        {
            if (!_reasons.ContainsKey(pkgbase))
            {
                return [];
            }

            var added = new List<string>();
            foreach (var dependant in planner._dependants[pkgbase])
            {
                if (Take(dependant, pkgbase, [new RebuildReason(RebuildReasonKind.Dependency, pkgbase, $"depends on {pkgbase}, which is rebuilt")]))
                {
                    added.Add(dependant);
                }
            }

            foreach (var dependant in planner._triggered[pkgbase])
            {
                if (Take(dependant, pkgbase, [new RebuildReason(RebuildReasonKind.Trigger, pkgbase, $"has rebuild trigger {pkgbase}, which is rebuilt")]))
                {
                    added.Add(dependant);
                }
            }

            return added;
        }

        /// <summary>Ends it.</summary>
        /// <param name="followed">Whether dependants were looked for.</param>
        /// <param name="unknown">The names that are nothing's.</param>
        public RebuildPlan End(bool followed, IEnumerable<string> unknown)
        {
            if (followed)
            {
                foreach (var folder in planner._folders.Values.Where(folder => folder.Srcinfo is null))
                {
                    _leftOut.TryAdd(folder.Pkgbase, $"what it depends on is not known: {folder.Problem}");
                }
            }

            var order = RebuildOrder.Of(_reasons.Keys.ToDictionary(
                pkgbase => pkgbase, pkgbase => planner._deptree.DependenciesOf(pkgbase).Concat(TriggersOf(planner._folders[pkgbase])), StringComparer.Ordinal));
            return new RebuildPlan(
                [.. order.Pkgbases.Select(pkgbase => new PlannedRebuild(pkgbase, [.. _reasons[pkgbase]], [.. order.After[pkgbase]]))],
                [.. _leftOut.Where(pair => !_reasons.ContainsKey(pair.Key)).Select(pair => new LeftOutRebuild(pair.Key, pair.Value))],
                order.Cycles,
                [.. unknown]);
        }

        /// <summary>Takes a dependant, unless something is in the way.</summary>
        /// <returns>True when it was not in the plan before, and is now.</returns>
        private bool Take(string pkgbase, string cause, List<RebuildReason> reasons)
        {
            var (folder, isNew) = (planner._folders[pkgbase], !_reasons.ContainsKey(pkgbase));
            var obstacle = planner.Unbuildable(folder)
                ?? (planner._settings.RebuildBlacklist.Contains(cause) ? $"{cause} is in CI_REBUILD_BLACKLIST of .ci/config, and rebuilds nothing" : null)
                ?? (isNew ? TriggerRules.NotScheduled(folder.Config) : null);
            if (obstacle is not null)
            {
                _leftOut.TryAdd(pkgbase, obstacle);
                return false;
            }

            reasons.ForEach(reason => Add(pkgbase, reason));
            return isNew;
        }

        private void Add(string pkgbase, RebuildReason reason)
        {
            if (!_reasons.TryGetValue(pkgbase, out var reasons))
            {
                _reasons[pkgbase] = reasons = [];
            }

            if (!reasons.Contains(reason))
            {
                reasons.Add(reason);
            }
        }
    }
}
