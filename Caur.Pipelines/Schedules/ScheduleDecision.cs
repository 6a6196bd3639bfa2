using Caur.Pacman;
using Caur.Pipelines.Bumps;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>Decides for one package: what it is and what was learnt of it, to update, bump, rebuild or nothing, with all reasons.</summary>
internal static class ScheduleDecision
{
    private const string ConfigPath = ".CI/config";

    /// <param name="package">The package.</param>
    /// <param name="before">What was remembered of it.</param>
    /// <param name="learnt">What the run learnt.</param>
    public static PackageDecision Decide(SchedulePackage package, PackageState before, Learnt learnt)
    {
        if (package.Problem is { } problem)
        {
            return new PackageDecision { PkgBase = package.PkgBase, Kind = DecisionKind.Skipped, Reasons = [$"skipped: {problem}"], State = before };
        }

        var reasons = new List<string>();
        Tell(reasons, learnt.Source);
        Tell(reasons, learnt.Vcs);
        if (learnt.Hook.Kind == FindingKind.Failed)
        {
            // What update.sh makes of the folder belongs to whatever else is new: without it nothing goes on, and the next run looks at all of it again.
            Tell(reasons, learnt.Hook);
            return new PackageDecision
            {
                PkgBase = package.PkgBase,
                Kind = DecisionKind.Skipped,
                Reasons = reasons,
                State = before with { Missed = MissedLibraries.Parse(before.Missed).With(learnt.Libraries).Text },
            };
        }

        var bump = TellBump(reasons, learnt);
        reasons.AddRange(learnt.UnknownTriggers.Select(
            trigger => $"its rebuild trigger {Polite.Shown.Short(trigger, 80)} is no pkgbase in the databases of CI_LIB_DB, and causes nothing"));
        Tell(reasons, learnt.Hook);

        var files = learnt.Files;
        var config = bump is null ? null : Raise(files, package, bump.Value);
        var kind = files is not null ? DecisionKind.Update
            : config is not null ? DecisionKind.Bump
            : learnt.Vcs.Kind == FindingKind.New ? DecisionKind.Rebuild
            : new[] { learnt.Source, learnt.Vcs, learnt.Hook }.Any(finding => finding.Kind == FindingKind.Failed) ? DecisionKind.Skipped
            : DecisionKind.Nothing;
        var schedule = kind is DecisionKind.Update or DecisionKind.Bump or DecisionKind.Rebuild;
        if (schedule && TriggerRules.NotScheduled(package.Config.Settings) is { } trigger)
        {
            reasons.Add(trigger);
            schedule = false;
        }

        if (reasons.Count == 0)
        {
            reasons.Add("nothing is new");
        }

        return new PackageDecision
        {
            PkgBase = package.PkgBase,
            Kind = kind,
            Reasons = reasons,
            Schedule = schedule,
            Files = files is null || config is null ? files : files.With(ConfigPath, new TreeFile(TreeFileKind.Plain, config.Bytes)),
            Config = config,
            TakesSource = files is not null && learnt.Source.Kind == FindingKind.New,
            Review = files is not null && learnt.Source.Kind == FindingKind.New ? learnt.Review : ReviewRule.None,
            State = Remember(before, learnt),
        };
    }

    private static void Tell(List<string> reasons, Finding finding)
    {
        if (finding.Words.Length > 0)
        {
            reasons.Add(finding.Kind == FindingKind.Failed ? $"skipped: {finding.Words}" : finding.Words);
        }
    }

    private static PackageBump? TellBump(List<string> reasons, Learnt learnt)
    {
        if (learnt.Libraries.Count == 0 || learnt.Bump is null)
        {
            return null;
        }

        var libraries = string.Join(", ", learnt.Libraries);
        reasons.Add(learnt.Bump.Value is { } bump
            ? $"bumped because {libraries}: {bump}"
            : $"not bumped though {libraries}: {learnt.Bump.Refusal}");
        return learnt.Bump.Value;
    }

    /// <summary>The config with the bump; null when that changes nothing.</summary>
    private static CiConfigText? Raise(FileTree? files, SchedulePackage package, PackageBump bump)
    {
        // What update.sh made of it, if it made something of it that is a config.
        var text = files?.Find(ConfigPath) is { Kind: not TreeFileKind.Link } file && CiConfigText.Read(file.Bytes.Span) is { IsValid: true } read
            ? read.Value
            : package.Config;
        var raised = ConfigEdit.Set(text, Bump.Key, bump.ToString());
        return ReferenceEquals(raised, package.Config) ? null : raised;
    }

    private static PackageState Remember(PackageState before, Learnt learnt) => before with
    {
        GitCommit = learnt.Vcs.Kind switch
        {
            FindingKind.Failed => before.GitCommit,
            FindingKind.NotAsked => null,
            _ => learnt.GitCommit,
        },

        // Of another source there is nothing to remember: whoever goes back to this one gets all of it again.
        AurTimestamp = learnt.Source.Kind == FindingKind.Failed ? before.AurTimestamp : learnt.AurTimestamp,
        UpstreamCommit = learnt.Source.Kind == FindingKind.Failed ? before.UpstreamCommit : learnt.UpstreamCommit,
        Missed = null,
    };
}
