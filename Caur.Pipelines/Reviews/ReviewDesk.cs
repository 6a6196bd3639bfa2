using Caur.Pipelines.Forges;
using Caur.Pipelines.Pushes;

namespace Caur.Pipelines.Reviews;

/// <summary>Keeps a branch and a request for each change that waits for somebody. What people do there (commits on the branch, closing the request)
/// stays as they left it.</summary>
/// <param name="repository">The clone.</param>
/// <param name="forge">Where requests are made; null for a repository that is at no forge or without a token.</param>
/// <param name="identity">As whom branches are made.</param>
/// <param name="time">For commits.</param>
/// <param name="branch">The branch that requests are for.</param>
internal sealed class ReviewDesk(PushRepository repository, IForge? forge, GitIdentity identity, TimeProvider time, string branch = "main")
{
    private string Main => $"refs/heads/{branch}";

    /// <summary>Has a change wait for review: its branch and request say what it is, and are left alone when they do already.</summary>
    public async Task<ReviewOutcome> ProposeAsync(ReviewProposal proposal, CancellationToken cancellationToken)
    {
        var name = ReviewBranch.Of(proposal.Pkgbase);
        try
        {
            var (place, changed) = await BranchAsync(proposal, name, cancellationToken);
            return place.State == BranchState.Ready
                ? await RequestAsync(proposal, name, place.Commit, changed, cancellationToken)
                : new ReviewOutcome(
                    proposal.Pkgbase,
                    place.State switch
                    {
                        BranchState.TakenOver => ReviewState.TakenOver,
                        BranchState.Unneeded => ReviewState.Unneeded,
                        BranchState.Rejected => ReviewState.Rejected,
                        _ => ReviewState.Failed,
                    },
                    place.Request,
                    false,
                    place.Words);
        }
        catch (PushException failure)
        {
            return new ReviewOutcome(proposal.Pkgbase, ReviewState.Failed, null, false, failure.Message);
        }
    }

    /// <summary>Closes the request of a change that needs none any more, and removes its branch unless somebody else has commits there.</summary>
    /// <param name="pkgbase">The package.</param>
    /// <param name="why">In a sentence of ours.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null when there was nothing to do, else what was done or what failed.</returns>
    public async Task<string?> WithdrawAsync(string pkgbase, string why, CancellationToken cancellationToken)
    {
        try
        {
            await repository.EnsureAsync(cancellationToken);
            var name = ReviewBranch.Of(pkgbase);
            var refs = await repository.ListAsync(cancellationToken, Main, $"refs/heads/{name}");
            return refs.TryGetValue($"refs/heads/{name}", out var commit) ? await RemoveAsync(name, commit, refs[Main], why, cancellationToken) : null;
        }
        catch (Exception failure) when (failure is PushException or ForgeException)
        {
            return $"{pkgbase}: {failure.Message}";
        }
    }

    /// <summary>Removes what is over: branches whose package stands on main just as they have it, or is no longer there.</summary>
    /// <returns>What was done and what failed, a sentence each.</returns>
    public async Task<IReadOnlyList<string>> PruneAsync(CancellationToken cancellationToken)
    {
        var told = new List<string>();
        await repository.EnsureAsync(cancellationToken);
        var refs = await repository.ListAsync(cancellationToken, "refs/heads/*");
        if (!refs.TryGetValue(Main, out var main))
        {
            return told;
        }

        var ours = refs.Where(entry => ReviewBranch.PackageOf(entry.Key["refs/heads/".Length..]) is not null).ToList();
        if (ours.Count == 0)
        {
            return told;
        }

        await repository.FetchAsync([Main, .. ours.Select(entry => entry.Key)], cancellationToken);
        foreach (var (full, commit) in ours)
        {
            var name = full["refs/heads/".Length..];
            var package = ReviewBranch.PackageOf(name)!;
            try
            {
                if (await ObsoleteAsync(package, commit, main, cancellationToken) is { } why && await RemoveAsync(name, commit, main, why, cancellationToken) is { } done)
                {
                    told.Add(done);
                }
            }
            catch (Exception failure) when (failure is PushException or ForgeException)
            {
                told.Add($"{package}: {failure.Message}");
            }
        }

        return told;
    }

    private async Task<string?> ObsoleteAsync(string package, string commit, string main, CancellationToken cancellationToken)
    {
        var there = await repository.IdAsync(main, package, cancellationToken);
        return there is null && await repository.MergeBaseAsync(main, commit, cancellationToken) is { } start
            && await repository.IdAsync(start, package, cancellationToken) is not null ? "the package is no longer in the repository"
            : there is not null && there == await repository.IdAsync(commit, package, cancellationToken) ? $"{branch} has it as it is here"
            : null;
    }

    private async Task<string?> RemoveAsync(string name, string commit, string main, string why, CancellationToken cancellationToken)
    {
        if (!await repository.HasAsync(commit, cancellationToken) || !await repository.HasAsync(main, cancellationToken))
        {
            await repository.FetchAsync([Main, $"refs/heads/{name}"], cancellationToken);
        }

        if (!await IsOursAsync(commit, main, cancellationToken))
        {
            // Also a person's own branch that happens to have such a name.
            return null;
        }

        if (forge is not null && await forge.FindAsync(name, cancellationToken) is { State: RequestState.Open } request)
        {
            // In its text too, so that nobody takes it for one that people closed: the same change may come again.
            await forge.UpdateAsync(request, new RequestText(request.Branch, branch, request.Title, $"{request.Body.TrimEnd()}\n\nClosed, because {why}.", []), cancellationToken);
            await forge.CloseAsync(request, $"Closed, because {why}.", cancellationToken);
        }

        var result = await repository.PushAsync([new RefChange($"refs/heads/{name}", "", commit)], CiSkip.No, cancellationToken);
        return result.State == PushState.Done ? $"{name} is removed: {why}" : $"{name} cannot be removed: {result.Words}";
    }

    /// <summary>Whether all that a branch has and main has not is ours. A branch that has nothing of its own was merged when its last commit is ours, and
    /// is somebody's fresh one when it stands where main does.</summary>
    private async Task<bool> IsOursAsync(string commit, string main, CancellationToken cancellationToken)
    {
        var own = await repository.LogAsync([commit, $"^{main}"], cancellationToken);
        return own.Count == 0
            ? commit != main && (await repository.LogAsync(["-1", commit], cancellationToken)).All(IsOurs)
            : own.All(IsOurs);
    }

    private bool IsOurs(CommitFacts facts) => facts.CommitterEmail == identity.Email;

    /// <summary>The request of just this change that somebody closed without taking it; null when there is none.</summary>
    private async Task<ForgeRequest?> RejectedAsync(ReviewProposal proposal, string name, CancellationToken cancellationToken)
    {
        try
        {
            return forge is not null && await forge.FindAsync(name, cancellationToken) is { State: RequestState.Closed } known
                && SaysSame(known, TextOf(proposal, name, forge.LongestBody)) ? known : null;
        }
        catch (ForgeException)
        {
            // The request will be asked for again, and whoever looks is told.
            return null;
        }
    }

    private static bool SaysSame(ForgeRequest known, RequestText text) => known.Title == text.Title && Normalized(known.Body) == Normalized(text.Body);

    private async Task<(BranchPlace Place, bool Changed)> BranchAsync(ReviewProposal proposal, string name, CancellationToken cancellationToken)
    {
        await repository.EnsureAsync(cancellationToken);
        var full = $"refs/heads/{name}";
        var refs = await repository.ListAsync(cancellationToken, Main, full);
        if (!refs.TryGetValue(Main, out var main))
        {
            return (new BranchPlace(BranchState.Failed, "", $"{repository.Remote.Url} has no branch {branch}"), false);
        }

        var there = refs.GetValueOrDefault(full);
        if (!await repository.HasAsync(main, cancellationToken) || (there is not null && !await repository.HasAsync(there, cancellationToken)))
        {
            await repository.FetchAsync(there is null ? [Main] : [Main, full], cancellationToken);
        }

        var change = new FolderChange(proposal.Pkgbase, await repository.ReadAsync(main, proposal.Pkgbase, cancellationToken), proposal.New);
        if (!change.Files.Any())
        {
            return (new BranchPlace(BranchState.Unneeded, "", $"{branch} has the change already"), false);
        }

        var commit = await repository.CommitAsync(
            new NewCommit
            {
                Parent = main,
                Identity = identity,
                Time = time.GetUtcNow(),
                Message = CommitMessage.Of([proposal.Pkgbase], marksSkip: false),
                Changes = [.. change.Files],
            },
            cancellationToken);
        if (there is not null)
        {
            if (!await IsOursAsync(there, main, cancellationToken))
            {
                return (new BranchPlace(BranchState.TakenOver, there, $"somebody else has commits on {name}, which stays as it is"), false);
            }

            if (await IsCurrentAsync(proposal.Pkgbase, there, commit, main, cancellationToken))
            {
                return (new BranchPlace(BranchState.Ready, there, ""), false);
            }
        }

        if (await RejectedAsync(proposal, name, cancellationToken) is { } rejected)
        {
            return (new BranchPlace(BranchState.Rejected, "", $"was not taken in request {rejected.Number}, and is the same since") { Request = rejected }, false);
        }

        // Not marked to skip CI: the mark would go to main with the merge, which is what schedules.
        var result = await repository.PushAsync([new RefChange(full, commit, there ?? "")], CiSkip.No, cancellationToken);
        return result.State == PushState.Done
            ? (new BranchPlace(BranchState.Ready, commit, ""), true)
            : (new BranchPlace(BranchState.Failed, "", $"{name} cannot be pushed: {result.Words}"), false);
    }

    /// <summary>Whether a branch has the change, and started from a main whose package is still the same.</summary>
    private async Task<bool> IsCurrentAsync(string package, string there, string wanted, string main, CancellationToken cancellationToken) =>
        await repository.IdAsync(there, package, cancellationToken) == await repository.IdAsync(wanted, package, cancellationToken)
        && await repository.MergeBaseAsync(there, main, cancellationToken) is { } start
        && await repository.IdAsync(start, package, cancellationToken) == await repository.IdAsync(main, package, cancellationToken);

    private async Task<ReviewOutcome> RequestAsync(ReviewProposal proposal, string name, string commit, bool changed, CancellationToken cancellationToken)
    {
        if (forge is null)
        {
            return new ReviewOutcome(proposal.Pkgbase, ReviewState.BranchOnly, null, changed, $"{name} is pushed; without a forge and a token (ACCESS_TOKEN) no request is made");
        }

        try
        {
            return await RequestAsync(forge, proposal, name, commit, changed, cancellationToken);
        }
        catch (ForgeException failure)
        {
            return new ReviewOutcome(proposal.Pkgbase, ReviewState.BranchOnly, null, changed, $"{name} is pushed, but there is no request: {failure.Message}");
        }
    }

    private async Task<ReviewOutcome> RequestAsync(IForge at, ReviewProposal proposal, string name, string commit, bool changed, CancellationToken cancellationToken)
    {
        var text = TextOf(proposal, name, at.LongestBody);
        var known = await at.FindAsync(name, cancellationToken);
        if (known is { State: RequestState.Open })
        {
            if (SaysSame(known, text))
            {
                return new ReviewOutcome(proposal.Pkgbase, ReviewState.Open, known, changed, $"waits for review in request {known.Number}");
            }

            await at.UpdateAsync(known, text, cancellationToken);
            return new ReviewOutcome(proposal.Pkgbase, ReviewState.Open, known, true, $"waits for review in request {known.Number}, which was updated");
        }

        if (known is { State: RequestState.Closed } && known.Head == commit && !changed)
        {
            return new ReviewOutcome(proposal.Pkgbase, ReviewState.Rejected, known, false, $"was not taken in request {known.Number}, and is the same since");
        }

        var made = await at.CreateAsync(text, cancellationToken);
        return new ReviewOutcome(proposal.Pkgbase, ReviewState.Open, made, true, $"waits for review in request {made.Number}");
    }

    private RequestText TextOf(ReviewProposal proposal, string name, int longest)
    {
        var findings = RiskReport.Of(proposal.Old, proposal.New, proposal.KnownMaintainers, proposal.Maintainers);
        var text = ReviewText.Compose(
            proposal.Pkgbase, proposal.Why, proposal.Change, findings, UnifiedDiff.Of(proposal.Old, proposal.New), longest, proposal.IsNvchecker);
        return new RequestText(name, branch, text.Title, text.Body, text.Labels, proposal.Assignee);
    }

    private static string Normalized(string body) => body.ReplaceLineEndings("\n").Trim();

    private enum BranchState
    {
        Ready,
        TakenOver,
        Unneeded,
        Rejected,
        Failed,
    }

    private sealed record BranchPlace(BranchState State, string Commit, string Words)
    {
        public ForgeRequest? Request { get; init; }
    }
}
