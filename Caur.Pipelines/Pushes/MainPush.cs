namespace Caur.Pipelines.Pushes;

/// <summary>Brings a run's changes to its repository in one commit and one push. Where somebody else pushed in the meantime, the commit is made anew on
/// top of theirs; theirs are never replaced.</summary>
/// <param name="repository">The clone.</param>
/// <param name="time">For commits and pauses.</param>
/// <param name="made">Told of each commit before it is pushed: a webhook may tell of it before the push has its answer.</param>
internal sealed class MainPush(PushRepository repository, TimeProvider time, Action<string>? made = null)
{
    private const int Tries = 6;

    /// <summary>The longest pause before another try; it is different each time, so that two runs do not meet again.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <exception cref="PushException">git itself fails, or the repository cannot be read.</exception>
    public async Task<MainOutcome> RunAsync(MainChange change, CancellationToken cancellationToken)
    {
        await repository.EnsureAsync(cancellationToken);
        for (var tried = 1; ; tried++)
        {
            var refs = await ListAsync(change, cancellationToken);
            var plan = await PlanAsync(change, refs, cancellationToken);
            if (plan.Conflict is { } conflict)
            {
                return plan.Outcome with { State = MainState.Overtaken, Words = conflict };
            }

            if (plan.Refs.Count == 0)
            {
                return plan.Outcome with { State = MainState.Nothing };
            }

            var result = await repository.PushAsync(plan.Refs, repository.SkipFor(change.Skip), cancellationToken);
            if (result.State == PushState.NoOptions)
            {
                // Its commit has to ask instead.
                continue;
            }

            var state = result.State == PushState.Unavailable ? await LookAsync(change, plan, cancellationToken) : result.State;
            if (state != PushState.Overtaken || tried == Tries)
            {
                return plan.Outcome with
                {
                    State = state switch
                    {
                        PushState.Done => MainState.Pushed,
                        PushState.Overtaken => MainState.Overtaken,
                        PushState.Refused => MainState.Refused,
                        _ => MainState.Unavailable,
                    },
                    Words = state == PushState.Done ? "" : result.Words,
                };
            }

            await Task.Delay(LongestPause * Random.Shared.NextDouble(), time, cancellationToken);
        }
    }

    /// <summary>What a push without an answer came to.</summary>
    private async Task<PushState> LookAsync(MainChange change, Plan plan, CancellationToken cancellationToken)
    {
        try
        {
            var refs = await ListAsync(change, cancellationToken);
            return plan.Refs.All(change => (refs.GetValueOrDefault(change.Name) ?? "") == change.Commit) ? PushState.Done : PushState.Unavailable;
        }
        catch (PushException)
        {
            return PushState.Unavailable;
        }
    }

    /// <summary>Not what forges keep beside branches and tags, which is much.</summary>
    private Task<IReadOnlyDictionary<string, string>> ListAsync(MainChange change, CancellationToken cancellationToken) =>
        repository.ListAsync(cancellationToken, [$"refs/heads/{change.Branch}", .. change.Tag is null ? [] : (string[])[$"refs/tags/{change.Tag}"], .. change.Follower is null ? [] : (string[])[change.Follower.Name], .. change.Others.Select(other => other.Name)]);

    private async Task<Plan> PlanAsync(MainChange change, IReadOnlyDictionary<string, string> refs, CancellationToken cancellationToken)
    {
        var branch = $"refs/heads/{change.Branch}";
        var head = refs.GetValueOrDefault(branch) ?? throw new PushException($"{repository.Remote.Url} has no branch {change.Branch}");
        await NeedAsync(head, branch, change.Base, cancellationToken);
        var outcome = new MainOutcome { State = MainState.Nothing, HasOthers = head != change.Base };
        var tag = change.Tag is null ? null : $"refs/tags/{change.Tag}";
        var standsAt = tag is null ? null : refs.GetValueOrDefault(tag);
        var tagStood = change.TagValue ?? change.Base;
        if (change.OnlyFromBase && (outcome.HasOthers || (tag is not null && standsAt != tagStood)))
        {
            return new Plan([], outcome, outcome.HasOthers ? $"{change.Branch} has new commits by now" : $"the tag {change.Tag} was moved meanwhile");
        }

        if (change.Follower is { } stays && (refs.GetValueOrDefault(stays.Name) ?? "") != stays.Replaces)
        {
            return new Plan([], outcome, $"{stays.Name} does not stand where this run found it: another one ran at the same time");
        }

        // A branch that was to go, and is gone already or in somebody's hands, is no reason to fail; a state that another run wrote is.
        var others = change.Others.Where(other => (refs.GetValueOrDefault(other.Name) ?? "") != other.Commit
            && (other.Commit.Length > 0 || other.Replaces is null || refs.GetValueOrDefault(other.Name) == other.Replaces)).ToList();
        if (others.Find(other => other.Replaces is { } stood && (refs.GetValueOrDefault(other.Name) ?? "") != stood) is { } moved)
        {
            return new Plan([], outcome, $"{moved.Name} does not stand where this run found it: another one ran at the same time");
        }

        var (folders, left) = await FittingAsync(change, head, cancellationToken);
        outcome = outcome with { LeftOut = left };
        if (folders.Count == 0)
        {
            return new Plan([.. await FollowAsync(change.Follower, head, cancellationToken), .. others], outcome);
        }

        var replaced = change.Overwrites && head == change.Base ? await ReplacedAsync(change, head, cancellationToken) : null;
        var names = folders.Select(folder => folder.Name);
        var commit = await repository.CommitAsync(
            new NewCommit
            {
                Parent = replaced?.Parents[0] ?? head,
                Files = replaced is null ? null : await repository.IdAsync(head, "", cancellationToken),
                Identity = change.Identity,
                Time = time.GetUtcNow(),
                Message = CommitMessage.Of(
                    [.. replaced is null ? names : names.Union(await NamesAsync(replaced, cancellationToken), StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                    repository.SkipFor(change.Skip) == CiSkip.Marker,
                    change.Action,
                    change.Description) + (change.Trailer is { } trailer ? $"\n{trailer}\n" : ""),
                Changes = [.. folders.SelectMany(folder => folder.Files), .. change.Files],
            },
            cancellationToken);
        made?.Invoke(commit);
        var moves = tag is not null && !outcome.HasOthers && (standsAt is null || standsAt == tagStood);
        return new Plan(
            [
                new RefChange(branch, commit, head),
                .. moves ? (RefChange[])[new RefChange(tag!, commit, standsAt ?? "")] : [],
                .. await FollowAsync(change.Follower, commit, cancellationToken),
                .. others,
            ],
            outcome with { Commit = commit, Replaced = replaced?.Id, TagMoved = moves });
    }

    private static async Task<RefChange[]> FollowAsync(RefFollower? follower, string head, CancellationToken cancellationToken) =>
        follower is not null && await follower.MakeAsync(head, cancellationToken) is { } commit ? [new RefChange(follower.Name, commit, follower.Replaces)] : [];

    private async Task NeedAsync(string head, string branch, string start, CancellationToken cancellationToken)
    {
        if (!await repository.HasAsync(head, cancellationToken) || !await repository.HasAsync(start, cancellationToken))
        {
            await repository.FetchAsync([branch], cancellationToken);
        }
    }

    /// <summary>The changes that still fit: of folders that nobody else touched since the base.</summary>
    private async Task<(List<FolderChange> Fitting, List<string> Left)> FittingAsync(MainChange change, string head, CancellationToken cancellationToken)
    {
        var (fitting, left) = (new List<FolderChange>(), new List<string>());
        foreach (var folder in change.Folders.Where(folder => folder.Files.Any()))
        {
            if (head == change.Base
                || await repository.IdAsync(head, folder.Folder, cancellationToken) == await repository.IdAsync(change.Base, folder.Folder, cancellationToken))
            {
                fitting.Add(folder);
            }
            else
            {
                left.Add(folder.Folder);
            }
        }

        return (fitting, left);
    }

    private async Task<CommitFacts?> ReplacedAsync(MainChange change, string head, CancellationToken cancellationToken)
    {
        var last = await repository.LogAsync(["-1", head], cancellationToken);
        return last is [var commit] && AutomatedCommit.Is(commit, change.Identity) ? commit : null;
    }

    /// <summary>The packages that a commit changed.</summary>
    private async Task<IEnumerable<string>> NamesAsync(CommitFacts commit, CancellationToken cancellationToken) =>
        (await repository.DiffAsync(commit.Parents[0], commit.Id, cancellationToken))
            .Where(path => path[0] != '.' && path.Contains('/', StringComparison.Ordinal)).Select(path => path[..path.IndexOf('/', StringComparison.Ordinal)]).Distinct();

    private sealed record Plan(IReadOnlyList<RefChange> Refs, MainOutcome Outcome, string? Conflict = null);
}
