using Caur.Pacman;

namespace Caur.Pipelines.Schedules;

/// <summary>
/// Which packages a run schedules by their <c>CI_ON_TRIGGER</c>. A run of a trigger (<c>TRIGGER</c>) schedules those of that trigger and looks for
/// nothing; a run without one looks at all packages, and schedules those without a trigger.
/// </summary>
internal static class TriggerRules
{
    /// <summary>The key in a <c>.CI/config</c>.</summary>
    public const string Key = "CI_ON_TRIGGER";

    /// <summary>Why a package of which something is new is not scheduled by a run without a trigger; null when it is.</summary>
    public static string? NotScheduled(CiConfig config) => config[Key] is { } trigger ? $"not scheduled: trigger {Polite.Shown.Short(trigger, 60)}" : null;

    /// <summary>What the run of a trigger decides.</summary>
    /// <param name="package">The package.</param>
    /// <param name="trigger">The value of <c>TRIGGER</c>, which is compared to the letter.</param>
    /// <param name="state">What is remembered of it, which stays.</param>
    public static PackageDecision Decide(SchedulePackage package, string trigger, State.PackageState state)
    {
        var own = package.Config.Settings[Key];
        var chosen = package.Problem is null && own == trigger;
        return new PackageDecision
        {
            PkgBase = package.PkgBase,
            Kind = chosen ? DecisionKind.Rebuild : package.Problem is not null ? DecisionKind.Skipped : DecisionKind.Nothing,
            Schedule = chosen,
            Reasons =
            [
                package.Problem is { } problem ? $"skipped: {problem}"
                    : chosen ? $"scheduled: trigger {Polite.Shown.Short(trigger, 60)}"
                    : own is null ? $"not of trigger {Polite.Shown.Short(trigger, 60)}: it has none"
                    : $"not of trigger {Polite.Shown.Short(trigger, 60)}: it has {Polite.Shown.Short(own, 60)}",
            ],
            State = state,
        };
    }
}
