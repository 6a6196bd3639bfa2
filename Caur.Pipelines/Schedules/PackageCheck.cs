using Caur.Pacman;
using Caur.Pipelines.Bumps;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>Learns all that there is to learn of one package, in the order of the templates: source or nvchecker, commits, libraries, hook.</summary>
internal sealed class PackageCheck(
    ScheduleServices services, ScheduleSettings settings, IPackageFolders folders, AurFacts aur, VersionSnapshot before, LibraryChanges libraries)
{
    private const string NoSandbox = "cannot run here: no container engine is set up for it";

    private readonly SourceCheck _source = new(services, folders, aur);
    private readonly VcsCommits _commits = new(services.Git, services.UrlRules);

    public async Task<PackageDecision> DecideAsync(SchedulePackage package, PackageState state, CancellationToken cancellationToken)
    {
        if (package.Problem is not null)
        {
            return ScheduleDecision.Decide(package, Undecided(package, state), new Learnt());
        }

        var learnt = package.Config.Settings.IsTrue("CI_NVCHECKER")
            ? await NvcheckerAsync(package, cancellationToken)
            : await _source.LookAsync(package, state, cancellationToken);
        learnt = await VcsAsync(package, state, learnt, cancellationToken);
        learnt = Bumped(package, state, learnt);
        learnt = await HookAsync(package, learnt, cancellationToken);
        return ScheduleDecision.Decide(package, state, learnt);
    }

    /// <summary>What is remembered of a package that could not be looked at.</summary>
    public PackageState Undecided(SchedulePackage package, PackageState state) =>
        state with { Missed = MissedLibraries.Parse(state.Missed).With(libraries.For(package.Config.Settings["CI_REBUILD_TRIGGERS"], settings.RebuildBlacklist)).Text };

    private async Task<Learnt> NvcheckerAsync(SchedulePackage package, CancellationToken cancellationToken)
    {
        if (services.Scripts is null)
        {
            return new Learnt { Source = new Finding(FindingKind.Failed, $"nvchecker {NoSandbox}") };
        }

        var folder = await folders.ReadAsync(package.PkgBase, cancellationToken);
        var answer = await services.Scripts.NvcheckerAsync(package.PkgBase, folder, package.Srcinfo, cancellationToken);
        return !answer.IsGiven
            ? new Learnt { Source = new Finding(FindingKind.Failed, answer.Problem) }
            : new Learnt
            {
                Source = new Finding(answer.Value.Files is null ? FindingKind.Same : FindingKind.New, answer.Value.Words),
                Files = answer.Value.Files,
                Review = settings.ReviewNvchecker ? ReviewRule.Always : ReviewRule.None,
            };
    }

    private async Task<Learnt> VcsAsync(SchedulePackage package, PackageState state, Learnt learnt, CancellationToken cancellationToken)
    {
        var config = package.Config.Settings;
        if (!VcsSource.IsFollowed(package.PkgBase, config, state.GitCommit))
        {
            return learnt;
        }

        var srcinfo = learnt.Files?.Find(".SRCINFO") is { } changed && Srcinfo.Parse(changed.Bytes.Span) is { IsValid: true } read ? read.Value : package.Srcinfo;
        if (srcinfo is null)
        {
            return learnt with { Vcs = new Finding(FindingKind.Failed, "its commits cannot be followed without a .SRCINFO") };
        }

        var source = VcsSource.Of(srcinfo);
        if (source.Url is null)
        {
            return learnt with { Vcs = new Finding(FindingKind.NotAsked, $"no commits are followed: {source.Reason}") };
        }

        var newest = await _commits.NewestAsync(source, cancellationToken);
        if (!newest.IsGiven)
        {
            return learnt with { Vcs = new Finding(FindingKind.Failed, newest.Problem) };
        }

        var commit = newest.Value;
        var known = state.GitCommit ?? config["CI_GIT_COMMIT"];
        var where = $"{Polite.Shown.Short(source.Url, 120)}{(source.Reference == "HEAD" ? "" : $" ({source.Reference["refs/heads/".Length..]})")}";
        var finding = known is null ? new Finding(FindingKind.First, $"follows {where} from commit {SourceCheck.Short(commit)} on")
            : known == commit ? new Finding(FindingKind.Same, $"no newer commit of {where} since {SourceCheck.Short(commit)}")
            : new Finding(FindingKind.New, $"{where} has commit {SourceCheck.Short(commit)} after {SourceCheck.Short(known)}");
        return learnt with { Vcs = finding, GitCommit = commit };
    }

    private Learnt Bumped(SchedulePackage package, PackageState state, Learnt learnt)
    {
        var triggers = package.Config.Settings["CI_REBUILD_TRIGGERS"];
        var changes = libraries.For(triggers, settings.RebuildBlacklist, MissedLibraries.Parse(state.Missed));
        learnt = learnt with { UnknownTriggers = libraries.NeverFor(triggers) };
        return changes.Count == 0
            ? learnt
            : learnt with { Libraries = changes, Bump = Bump.Next(package.PkgBase, package.Config.Settings, before, libraries.Now) };
    }

    private async Task<Learnt> HookAsync(SchedulePackage package, Learnt learnt, CancellationToken cancellationToken)
    {
        if (!package.HasHook)
        {
            return learnt;
        }

        if (services.Scripts is null)
        {
            return learnt with { Hook = new Finding(FindingKind.Failed, $"update.sh {NoSandbox}") };
        }

        var folder = learnt.Files ?? await folders.ReadAsync(package.PkgBase, cancellationToken);
        if (!PackageScripts.HasHook(folder))
        {
            return learnt;
        }

        var answer = await services.Scripts.HookAsync(package.PkgBase, folder, cancellationToken);
        return !answer.IsGiven ? learnt with { Hook = new Finding(FindingKind.Failed, answer.Problem) }
            : answer.Value.Files is null ? learnt with { Hook = new Finding(FindingKind.Same, answer.Value.Words) }
            : learnt with { Hook = new Finding(FindingKind.New, answer.Value.Words), Files = answer.Value.Files };
    }
}
