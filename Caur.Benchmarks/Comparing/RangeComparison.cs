using System.Text.RegularExpressions;
using Caur.Pacman;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Runs;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Comparing;

/// <summary>Compares what both choose for one range.</summary>
internal sealed partial class RangeComparison(CompareFolder folder, OriginalScripts original, Differences differences)
{
    private readonly ProcessRunner _processes = new(TimeProvider.System);

    /// <summary>How many packages both chose to build.</summary>
    public int Same { get; private set; }

    /// <summary>Runs both.</summary>
    public async Task RunAsync(HistoryRange range, CancellationToken cancellationToken)
    {
        await folder.MoveAsync(range, cancellationToken);
        var ours = await OursAsync(range, cancellationToken);
        var theirs = await original.OnCommitAsync(cancellationToken);
        var facts = await RangeFacts.ReadAsync(folder.Checkout, range, cancellationToken);
        if (theirs.Failure is not null || ours.Outcome == RunOutcome.Failed)
        {
            CompareFailures(facts, ours, theirs);
            return;
        }

        CompareBuilds(facts, ours, theirs);
        CompareRemovals(facts, ours, theirs);
    }

    private async Task<PipelineRun> OursAsync(HistoryRange range, CancellationToken cancellationToken)
    {
        var git = await GitRepository.OpenAsync(folder.Checkout, _processes, cancellationToken);
        return await new OnCommitPipeline(
            git, new GitRemote(folder.Remote, null), _ => new NoFarm(), new OnCommitOptions { Commit = range.Head, DryRun = true }, TimeProvider.System)
            .RunAsync(cancellationToken);
    }

    private void CompareFailures(RangeFacts facts, PipelineRun ours, OriginalChoice theirs)
    {
        if (theirs.Failure is not null && ours.Outcome == RunOutcome.Failed)
        {
            return;
        }

        differences.Add(
            theirs.Failure is { } failure ? $"{facts}: only the original fails: {failure.Split('\n')[^1]}" : $"{facts}: only we fail: {ours.Summary}",
            theirs.Failure is null
                ? facts.LaterOrders.Count > 0 ? "the original reads one [deploy] of each message, and none behind [deploy all]; here an unknown name in the others fails too" : null
                : ours.Notes.Any(note => note.Contains("went later", StringComparison.Ordinal))
                    ? "the original fails for an order of a package that a later commit of the same range removes"
                    : null);
    }

    private void CompareBuilds(RangeFacts facts, PipelineRun ours, OriginalChoice theirs)
    {
        var builds = ours.Decisions.Where(decision => decision.Kind == DecisionKind.Build).ToDictionary(decision => decision.Pkgbase, StringComparer.Ordinal);
        foreach (var (name, theirClass) in theirs.Builds)
        {
            if (!builds.TryGetValue(name, out var decision))
            {
                differences.Add($"{facts}: only the original builds {name}", facts.HasPkgbuild(name) ? null : "the original builds every folder; here one without a PKGBUILD is no package");
                continue;
            }

            Same++;
            var config = facts.ConfigOf(name);
            var ourClass = decision.BuilderClass ?? config["BUILDER_CLASS"] ?? "";
            if (ourClass != theirClass)
            {
                differences.Add(
                    $"{facts}: {name} has class '{ourClass}' here and '{theirClass}' there",
                    theirClass.Trim('"', '\'', ' ') == ourClass ? "the original keeps the quotes around a class" : null);
            }
        }

        foreach (var decision in builds.Values.Where(decision => !theirs.Builds.ContainsKey(decision.Pkgbase)))
        {
            differences.Add(
                $"{facts}: only we build {decision.Pkgbase} ({decision.Reasons[0]})",
                facts.LaterOrders.Contains(decision.Pkgbase) || facts.LaterOrders.Contains("all") ? "the original reads one [deploy] of each message"
                : facts is { HasTag: false, IsMerge: true } ? "without a tag the original sees nothing in a merge"
                : facts is { HasTag: false, IsFirst: true } ? "without a tag the original sees nothing in the first commit"
                : !PlainName().IsMatch(decision.Pkgbase) ? "the original reads the names of files as git quotes them"
                : null);
        }
    }

    private void CompareRemovals(RangeFacts facts, PipelineRun ours, OriginalChoice theirs)
    {
        var removals = ours.Decisions.Where(decision => decision.Kind == DecisionKind.Remove).Select(decision => decision.Pkgbase).ToHashSet(StringComparer.Ordinal);
        if (theirs.Kept is null)
        {
            foreach (var name in removals)
            {
                differences.Add(
                    $"{facts}: only we remove {name}",
                    facts.HasFolder(name) ? "the original keeps the packages of a folder that has lost its PKGBUILD"
                    : facts is { HasTag: false, IsMerge: true } ? "without a tag the original sees nothing in a merge"
                    : null);
            }

            return;
        }

        if (removals.Count == 0)
        {
            differences.Add(
                $"{facts}: only the original removes something",
                facts.GoneFolders.All(name => !facts.WasPackage(name)) ? "the original takes any folder that went for a removed package" : null);
        }

        foreach (var name in removals.Where(theirs.Kept.Contains))
        {
            differences.Add($"{facts}: the original keeps {name}", facts.HasFolder(name) ? "the original keeps the packages of a folder that has lost its PKGBUILD" : null);
        }

        foreach (var name in facts.Packages.Where(name => !theirs.Kept.Contains(name)))
        {
            differences.Add($"{facts}: the original would remove {name}, which is there", null);
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_@.+-]+$")]
    private static partial Regex PlainName();

    /// <summary>Nobody is asked, nothing is handed over.</summary>
    private sealed class NoFarm : IFarm
    {
        public Task<FarmNames> DescribeAsync(CancellationToken cancellationToken) => throw new FarmUnavailableException("there is none");

        public Task<ScheduleOutcome> ScheduleAsync(ScheduleOrder order, CancellationToken cancellationToken) => throw new FarmUnavailableException("there is none");

        public Task<RemovalOutcome> KeepAsync(KeepOrder order, CancellationToken cancellationToken) => throw new FarmUnavailableException("there is none");
    }
}

/// <summary>What explanations need to know of a range, read apart from both.</summary>
internal sealed partial class RangeFacts
{
    private readonly string _checkout;
    private readonly HistoryRange _range;
    private readonly HashSet<string> _former;

    private RangeFacts(string checkout, HistoryRange range, HashSet<string> former) => (_checkout, _range, _former) = (checkout, range, former);

    public bool HasTag => _range.Tag is not null;

    public required bool IsMerge { get; init; }

    public required bool IsFirst { get; init; }

    /// <summary>Orders that are not the first of their message.</summary>
    public required IReadOnlySet<string> LaterOrders { get; init; }

    /// <summary>The folders of files that changed, which are not there any more.</summary>
    public required IReadOnlyList<string> GoneFolders { get; init; }

    /// <summary>The package folders of the head.</summary>
    public IEnumerable<string> Packages => Directory.EnumerateDirectories(_checkout).Select(path => Path.GetFileName(path)).Where(name => name[0] != '.' && HasPkgbuild(name));

    public static async Task<RangeFacts> ReadAsync(string checkout, HistoryRange range, CancellationToken cancellationToken)
    {
        var parents = (await CompareFolder.GitAsync(checkout, ["rev-list", "--parents", "--max-count=1", range.Head], cancellationToken)).Split(' ').Length - 1;
        var before = range.Tag ?? (parents > 0 ? $"{range.Head}^1" : null);
        string[] messages = range.Tag is null ? ["-1", range.Head] : [range.Head, "--not", range.Tag];
        var log = await CompareFolder.GitAsync(checkout, ["log", "-z", "--format=%B", .. messages], cancellationToken);
        var changed = before is null ? [] : (await CompareFolder.GitAsync(checkout, ["diff-tree", "-r", "-z", "--name-only", before, range.Head], cancellationToken)).Split('\0');
        var former = before is null ? [] : (await CompareFolder.GitAsync(checkout, ["ls-tree", "-r", "-z", "--name-only", before], cancellationToken)).Split('\0');
        return new RangeFacts(
            checkout,
            range,
            former.Where(path => path.EndsWith("/PKGBUILD", StringComparison.Ordinal) && path.Count(c => c == '/') == 1)
                .Select(path => path.Split('/')[0]).ToHashSet(StringComparer.Ordinal))
        {
            IsMerge = parents > 1,
            IsFirst = parents == 0,
            LaterOrders = log.Split('\0').SelectMany(message => Orders(message).Skip(1)).ToHashSet(StringComparer.Ordinal),
            GoneFolders =
            [
                .. changed.Where(path => path.Contains('/', StringComparison.Ordinal) && path[0] != '.').Select(path => path.Split('/')[0])
                    .Distinct(StringComparer.Ordinal).Where(name => !Directory.Exists(Path.Combine(checkout, name))),
            ],
        };
    }

    public bool HasFolder(string name) => Directory.Exists(Path.Combine(_checkout, name));

    public bool HasPkgbuild(string name) => File.Exists(Path.Combine(_checkout, name, "PKGBUILD"));

    public bool WasPackage(string name) => _former.Contains(name);

    public CiConfig ConfigOf(string name)
    {
        var path = Path.Combine(_checkout, name, ".CI", "config");
        return File.Exists(path) && CiConfig.Read(File.ReadAllBytes(path)) is { IsValid: true } read ? read.Value : CiConfig.Empty;
    }

    public override string ToString() => $"{(_range.Tag is null ? "no tag" : _range.Tag[..10])}..{_range.Head[..10]}";

    private static IEnumerable<string> Orders(string message) =>
        Order().Matches(message).SelectMany(match => match.Groups[1].Value.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"\[deploy[ \t]([^\[\]\r\n]*)\]")]
    private static partial Regex Order();
}
