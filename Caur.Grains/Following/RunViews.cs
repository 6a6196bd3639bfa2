using Caur.Contracts.Sources;
using Caur.Pipelines.Runs;

namespace Caur.Grains.Following;

/// <summary>Runs as others see them.</summary>
internal static class RunViews
{
    private const int LongestSummary = 2000;

    /// <summary>A run that has not ended, of which no more is known.</summary>
    public static RunSummary Of(RunTicket ticket, bool isRunning) => new()
    {
        Number = ticket.Number,
        Pipeline = ticket.Pipeline,
        Trigger = ticket.Trigger,
        DryRun = ticket.DryRun,
        Cause = ticket.Cause,
        State = isRunning ? RunState.Running : RunState.Waiting,
        Asked = ticket.Asked,
        Started = ticket.Started,
        Attempts = ticket.Attempts,
        NotBefore = ticket.NotBefore,
    };

    /// <summary>A run as it stands or ended.</summary>
    public static RunView Of(RunTicket ticket, PipelineRun run) => new()
    {
        Run = Of(ticket, isRunning: true) with
        {
            State = StateOf(run.Outcome),
            Summary = run.Summary.Length <= LongestSummary ? run.Summary : $"{run.Summary[..LongestSummary]}...",
            Ended = run.Ended,
            From = run.From,
            Commit = run.Commit,
            Target = run.TargetRepository,
            Builds = run.Decisions.Count(one => one is { Kind: DecisionKind.Build, Problem: null }),
            Removals = run.Decisions.Count(one => one is { Kind: DecisionKind.Remove, Problem: null }),
            Problems = run.Decisions.Count(one => one.Problem is not null),
        },
        Steps = [.. run.Steps.Select(step => new RunStepView(step.Name, step.Started, step.Ended, StateOf(step.Outcome), step.Detail))],
        Decisions = [.. run.Decisions.Take(RunView.KeptDecisions).Select(Of)],
        MoreDecisions = Math.Max(0, run.Decisions.Length - RunView.KeptDecisions),
        Notes = [.. run.Notes.Take(RunView.KeptNotes)],
    };

    public static RunDecision Of(PackageDecision decision) => new()
    {
        Pkgbase = decision.Pkgbase,
        Kind = KindOf(decision.Kind),
        Reasons = decision.Reasons,
        BuilderClass = decision.BuilderClass,
        Builds = decision.Builds,
        Problem = decision.Problem,
    };

    public static RunDecisionKind KindOf(DecisionKind kind) => kind switch
    {
        DecisionKind.Build => RunDecisionKind.Build,
        DecisionKind.Remove => RunDecisionKind.Remove,
        DecisionKind.Update => RunDecisionKind.Update,
        DecisionKind.Review => RunDecisionKind.Review,
        DecisionKind.Skipped => RunDecisionKind.Skipped,
        _ => RunDecisionKind.None,
    };

    public static RunStepState StateOf(StepOutcome outcome) => outcome switch
    {
        StepOutcome.Done => RunStepState.Done,
        StepOutcome.Skipped => RunStepState.Skipped,
        StepOutcome.Failed => RunStepState.Failed,
        _ => RunStepState.Running,
    };

    private static RunState StateOf(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Succeeded => RunState.Succeeded,
        RunOutcome.Incomplete => RunState.Incomplete,
        RunOutcome.NothingToDo => RunState.NothingToDo,
        RunOutcome.Superseded => RunState.Superseded,
        RunOutcome.Failed => RunState.Failed,
        _ => RunState.Running,
    };
}
