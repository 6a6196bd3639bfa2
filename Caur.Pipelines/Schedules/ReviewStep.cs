using System.Globalization;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Reviews;
using Caur.Pipelines.Runs;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>What became of the question whether somebody has to look at a package's update.</summary>
/// <param name="Waits">Whether the update stays away from main.</param>
/// <param name="Words">Why, or what it waits for.</param>
/// <param name="Remember">Whether the change counts as looked at: false has the next run do it again.</param>
/// <param name="IsProblem">Whether it is not as it should be, which somebody has to mend.</param>
internal sealed record ReviewVerdict(bool Waits, string Words, bool Remember = true, bool IsProblem = false);

/// <summary>Decides which updates somebody has to look at, and has those wait at a branch and a request each.</summary>
/// <param name="services">Whom maintainers are asked of.</param>
/// <param name="source">The commit that updates are for.</param>
/// <param name="folders">Its folders.</param>
/// <param name="settings">The repository's settings.</param>
/// <param name="place">Which packages have branches already.</param>
internal sealed class ReviewStep(ScheduleServices services, ScheduleSource source, GitFolders folders, RepositorySettings settings, SourcePlace place)
{
    private readonly ReviewPolicy _policy = new(settings.HumanReview, settings.NvcheckerReview, TrustedMaintainers.Parse(source.Maintainers));

    /// <summary>Decides, proposes, and closes what is over.</summary>
    /// <param name="decisions">What the run decided.</param>
    /// <param name="before">What was remembered.</param>
    /// <param name="desk">Where branches and requests are made; null for a dry run, which makes none.</param>
    /// <param name="forge">To tell which requests are open; null when there is none.</param>
    /// <param name="recorder">For notes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyDictionary<string, ReviewVerdict>> RunAsync(
        IReadOnlyList<PackageDecision> decisions, StateContent before, ReviewDesk? desk, IForge? forge, RunRecorder recorder, CancellationToken cancellationToken)
    {
        var verdicts = new Dictionary<string, ReviewVerdict>(StringComparer.Ordinal);
        var candidates = await JudgeAsync([.. decisions.Where(one => one is { Files: not null, Review: not ReviewRule.None })], cancellationToken);
        if (settings.ReviewAssignee is { } assignee && AssigneeOf(assignee) is null && candidates.Exists(one => one.Verdict.NeedsReview))
        {
            recorder.Note($"CI_HUMAN_REVIEW_ASSIGNEE is '{Polite.Shown.Short(assignee, 60)}' and not the number of a user: requests are assigned to nobody");
        }

        foreach (var candidate in candidates)
        {
            var name = candidate.Decision.PkgBase;
            verdicts[name] = !candidate.Verdict.NeedsReview ? new ReviewVerdict(false, $"goes to {place.Branch}: {candidate.Verdict.Reason}")
                : desk is null ? new ReviewVerdict(true, $"would wait for review: {candidate.Verdict.Reason}")
                : await ProposeAsync(desk, forge, candidate, cancellationToken);
        }

        if (place.Reviews.Count > 0)
        {
            await TidyAsync(decisions, before, verdicts, desk, recorder, cancellationToken);
            await TellOpenAsync(verdicts, forge, recorder, cancellationToken);
        }

        return verdicts;
    }

    private async Task<List<Candidate>> JudgeAsync(IReadOnlyList<PackageDecision> decisions, CancellationToken cancellationToken)
    {
        var candidates = new List<Candidate>();
        foreach (var decision in decisions)
        {
            var package = source.Packages[decision.PkgBase];
            var config = package.Config.Settings;
            var from = PkgbuildSource.Parse(config["CI_PKGBUILD_SOURCE"], services.UrlRules);
            var origin = decision.Review == ReviewRule.Always || config.IsTrue("CI_NVCHECKER") ? ChangeOrigin.Nvchecker
                : from.Kind == PkgbuildSourceKind.Aur || (from.Kind == PkgbuildSourceKind.Git && IsOfAur(from.Value)) ? ChangeOrigin.Aur
                : ChangeOrigin.Other;
            var (old, now) = (await folders.TreeAsync(decision.PkgBase, cancellationToken), GitFolders.Of(decision.Files!));
            var change = ChangeJudge.Judge(old, now, config["CI_PKGBUILD_CHANGE_ALLOW_REGEX"]);
            candidates.Add(new Candidate(decision, package, origin, old, now, change, null, _policy.Decide(change.Kind, origin, null)));
        }

        var unknown = candidates.Where(one => one is { Origin: ChangeOrigin.Aur, Verdict.NeedsReview: true }).ToList();
        if (unknown.Count == 0)
        {
            return candidates;
        }

        // Co-maintainers stand in the answers for single packages only, and these are few.
        var answer = await services.Aur.AskAsync(
            [.. unknown.Select(one => new AurQuery(one.Decision.PkgBase, [.. one.Package.Srcinfo?.Packages.Select(known => known.Name.ToString()) ?? []]))], cancellationToken);
        return
        [
            .. candidates.Select(one => one is { Origin: ChangeOrigin.Aur, Verdict.NeedsReview: true }
                && answer.Value?.Packages.GetValueOrDefault(one.Decision.PkgBase)?.Maintainers is { } maintainers
                    ? one with { Maintainers = maintainers, Verdict = _policy.Decide(one.Change.Kind, one.Origin, maintainers) }
                    : one),
        ];
    }

    private async Task<ReviewVerdict> ProposeAsync(ReviewDesk desk, IForge? forge, Candidate candidate, CancellationToken cancellationToken)
    {
        var outcome = await desk.ProposeAsync(
            new ReviewProposal(candidate.Decision.PkgBase, candidate.Old, candidate.New, candidate.Change, candidate.Verdict.Reason)
            {
                Maintainers = candidate.Maintainers,
                IsNvchecker = candidate.Origin == ChangeOrigin.Nvchecker,
                Assignee = AssigneeOf(settings.ReviewAssignee),
            },
            cancellationToken);

        // Without a forge, a branch is all that there will be; with one, its request is made at the next run. A branch that people took over may
        // hold an older update, of which the next one is then still to be proposed: nothing is remembered, and nothing is wrong.
        var failed = outcome.State is ReviewState.Failed || (outcome.State == ReviewState.BranchOnly && forge is not null);
        return new ReviewVerdict(true, outcome.Words, !failed && outcome.State != ReviewState.TakenOver, failed);
    }

    /// <summary>Removes branches and requests of updates that nobody has to look at any more.</summary>
    private async Task TidyAsync(
        IReadOnlyList<PackageDecision> decisions,
        StateContent before,
        Dictionary<string, ReviewVerdict> verdicts,
        ReviewDesk? desk,
        RunRecorder recorder,
        CancellationToken cancellationToken)
    {
        if (desk is null)
        {
            return;
        }

        foreach (var told in await desk.PruneAsync(cancellationToken))
        {
            recorder.Note(told);
        }

        foreach (var decision in decisions.Where(one => place.Reviews.Contains(one.PkgBase) && one.Kind != DecisionKind.Skipped))
        {
            var why = verdicts.GetValueOrDefault(decision.PkgBase) is { } verdict
                ? verdict.Waits ? null : $"the update {verdict.Words}"
                : decision is { Files: not null, TakesSource: true } ? $"a later update goes to {place.Branch}"
                : IsLookedAtAnew(decision, before[decision.PkgBase]) ? $"its source is as {place.Branch} has it"
                : null;
            if (why is not null && await desk.WithdrawAsync(decision.PkgBase, why, cancellationToken) is { } told)
            {
                recorder.Note(told);
            }
        }
    }

    /// <summary>Says of packages of which nothing is new what they wait for.</summary>
    private async Task TellOpenAsync(Dictionary<string, ReviewVerdict> verdicts, IForge? forge, RunRecorder recorder, CancellationToken cancellationToken)
    {
        if (forge is null || place.Reviews.All(verdicts.ContainsKey))
        {
            return;
        }

        try
        {
            foreach (var request in await forge.ListOpenAsync(cancellationToken))
            {
                if (ReviewBranch.PackageOf(request.Branch) is { } package && place.Reviews.Contains(package) && !verdicts.ContainsKey(package))
                {
                    // Of what this run found, nothing waits: the rest of its update, of update.sh say, goes on.
                    verdicts[package] = new ReviewVerdict(false, $"waits for review in request {request.Number}");
                }
            }
        }
        catch (ForgeException away)
        {
            recorder.Note($"open requests are not known: {away.Message}");
        }
    }

    /// <summary>Whether the source was fetched again and compared. Of one that nothing was remembered of, the watermark alone may have said that it is known.</summary>
    private static bool IsLookedAtAnew(PackageDecision decision, PackageState before) =>
        (before.AurTimestamp is { } time && decision.State.AurTimestamp is { } seen && seen != time)
        || (before.UpstreamCommit is { } commit && decision.State.UpstreamCommit is { } newest && newest != commit);

    private static long? AssigneeOf(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var user) ? user : null;

    private bool IsOfAur(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && services.AurOptions.Hosts.Contains(uri.IdnHost, StringComparer.OrdinalIgnoreCase) && uri.IdnHost.Length > 0;

    private sealed record Candidate(
        PackageDecision Decision,
        SchedulePackage Package,
        ChangeOrigin Origin,
        FolderTree Old,
        FolderTree New,
        PackageChange Change,
        IReadOnlyList<string>? Maintainers,
        ReviewDecision Verdict);
}
