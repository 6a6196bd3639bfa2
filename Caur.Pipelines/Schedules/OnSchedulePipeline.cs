using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Reviews;
using Caur.Pipelines.Runs;
using Caur.Pipelines.State;
using Caur.Storage.Processes;
using Message = Caur.Pipelines.Commits.CommitMessage;
using Outcome = Caur.Pipelines.Schedules.ScheduleOutcome;

namespace Caur.Pipelines.Schedules;

/// <summary>The manual's on-schedule pipeline: looks for what is new of every package, brings it to main or to review, and has it built.</summary>
/// <remarks>
/// Wherever a run ends, the next one goes on, and every build is ordered exactly once:
/// <list type="number">
/// <item>Reviews come before the push. The state that remembers a change as looked at is pushed only when its request was made; proposing it again
/// changes nothing.</item>
/// <item>One push, all or nothing, brings main, the tag and the state, and the state holds what is to be built (<c>.caur-pending</c>, which no other
/// reader of the branch knows). Before it, nothing has happened; the next run decides the same again.</item>
/// <item>Then that order goes to the farm, and then the state is pushed without it. A run that finds one hands it over before anything else: its
/// operations are made of the order, so that the farm queues nothing twice.</item>
/// <item>Each push names where branches and tag have to stand. When somebody else was there first, the run ends as superseded and nobody's commit is
/// replaced; the next one, after theirs was handled, does everything.</item>
/// </list>
/// </remarks>
/// <param name="git">The clone, to read.</param>
/// <param name="repository">The same clone, to fetch and push.</param>
/// <param name="connect">Gives the farm that a repository's settings name.</param>
/// <param name="options">What to do.</param>
/// <param name="processes">Runs git and the like.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run; for whoever shows it live.</param>
internal sealed class OnSchedulePipeline(
    GitRepository git,
    PushRepository repository,
    Func<RepositorySettings, IFarm> connect,
    OnScheduleOptions options,
    ProcessRunner processes,
    TimeProvider time,
    Action<PipelineRun>? changed = null)
{
    public const string Name = "on-schedule";

    private readonly RunRecorder _recorder = new(
        new PipelineRun { Pipeline = Name, DryRun = options.DryRun, Started = time.GetUtcNow(), Page = options.Page }, time, changed);

    private readonly SourceBranch _branch = new(git, repository, options.Branch, options.Tag);

    private SourcePlace _place = new() { Branch = "", Head = "" };
    private ScheduleSource _source = new("", ImmutableDictionary<string, SchedulePackage>.Empty, ConfigFile.Missing);
    private RepositorySettings _settings = RepositorySettings.Read(Pacman.CiConfig.Empty);
    private StateReading _state = new(StateContent.None, null, null);
    private string _stateTip = "";
    private StateContent _written = StateContent.None;
    private Outcome? _outcome;
    private IReadOnlyDictionary<string, ReviewVerdict> _verdicts = ImmutableDictionary<string, ReviewVerdict>.Empty;
    private SchedulePlan? _plan;
    private IFarm? _farm;
    private ScheduleHost? _host;
    private GitFolders? _folders;
    private string? _superseded;
    private string _head = "";
    private bool _handedOver;
    private bool _leftUndone;

    private IFarm Farm => _farm ??= connect(_settings);

    private GitIdentity Identity => new(_settings.AuthorName, _settings.AuthorEmail);

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
        catch (Exception error) when (error is SourceUnavailableException or FarmUnavailableException or PushException)
        {
            MayPass = error is SourceUnavailableException or FarmUnavailableException { IsRefusal: false } or PushException { IsUnavailable: true };
            return _recorder.End(RunOutcome.Failed, error.Message);
        }
        finally
        {
            _host?.Dispose();
            await repository.TidyAsync(CancellationToken.None);
        }
    }

    private async Task<PipelineRun> RunStepsAsync(CancellationToken cancellationToken)
    {
        if (!await StepAsync("find", FindAsync, cancellationToken) || !await StepAsync("read", ReadAsync, cancellationToken))
        {
            return Ended();
        }

        if (options.Trigger is not null)
        {
            return await StepAsync("decide", TriggerAsync, cancellationToken) && await StepAsync("names", CheckNamesAsync, cancellationToken)
                && await StepAsync("schedule", ScheduleTriggeredAsync, cancellationToken) ? Finished() : Ended();
        }

        return await StepAsync("pending", FinishEarlierAsync, cancellationToken)
            && await StepAsync("tag", CheckTagAsync, cancellationToken)
            && await StepAsync("learn", LearnAsync, cancellationToken)
            && await StepAsync("review", ReviewAsync, cancellationToken)
            && await StepAsync("names", CheckNamesAsync, cancellationToken)
            && await StepAsync("push", PushAsync, cancellationToken)
            && await StepAsync("schedule", ScheduleAsync, cancellationToken)
            && await StepAsync("aur", PublishAsync, cancellationToken)
            && await StepAsync("settle", SettleAsync, cancellationToken)
            && await StepAsync("template", TemplateAsync, cancellationToken) ? Finished() : Ended();
    }

    private async Task<bool> StepAsync(string name, Func<CancellationToken, Task<StepResult>> step, CancellationToken cancellationToken) =>
        await _recorder.StepAsync(name, () => step(cancellationToken)) && _superseded is null;

    private PipelineRun Ended() => _superseded is not null
        ? _recorder.End(RunOutcome.Superseded, _superseded)
        : _recorder.End(RunOutcome.Failed, _recorder.Run.Steps[^1].Detail);

    private PipelineRun Finished()
    {
        var (plan, problems) = (_plan!, _recorder.Run.Decisions.Count(one => one.Problem is not null));
        var words = $"{plan.Words}{(problems > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {problems} with a problem") : "")}{(options.DryRun ? "; nothing was changed, as this is a dry run" : "")}";
        return _recorder.End(
            problems > 0 || _leftUndone ? RunOutcome.Incomplete
            : plan.Builds.IsEmpty && plan.Folders.Count == 0 && !_handedOver && !plan.Decisions.Any(one => one.Kind == Runs.DecisionKind.Review) ? RunOutcome.NothingToDo
            : RunOutcome.Succeeded,
            words);
    }

    private async Task<StepResult> FindAsync(CancellationToken cancellationToken)
    {
        await repository.EnsureAsync(cancellationToken);
        _place = await _branch.FindAsync(cancellationToken);
        _head = _place.Head;
        _recorder.Update(run => run with { Commit = _place.Head, From = _place.TagCommit });
        return StepResult.Done($"{_place.Branch} is at {Message.ShortOf(_place.Head)}");
    }

    private async Task<StepResult> ReadAsync(CancellationToken cancellationToken)
    {
        // Both only read, and take about the same time.
        var reading = ScheduleSource.ReadAsync(git, _place.Head, cancellationToken);
        if (options.Trigger is null)
        {
            _state = await _branch.ReadStateAsync(_place, cancellationToken);
        }

        _source = await reading;
        (_stateTip, _written) = (_place.State ?? "", _state.Content);
        if (_source.Config.Problem is { } unreadable)
        {
            return StepResult.Failed(unreadable.Replace("its .CI/config", ".ci/config", StringComparison.Ordinal));
        }

        _settings = RepositorySettings.Read(_source.Config.Value);
        _recorder.Update(run => run with { SourceRepository = _settings.SourceRepository, TargetRepository = _settings.TargetRepository });
        if (NameCheck.Unusable(_settings, _recorder) is { } unusable)
        {
            return StepResult.Failed(unusable);
        }

        if (options.Trigger is null && _state.Recreated is { } recreated)
        {
            _recorder.Note($"{recreated}: it begins anew");
        }

        return StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{_source.Packages.Count} package folders"));
    }

    private Task<StepResult> TriggerAsync(CancellationToken cancellationToken)
    {
        _outcome = ScheduleRunner.Triggered([.. _source.Packages.Values], StateContent.None, 0, options.Trigger!);
        return Task.FromResult(Plan());
    }

    private async Task<StepResult> ScheduleTriggeredAsync(CancellationToken cancellationToken)
    {
        if (NotNow("scheduled") is { } skipped)
        {
            return skipped;
        }

        var run = options.RunId ?? Guid.NewGuid().ToString();
        return await HandOver.RunAsync(
            Farm,
            new HandedOver(_settings.SourceRepository, _settings.TargetRepository, options.Architectures, _place.Head, options.Pipeline, _plan!.Builds),
            (arch, some) => OperationId.Of(
            [
                Name, options.Trigger, run, _settings.SourceRepository, _settings.TargetRepository, arch, _place.Head,
                .. some.SelectMany(one => (string?[])[one.Pkgbase, one.BuilderClass]),
            ]),
            _recorder,
            cancellationToken);
    }

    /// <summary>Hands over what an earlier run did not, or perhaps did not.</summary>
    private async Task<StepResult> FinishEarlierAsync(CancellationToken cancellationToken)
    {
        if (_state.Content.Pending is not { } pending)
        {
            return StepResult.Skipped("no earlier run left anything");
        }

        var what = string.Create(CultureInfo.InvariantCulture, $"{pending.Packages.Length} packages of an earlier run at {Message.ShortOf(pending.Commit)}");
        if (options.DryRun)
        {
            return StepResult.Skipped($"{what} would be handed over");
        }

        var earlier = new EarlierOrder(repository, _place, _recorder);
        await earlier.FinishAsync(pending, (order, refused) => HandOverAsync(order, cancellationToken, refused), cancellationToken);
        (_handedOver, _leftUndone) = (earlier.HandedOver, earlier.LeftUndone);
        _state = _state with { Content = _state.Content with { Pending = null } };
        return await WriteStateAsync(_state.Content, cancellationToken) ?? StepResult.Done(what);
    }

    private Task<StepResult> CheckTagAsync(CancellationToken cancellationToken)
    {
        var (tag, branch, head) = (options.Tag, _place.Branch, Message.ShortOf(_place.Head));
        return Task.FromResult(
            _place.TagCommit == _place.Head ? StepResult.Done($"the tag {tag} is at {head}")
            : _place.TagValue is null
                ? StepResult.Failed($"there is no tag {tag}: the on-commit pipeline of {branch} has to succeed once before anything is looked for")
                : StepResult.Failed(
                    $"the tag {tag} is at {Message.ShortOf(_place.TagCommit ?? _place.TagValue)} and {branch} at {head}: the on-commit pipeline of {head} has not succeeded. It has to, before anything is looked for"));
    }

    private async Task<StepResult> LearnAsync(CancellationToken cancellationToken)
    {
        var created = ScheduleHost.Create(_source.Config.Value, options.Host with { EditorConfig = _source.EditorConfig }, processes, time);
        if (!created.IsGiven)
        {
            return StepResult.Failed(created.Problem);
        }

        _host = created.Value;
        _folders = new GitFolders(repository, _place.Head);
        _outcome = await _host.Runner.RunAsync(
            [.. _source.Packages.Values], _folders, _state.Content, AurWatermark.Parse(_source.Watermark), null, cancellationToken);
        foreach (var problem in _outcome.Problems)
        {
            _recorder.Note(problem);
        }

        return StepResult.Done(string.Create(
            CultureInfo.InvariantCulture,
            $"{_outcome.Decisions.Count(one => one.Kind is DecisionKind.Update or DecisionKind.Bump or DecisionKind.Rebuild)} with something new{(_outcome.Aur is { } aur ? $", the AUR by {aur.Source}" : "")}"));
    }

    private async Task<StepResult> ReviewAsync(CancellationToken cancellationToken)
    {
        var desk = options.DryRun ? null : new ReviewDesk(repository, options.Forge, Identity, time, _place.Branch);
        _verdicts = await new ReviewStep(_host!.Services, _source, _folders!, _settings, _place)
            .RunAsync(_outcome!.Decisions, _state.Content, desk, options.Forge, _recorder, cancellationToken);
        return Plan();
    }

    private StepResult Plan()
    {
        _plan = SchedulePlan.Make(_source, _state.Content, _outcome!, _verdicts, _settings);
        _recorder.Update(run => run with { Decisions = _plan.Decisions });
        return StepResult.Done(_plan.Words);
    }

    private async Task<StepResult> CheckNamesAsync(CancellationToken cancellationToken) => _plan!.Builds.IsEmpty
        ? StepResult.Skipped("nothing is to be built")
        : await NameCheck.StepAsync(Farm, _settings, options.Architectures, options.DryRun, _recorder, cancellationToken);

    private async Task<StepResult> PushAsync(CancellationToken cancellationToken)
    {
        var plan = _plan!;
        var content = _outcome!.State with { Packages = plan.States, Pending = null };
        if (options.DryRun)
        {
            return StepResult.Skipped(string.Create(CultureInfo.InvariantCulture, $"{plan.Folders.Count} folders would be committed"));
        }

        if (plan.Folders.Count == 0 && plan.Builds.IsEmpty && _state.Recreated is null && IsSame(content with { Commit = CommitOf(content, _place.Head) }, _written))
        {
            return StepResult.Skipped("there is nothing to push");
        }

        if (_settings.OverwriteCommits && plan.Folders.Count > 0)
        {
            // The commit that is replaced has a parent, which a cut-off clone may lack.
            await repository.DeepenAsync($"refs/heads/{_place.Branch}", cancellationToken);
        }

        var changes = new List<FolderChange>();
        foreach (var folder in plan.Folders)
        {
            changes.Add(await folder.ChangeAsync(_folders!, cancellationToken));
        }

        string? state = null;
        var outcome = await new MainPush(repository, time, options.Made).RunAsync(
            new MainChange
            {
                Branch = _place.Branch,
                Base = _place.Head,
                Folders = changes,
                Files = WatermarkFile(content.Format),
                Overwrites = _settings.OverwriteCommits,
                Identity = Identity,
                Skip = options.Skip,
                Tag = options.Tag,
                TagValue = _place.TagValue,
                OnlyFromBase = true,
                Follower = new RefFollower(
                    SourceBranch.State,
                    _stateTip,
                    async (head, token) =>
                    {
                        content = content with
                        {
                            Commit = CommitOf(content, head),
                            Pending = plan.Builds.IsEmpty ? null
                                : new PendingOrder(_stateTip, head, _settings.SourceRepository, _settings.TargetRepository, options.Architectures, plan.Builds) { Pipeline = options.Pipeline },
                        };
                        return state = _state.Recreated is null && IsSame(content, _written) ? null : await MakeStateAsync(content, token);
                    }),
            },
            cancellationToken);
        switch (outcome.State)
        {
            case MainState.Overtaken:
                _superseded = $"{outcome.Words}: nothing was pushed or ordered, and the next run does it";
                return StepResult.Skipped(_superseded);
            case MainState.Refused or MainState.Unavailable:
                MayPass = outcome.State == MainState.Unavailable;
                return StepResult.Failed($"{repository.Remote.Url} did not take the push: {outcome.Words}");
        }

        (_stateTip, _written) = (state ?? _stateTip, content);
        _head = outcome.Commit ?? _place.Head;
        _recorder.Update(run => run with { Commit = _head });
        return outcome.State == MainState.Nothing ? StepResult.Skipped("there is nothing to push")
            : StepResult.Done(outcome.Commit is null ? "the state alone" : $"{_place.Branch} is at {Message.ShortOf(outcome.Commit)}");
    }

    /// <summary>Only the newer form of the state has it.</summary>
    private Dictionary<string, FolderFile?> WatermarkFile(StateFormat format) =>
        format == StateFormat.Current && _plan!.Watermark > AurWatermark.Parse(_source.Watermark)
            ? new() { [AurWatermark.Path] = FolderFile.Of(AurWatermark.Text(_plan.Watermark)) }
            : [];

    private async Task<StepResult> ScheduleAsync(CancellationToken cancellationToken) =>
        NotNow("scheduled") ?? await HandOverAsync(_written.Pending!, cancellationToken);

    private StepResult? NotNow(string what) =>
        _plan!.Builds.IsEmpty ? StepResult.Skipped("nothing is to be built")
        : options.DryRun ? StepResult.Skipped(string.Create(CultureInfo.InvariantCulture, $"{_plan.Builds.Length} would be {what}"))
        : null;

    private async Task<StepResult> HandOverAsync(
        PendingOrder order, CancellationToken cancellationToken, Action<string, string, string>? refused = null)
    {
        try
        {
            return await HandOver.RunAsync(
                Farm,
                new HandedOver(order.SourceRepository, order.TargetRepository, order.Architectures, order.Commit, order.Pipeline, order.Packages),
                order.OperationOf,
                _recorder,
                cancellationToken,
                refused);
        }
        catch (FarmUnavailableException away)
        {
            throw new FarmUnavailableException($"{away.Message}. What is to be built is kept on the branch state, and the next run hands it over", away) { IsRefusal = away.IsRefusal };
        }
    }

    private async Task<StepResult> PublishAsync(CancellationToken cancellationToken)
    {
        if (options.DryRun || !_settings.ManageAur)
        {
            return StepResult.Skipped(_settings.ManageAur ? "the AUR is not asked in a dry run" : "CI_MANAGE_AUR is not true");
        }

        var (published, result) = await new AurStep(repository, options, Identity, processes, time)
            .RunAsync(_source, _head, _written.Packages, _recorder, cancellationToken);
        if (published.Count > 0)
        {
            _plan = _plan! with
            {
                States = _plan.States.ToDictionary(
                    one => one.Key,
                    one => published.TryGetValue(one.Key, out var tree) ? one.Value with { PublishedTree = tree } : one.Value,
                    StringComparer.Ordinal),
            };
        }

        return result;
    }

    /// <summary>Writes down that everything was handed over.</summary>
    private async Task<StepResult> SettleAsync(CancellationToken cancellationToken)
    {
        var content = _written with { Packages = _plan!.States, Pending = null };
        return options.DryRun ? StepResult.Skipped("nothing was changed")
            : IsSame(content, _written) ? StepResult.Skipped("nothing is left to be written down")
            : await WriteStateAsync(content, cancellationToken) ?? StepResult.Done("everything was handed over");
    }

    /// <summary>Comes last, since nothing depends on it.</summary>
    private Task<StepResult> TemplateAsync(CancellationToken cancellationToken) =>
        !_settings.TemplateUpdates ? Task.FromResult(StepResult.Skipped("TEMPLATE_ENABLE_UPDATES is not true"))
        : _source.Config.Value["TEMPLATE_REPO"] is not { } url ? Task.FromResult(StepResult.Skipped("TEMPLATE_REPO names no template"))
        : new TemplateStep(repository, _host!.Services, options, Identity, time).RunAsync(url, _place, _head, _recorder, cancellationToken);

    /// <summary>Pushes a state in place of the one that was written last.</summary>
    /// <returns>Null when it is there.</returns>
    private async Task<StepResult?> WriteStateAsync(StateContent content, CancellationToken cancellationToken)
    {
        var commit = await MakeStateAsync(content, cancellationToken);
        RefChange[] change = [new RefChange(SourceBranch.State, commit, _stateTip)];
        var pushed = await repository.PushAsync(change, repository.SkipFor(options.Skip), cancellationToken);
        if (pushed.State == PushState.NoOptions)
        {
            pushed = await repository.PushAsync(change, repository.SkipFor(options.Skip), cancellationToken);
        }

        switch (pushed.State)
        {
            case PushState.Done:
                (_stateTip, _written) = (commit, content);
                return null;
            case PushState.Overtaken:
                _superseded = "another run wrote the state at the same time, and goes on";
                return StepResult.Skipped(_superseded);
            default:
                return StepResult.Failed($"the branch state cannot be pushed: {pushed.Words}. What was handed over is not handed over again");
        }
    }

    private Task<string> MakeStateAsync(StateContent content, CancellationToken cancellationToken) => new StateBranch(git).WriteAsync(
        $"refs/caur/{Guid.NewGuid():N}", content, new CommitIdentity(_settings.AuthorName, _settings.AuthorEmail, time.GetUtcNow()), cancellationToken);

    /// <summary>Only the older form of the state says which commit it belongs to.</summary>
    private static string? CommitOf(StateContent content, string head) => content.Format == StateFormat.Former ? head : null;

    private static bool IsSame(StateContent left, StateContent right)
    {
        var (one, other) = (left.ToFiles(), right.ToFiles());
        return one.Count == other.Count && one.All(file => other.TryGetValue(file.Key, out var bytes) && file.Value.AsSpan().SequenceEqual(bytes));
    }
}
