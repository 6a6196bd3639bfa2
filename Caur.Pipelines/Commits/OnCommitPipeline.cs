using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.ManagedAur;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;

namespace Caur.Pipelines.Commits;

/// <summary>The manual's on-commit pipeline: what came since the tag is handed over to the farm, and then the tag moves. Whatever ends it in
/// between, the same run again hands over what is missing, and nothing twice.</summary>
/// <param name="git">The repository, as far as it is here.</param>
/// <param name="remote">Its other side, where tag and branch are.</param>
/// <param name="connect">Gives the farm that a repository's settings name.</param>
/// <param name="options">What to do.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run; for whoever shows it live.</param>
/// <param name="reader">Reads the repository whole and remembers it, as the farm does; null for a run that reads once, and no more than it needs.</param>
internal sealed class OnCommitPipeline(
    GitRepository git,
    GitRemote remote,
    Func<RepositorySettings, IFarm> connect,
    OnCommitOptions options,
    TimeProvider time,
    Action<PipelineRun>? changed = null,
    CommitReader? reader = null)
{
    public const string Name = "on-commit";

    private const int Listed = 10;

    /// <summary>So often another run may move the tag while this one wants to.</summary>
    private const int Tries = 5;

    private readonly RunRecorder _recorder = new(
        new PipelineRun { Pipeline = Name, DryRun = options.DryRun, Started = time.GetUtcNow(), Page = options.Page }, time, changed);

    private readonly RemoteTag _tag = new(git, remote, options.Tag);
    private readonly RangeReader _ranges = new(git);

    private RemoteTagPlace _place = new(null, null, null);
    private SourceSnapshot _snapshot = new("", ImmutableDictionary<string, PackageFolder>.Empty);
    private RepositorySettings _settings = RepositorySettings.Read(Pacman.CiConfig.Empty);
    private CommitRange _range = new(null, "", RangeKind.Nothing, [], []);
    private DeployOrders _orders = new([], [], []);
    private CommitPlan _plan = new([], []);
    private string _superseded = "";

    /// <summary>The repository's settings; the defaults until they are read.</summary>
    public RepositorySettings Settings => _settings;

    /// <summary>The packages that it scheduled and that are kept in the AUR.</summary>
    public IReadOnlyList<string> Managed =>
    [
        .. _recorder.Run.Decisions.Where(one => one.Kind == DecisionKind.Build).Select(one => one.Pkgbase)
            .Where(name => _snapshot.Folders.TryGetValue(name, out var folder) && AurPublisher.IsManaged(_snapshot.Config.Value, folder.Config)),
    ];

    /// <summary>After a run that failed: it failed of something that may be gone by itself.</summary>
    public bool MayPass { get; private set; }

    /// <summary>Runs it once.</summary>
    /// <returns>How it went; failures that somebody has to look at are an outcome.</returns>
    public async Task<PipelineRun> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await RunStepsAsync(cancellationToken);
        }
        catch (Exception error) when (error is SourceUnavailableException or FarmUnavailableException)
        {
            MayPass = error is not FarmUnavailableException { IsRefusal: true };
            return _recorder.End(RunOutcome.Failed, error.Message);
        }
    }

    private async Task<PipelineRun> RunStepsAsync(CancellationToken cancellationToken)
    {
        if (!await _recorder.StepAsync("range", () => ReadRangeAsync(cancellationToken)))
        {
            return Failed();
        }

        if (_superseded.Length > 0)
        {
            return _recorder.End(RunOutcome.Superseded, _superseded);
        }

        if (_range.Kind == RangeKind.Nothing)
        {
            return _recorder.End(RunOutcome.NothingToDo, $"the tag {options.Tag} is at {CommitMessage.ShortOf(_range.Head)} already");
        }

        if (!await _recorder.StepAsync("read", () => ReadRepositoryAsync(cancellationToken))
            || !await _recorder.StepAsync("decide", () => DecideAsync(cancellationToken)))
        {
            return Failed();
        }

        if (_plan.Builds.Any() || _plan.Removals.Any())
        {
            var farm = connect(_settings);
            if (!await _recorder.StepAsync("names", () => NameCheck.StepAsync(farm, _settings, options.Architectures, options.DryRun, _recorder, cancellationToken))
                || !await _recorder.StepAsync("schedule", () => ScheduleAsync(farm, cancellationToken))
                || !await _recorder.StepAsync("remove", () => RemoveAsync(farm, cancellationToken)))
            {
                return Failed();
            }
        }

        return await _recorder.StepAsync("tag", () => MoveTagAsync(cancellationToken)) ? Finished() : Failed();
    }

    private PipelineRun Failed() => _recorder.End(RunOutcome.Failed, _recorder.Run.Steps[^1].Detail);

    private PipelineRun Finished()
    {
        var run = _recorder.Run;
        var (builds, removals, faulty) = (
            run.Decisions.Count(one => one is { Kind: DecisionKind.Build, Problem: null }),
            run.Decisions.Count(one => one is { Kind: DecisionKind.Remove }),
            run.Decisions.Count(one => one.Problem is not null));
        if (builds + removals + faulty == 0)
        {
            return _recorder.End(RunOutcome.NothingToDo, $"no package folder changed in {_range.Text}");
        }

        var would = options.DryRun ? "would be " : "";
        return _recorder.End(
            faulty == 0 ? RunOutcome.Succeeded : RunOutcome.Incomplete,
            string.Create(CultureInfo.InvariantCulture, $"{builds} {would}scheduled, {removals} {would}removed{(faulty > 0 ? $", {faulty} cannot be built" : "")}"));
    }

    private async Task<StepResult> ReadRangeAsync(CancellationToken cancellationToken)
    {
        var parsed = await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{options.Commit}^{{commit}}"], cancellationToken);
        if (!parsed.Succeeded)
        {
            return StepResult.Failed($"'{GitText.Clean(options.Commit)}' is no commit of {git.Folder}");
        }

        var head = parsed.OutputText.Trim();
        _place = await FindTagAsync(cancellationToken);
        _recorder.Update(run => run with { Commit = head, From = _place.Commit });
        await CompleteAsync(head, cancellationToken);
        if (await FindNewerAsync(head, cancellationToken) is { } newer)
        {
            _superseded = newer;
            return StepResult.Skipped(newer);
        }

        _range = await _ranges.ReadAsync(_place.Commit, head, cancellationToken);
        if (_range.Kind == RangeKind.Unrelated)
        {
            _recorder.Note($"the tag {options.Tag} and {CommitMessage.ShortOf(head)} have no common history: their files are compared, and of messages only the newest counts");
        }

        return StepResult.Done(_range.Text);
    }

    private async Task<RemoteTagPlace> FindTagAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _tag.FindAsync(options.Branch, cancellationToken);
        }
        catch (SourceUnavailableException away) when (options.DryRun)
        {
            _recorder.Note($"the tag {options.Tag} is taken from this clone: {away.Message}");
            var here = await git.RunAsync(
                ["rev-parse", "--verify", "--quiet", "--end-of-options", $"refs/tags/{options.Tag}^{{commit}}"], cancellationToken);
            var commit = here.Succeeded ? here.OutputText.Trim() : null;
            return new RemoteTagPlace(commit, commit, null);
        }
    }

    /// <summary>Fetches what this side lacks: a CI job has a clone as old, and as shallow, as its runner made it.</summary>
    private async Task CompleteAsync(string head, CancellationToken cancellationToken)
    {
        var hasBranch = _place.Branch is not { } branch || await _ranges.HasAsync(branch, cancellationToken);
        var hasTag = _place.Commit is not { } tag || await _ranges.HasAsync(tag, cancellationToken);
        if (!hasBranch || !hasTag)
        {
            await _tag.FetchAsync(options.Branch, _place.Commit is not null, deepen: false, cancellationToken);
        }

        if (!await _ranges.IsWholeAsync(_place.Commit, head, cancellationToken))
        {
            await _tag.FetchAsync(options.Branch, _place.Commit is not null, deepen: true, cancellationToken);
        }

        if (_place.Commit is { } missing && !await _ranges.HasAsync(missing, cancellationToken))
        {
            throw new SourceUnavailableException($"the tag {options.Tag} is of {missing}, which is no commit that can be fetched: move it to the commit up to which everything is built");
        }
    }

    /// <summary>Whether this run comes too late: what it would do, another does better, or has done.</summary>
    private async Task<string?> FindNewerAsync(string head, CancellationToken cancellationToken)
    {
        if (_place.Branch is not { } newest || newest == head)
        {
            return null;
        }

        if (!await _ranges.HasAsync(newest, cancellationToken))
        {
            throw new SourceUnavailableException($"the branch's newest commit {newest} cannot be fetched");
        }

        if (!await _ranges.IsOnTopAsync(newest, head, cancellationToken))
        {
            // On top of the branch's, it was not pushed yet, which is the farm's to notice.
            return options.DryRun || await _ranges.IsOnTopAsync(head, newest, cancellationToken) ? null
                : $"{CommitMessage.ShortOf(head)} is not on the branch any more, which is at {CommitMessage.ShortOf(newest)}: that commit's run does what is to be done";
        }

        return _place.Commit is { } tag && tag != head && !await _ranges.IsOnTopAsync(head, tag, cancellationToken)
            ? $"the tag {options.Tag} is at {CommitMessage.ShortOf(tag)} already, and the branch at {CommitMessage.ShortOf(newest)}: {CommitMessage.ShortOf(head)} is an older commit"
            : null;
    }

    private async Task<StepResult> ReadRepositoryAsync(CancellationToken cancellationToken)
    {
        _orders = DeployOrders.Read(_range.Messages);
        _snapshot = reader is null
            ? await new CommitReader(git).ReadSomeAsync(_range.Head, names => CommitPlan.Wanted(_range, _orders, names), cancellationToken)
            : await reader.ReadAsync(_range.Head, cancellationToken);
        if (_snapshot.Config.Problem is { } unreadable)
        {
            return StepResult.Failed(unreadable.Replace("its .CI/config", ".ci/config", StringComparison.Ordinal));
        }

        _settings = RepositorySettings.Read(_snapshot.Config.Value);
        _recorder.Update(run => run with { SourceRepository = _settings.SourceRepository, TargetRepository = _settings.TargetRepository });
        foreach (var name in _snapshot.NotFollowed)
        {
            _recorder.Note($"{name} is a link or a submodule, which is not followed");
        }

        if (NameCheck.Unusable(_settings, _recorder) is { } unusable)
        {
            return StepResult.Failed(unusable);
        }

        return StepResult.Done(string.Create(
            CultureInfo.InvariantCulture, $"{_snapshot.Names.Count} package folders, {_snapshot.Folders.Count} of them read"));
    }

    private async Task<StepResult> DecideAsync(CancellationToken cancellationToken)
    {
        var (late, unknown) = (new List<DeployOrder>(), new List<DeployOrder>());
        foreach (var order in CommitPlan.Unknown(_orders, _snapshot))
        {
            (await _ranges.WasPackageAsync(order.By.Commit, order.Name, cancellationToken) ? late : unknown).Add(order);
        }

        if (unknown.Count > 0)
        {
            return StepResult.Failed(
                string.Join("; ", unknown.Take(Listed).Select(Unknown)) + (unknown.Count > Listed ? $"; and {unknown.Count - Listed} more" : "")
                + $". Nothing was handed over, and the tag {options.Tag} stays: mend the message and force-push it");
        }

        var (gone, added) = CommitPlan.Moves(_range, _snapshot);
        var renames = await _ranges.RenamesAsync(_range, gone, added, cancellationToken);
        _plan = CommitPlan.Make(_range, _snapshot, _orders, _settings, renames, late);
        _recorder.Update(run => run with { Decisions = _plan.Decisions, Notes = run.Notes.AddRange(_plan.Notes) });
        if (_plan.Removals.Any() && _snapshot.Pkgbases.Count == 0)
        {
            return StepResult.Failed("no package folder is left: everything would be removed, which is taken for an error. 'caur repo remove' removes packages by name");
        }

        return StepResult.Done(string.Create(
            CultureInfo.InvariantCulture, $"{_plan.Builds.Count()} to build, {_plan.Removals.Count()} to remove"));
    }

    private string Unknown(DeployOrder order)
    {
        var nearest = options.Nearest?.Invoke(order.Name, _snapshot.Names) ?? [];
        return $"[deploy {order.Name}] in {order.By.Commit} names no package folder{(nearest.Count > 0 ? $" (did you mean {string.Join(" or ", nearest)}?)" : "")}";
    }

    private async Task<StepResult> ScheduleAsync(IFarm farm, CancellationToken cancellationToken)
    {
        var packages = _plan.Builds.Select(one => new WantedPackage(one.Pkgbase, one.BuilderClass)).ToImmutableArray();
        if (packages.IsEmpty)
        {
            return StepResult.Skipped("nothing is to be built");
        }

        if (options.DryRun)
        {
            return StepResult.Skipped(string.Create(CultureInfo.InvariantCulture, $"{packages.Length} would be scheduled"));
        }

        _recorder.Update(run => run with
        {
            Decisions = [.. run.Decisions.Select(one => CommitPlan.IsHandedOver(one) ? one with { Problem = null } : one)],
        });
        return await HandOver.RunAsync(
            farm,
            new HandedOver(_settings.SourceRepository, _settings.TargetRepository, options.Architectures, _range.Head, options.Pipeline, packages),
            OperationOf,
            _recorder,
            cancellationToken);
    }

    private async Task<StepResult> RemoveAsync(IFarm farm, CancellationToken cancellationToken)
    {
        var gone = _plan.Removals.Select(one => one.Pkgbase).ToList();
        if (gone.Count == 0)
        {
            return StepResult.Skipped("nothing is to be removed");
        }

        var packages = 0;
        foreach (var arch in options.Architectures)
        {
            RemovalOutcome outcome;
            try
            {
                outcome = await farm.KeepAsync(
                    new KeepOrder
                    {
                        // Not one that a run again would have too: a refusal would be answered again, also when its cause is gone. To
                        // remove everything but a list twice does no more than once.
                        Operation = Guid.NewGuid(),
                        TargetRepository = _settings.TargetRepository,
                        Arch = arch,
                        Pkgbases = [.. _snapshot.Pkgbases],
                        Force = options.Force,
                        DryRun = options.DryRun,
                        Reason = $"removed by commit {CommitMessage.ShortOf(_range.Head)} of {_settings.SourceRepository}",
                    },
                    cancellationToken);
            }
            catch (FarmUnavailableException away) when (options.DryRun && !away.IsRefusal)
            {
                _recorder.Note($"what would be removed is not known: {away.Message}");
                return StepResult.Skipped("the farm was not asked");
            }

            packages += outcome.Removed.Values.Sum(names => names.Length);
            Record(outcome, arch);
        }

        return StepResult.Done(string.Create(
            CultureInfo.InvariantCulture, $"{gone.Count} folders are gone, {packages} packages {(options.DryRun ? "would be " : "")}removed"));
    }

    /// <summary>What stays is named, so others may go too that no folder makes any more.</summary>
    private void Record(RemovalOutcome outcome, string arch) => _recorder.Update(run => run with
    {
        Notes = outcome.Waits is { } waits ? run.Notes.Add($"what is to be removed from {run.TargetRepository}/{arch} is ordered, and waits: {waits}") : run.Notes,
        Decisions =
        [
            .. run.Decisions.Select(one => one.Kind == DecisionKind.Remove && outcome.Removed.TryGetValue(one.Pkgbase, out var names)
                    ? one with { Reasons = one.Reasons.Add($"{arch}: {string.Join(", ", names)}") }
                    : one)
                .Concat(outcome.Removed
                    .Where(pair => !run.Decisions.Any(one => one.Kind == DecisionKind.Remove && one.Pkgbase == pair.Key))
                    .Select(pair => new PackageDecision(
                        pair.Key, DecisionKind.Remove, ["no folder has its name any more", $"{arch}: {string.Join(", ", pair.Value)}"])))
                .OrderBy(one => one.Pkgbase, StringComparer.Ordinal),
        ],
    });

    private async Task<StepResult> MoveTagAsync(CancellationToken cancellationToken)
    {
        var shown = CommitMessage.ShortOf(_range.Head);
        if (options.DryRun)
        {
            return StepResult.Skipped($"the tag {options.Tag} would move to {shown}");
        }

        for (var i = 0; i < Tries; i++)
        {
            if (await _tag.MoveAsync(_place.Value, _range.Head, cancellationToken))
            {
                return StepResult.Done($"the tag {options.Tag} is at {shown}");
            }

            // Another run moved it. When that one did less than this one, it goes on from there; when it did more, it is right.
            _place = await _tag.FindAsync(options.Branch, cancellationToken);
            if (_place.Commit == _range.Head)
            {
                return StepResult.Done($"the tag {options.Tag} is at {shown}; another run moved it");
            }

            if (_place.Commit is not { } other)
            {
                continue;
            }

            if (!await _ranges.HasAsync(other, cancellationToken))
            {
                await _tag.FetchAsync(options.Branch, hasTag: true, deepen: false, cancellationToken);
            }

            if (!await _ranges.IsOnTopAsync(_range.Head, other, cancellationToken))
            {
                _recorder.Note($"another run moved the tag {options.Tag} to {CommitMessage.ShortOf(other)} meanwhile, and it stays there");
                return StepResult.Skipped($"another run moved the tag {options.Tag} to {CommitMessage.ShortOf(other)}");
            }
        }

        return StepResult.Failed($"the tag {options.Tag} is moved by others again and again. Everything was handed over; the same run again schedules nothing twice");
    }

    private Guid OperationOf(string arch, IEnumerable<WantedPackage> packages) => OperationId.Of(
    [
        Name, _settings.SourceRepository, _settings.TargetRepository, arch, options.Tag, _range.From, _range.Head,
        .. packages.SelectMany(one => (string?[])[one.Pkgbase, one.BuilderClass]),
    ]);
}
