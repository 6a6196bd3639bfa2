using System.Globalization;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Runs;
using Caur.Silo.Cli;

namespace Caur.Silo.Ci;

/// <summary>A run of a pipeline in a CI job's log: its steps as they end, then what was decided and why.</summary>
internal sealed class RunOutput(CliContext context, bool json)
{
    private int _told;

    /// <summary>Tells the steps that ended since it was called last.</summary>
    public void Changed(PipelineRun run)
    {
        for (; !json && _told < run.Steps.Length && run.Steps[_told].Outcome != StepOutcome.Running; _told++)
        {
            var step = run.Steps[_told];
            var (mark, milliseconds) = (step.Outcome == StepOutcome.Failed ? "failed: " : "", step.Duration?.TotalMilliseconds ?? 0);
            context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step.Name,-9} {milliseconds,6:0} ms  {mark}{step.Detail}"));
        }
    }

    /// <summary>Tells how it ended.</summary>
    public void End(PipelineRun run)
    {
        if (json)
        {
            JsonText.Write(context.Out, run);
            return;
        }

        // Of thousands of packages nothing is to be told, which the last line counts.
        foreach (var decision in run.Decisions.Where(one => one.Kind != DecisionKind.None || one.Problem is not null))
        {
            // A folder may be called anything, and this is somebody's terminal.
            context.Out.WriteLine(GitText.OneLine($"  {Word(decision),-8} {decision.Pkgbase}: {string.Join("; ", decision.Reasons)}{Then(decision)}"));
        }

        foreach (var note in run.Notes)
        {
            context.Error.WriteLine(GitText.OneLine($"note: {note}"));
        }

        if (run.Outcome == RunOutcome.Failed)
        {
            context.Error.WriteLine($"caur: {run.Summary}");
        }
        else
        {
            var commit = run.Commit is { } head ? $" at {CommitMessage.ShortOf(head)}" : "";
            context.Out.WriteLine($"{run.Pipeline}{commit}: {run.Summary}");
        }

        if (run.Page is { } page)
        {
            context.Out.WriteLine(GitText.OneLine($"run: {page}"));
        }
    }

    private static string Word(PackageDecision decision) => decision switch
    {
        { Problem: not null } => "not done",
        { Kind: DecisionKind.Build } => "build",
        { Kind: DecisionKind.Remove } => "remove",
        { Kind: DecisionKind.Update } => "update",
        { Kind: DecisionKind.Review } => "review",
        { Kind: DecisionKind.Skipped } => "skipped",
        _ => "nothing",
    };

    private static string Then(PackageDecision decision) =>
        decision.Problem is { } problem ? decision.Kind == DecisionKind.Build ? $". It cannot be built: {problem}" : $". Not done: {problem}"
        : decision.Builds.IsEmpty ? ""
        : $" -> {string.Join(", ", decision.Builds)}";
}
