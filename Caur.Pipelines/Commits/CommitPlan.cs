using System.Collections.Immutable;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;

namespace Caur.Pipelines.Commits;

/// <summary>What a range of commits means for the packages. Decides only.</summary>
/// <param name="Decisions">One for each package that is to be built or removed, by name.</param>
/// <param name="Notes">What people should know beside.</param>
internal sealed record CommitPlan(ImmutableArray<PackageDecision> Decisions, ImmutableArray<string> Notes)
{
    /// <summary>The most files or names of one kind that a reason lists.</summary>
    private const int Listed = 3;

    /// <summary>What leaves the target repository.</summary>
    public IEnumerable<PackageDecision> Removals => Decisions.Where(decision => decision.Kind == DecisionKind.Remove);

    /// <summary>What is handed over to be built, also what does not look as if it could be: the farm has the last word, and says why not. A name
    /// that no package can have would be no order.</summary>
    public IEnumerable<PackageDecision> Builds => Decisions.Where(IsHandedOver);

    /// <summary>Whether a decision is one of <see cref="Builds"/>.</summary>
    public static bool IsHandedOver(PackageDecision decision) => decision.Kind == DecisionKind.Build && PackageFolder.IsName(decision.Pkgbase);

    /// <summary>The folders that have to be read for a decision.</summary>
    /// <param name="range">What came.</param>
    /// <param name="orders">What messages order.</param>
    /// <param name="names">All package folders.</param>
    public static IEnumerable<string> Wanted(CommitRange range, DeployOrders orders, IReadOnlyCollection<string> names) =>
        orders.All.IsEmpty ? range.Files.Select(file => file.Folder).Concat(orders.Names.Select(order => order.Name)) : names;

    /// <summary>What is ordered by a name that no package folder of the head has.</summary>
    public static IEnumerable<DeployOrder> Unknown(DeployOrders orders, SourceSnapshot snapshot) =>
        orders.Names.Where(order => !snapshot.Has(order.Name));

    /// <summary>The folders that were packages and are none any more, and those that became packages.</summary>
    public static (IReadOnlyCollection<string> Gone, IReadOnlyCollection<string> Added) Moves(CommitRange range, SourceSnapshot snapshot)
    {
        var (gone, added) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var file in range.Files.Where(file => file.Path == "PKGBUILD" && PackageFolder.IsName(file.Folder)))
        {
            if (file is { WasThere: true } && !snapshot.Has(file.Folder))
            {
                gone.Add(file.Folder);
            }
            else if (!file.WasThere && snapshot.Has(file.Folder))
            {
                added.Add(file.Folder);
            }
        }

        return (gone, added);
    }

    /// <summary>Decides.</summary>
    /// <param name="range">What came.</param>
    /// <param name="snapshot">The head.</param>
    /// <param name="orders">What messages order.</param>
    /// <param name="settings">The repository's settings.</param>
    /// <param name="renames">Where folders went that are gone.</param>
    /// <param name="late">What is ordered of packages that were there then, and went later.</param>
    public static CommitPlan Make(
        CommitRange range,
        SourceSnapshot snapshot,
        DeployOrders orders,
        RepositorySettings settings,
        IReadOnlyDictionary<string, string> renames,
        IEnumerable<DeployOrder> late)
    {
        var reasons = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var (gone, added) = Moves(range, snapshot);
        var others = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var folder in range.Files.Where(file => IsOfPackages(file.Folder)).GroupBy(file => file.Folder, StringComparer.Ordinal))
        {
            if (snapshot.Has(folder.Key))
            {
                Add(folder.Key, added.Contains(folder.Key) ? "its folder is new" : $"changed: {List(folder.Select(file => file.Path))}");
            }
            else if (!gone.Contains(folder.Key))
            {
                others.Add(folder.Key);
            }
        }

        foreach (var order in orders.Names.Where(order => snapshot.Has(order.Name)))
        {
            Add(order.Name, $"[deploy {order.Name}] in {order.By.Short}");
        }

        if (!orders.All.IsEmpty)
        {
            foreach (var name in snapshot.Names)
            {
                Add(name, $"[deploy all] in {orders.All[0].Short}");
            }
        }

        return new CommitPlan(
            [
                .. reasons.Select(pair => Build(snapshot.Folders[pair.Key], settings, [.. pair.Value]))
                    .Concat(gone.Select(name => new PackageDecision(
                        name, DecisionKind.Remove, [renames.TryGetValue(name, out var renamed) ? $"its folder was renamed to {renamed}" : "its folder is gone"])))
                    .OrderBy(decision => decision.Pkgbase, StringComparer.Ordinal),
            ],
            [
                .. others.Take(Listed).Select(name => $"{Git.GitText.Clean(name)} changed, and is no package folder: it has no PKGBUILD"),
                .. others.Count > Listed ? [$"and so it is with {others.Count - Listed} more folders"] : Array.Empty<string>(),
                .. late.Select(order => $"[deploy {order.Name}] in {order.By.Short} is of a package that went later, and is not done"),
                .. orders.NoOrders,
            ]);

        void Add(string name, string reason)
        {
            if (!reasons.TryGetValue(name, out var list))
            {
                reasons[name] = list = [];
            }

            list.Add(reason);
        }
    }

    /// <summary>What begins with a dot is of the repository itself.</summary>
    private static bool IsOfPackages(string folder) => folder.Length > 0 && folder[0] != '.';

    private static PackageDecision Build(PackageFolder folder, RepositorySettings settings, ImmutableArray<string> reasons) =>
        new(folder.Pkgbase, DecisionKind.Build, folder.Warning is { } warning ? reasons.Add($"note: {warning}") : reasons)
        {
            BuilderClass = folder.Config["BUILDER_CLASS"] is null ? settings.DefaultClass : null,
            Problem = folder.Problem,
        };

    private static string List(IEnumerable<string> paths)
    {
        var names = paths.Select(Git.GitText.Clean).ToList();
        return names.Count > Listed ? $"{string.Join(", ", names.Take(Listed))} and {names.Count - Listed} more" : string.Join(", ", names);
    }
}
