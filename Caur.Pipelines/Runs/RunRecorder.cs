namespace Caur.Pipelines.Runs;

/// <summary>Writes a run down while it goes on.</summary>
/// <param name="run">The run as it begins.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change; for whoever shows it live.</param>
internal sealed class RunRecorder(PipelineRun run, TimeProvider time, Action<PipelineRun>? changed = null)
{
    /// <summary>The run as it stands.</summary>
    public PipelineRun Run { get; private set; } = run;

    /// <summary>Writes something down.</summary>
    public void Update(Func<PipelineRun, PipelineRun> change)
    {
        Run = change(Run);
        changed?.Invoke(Run);
    }

    /// <summary>Writes a note down.</summary>
    public void Note(string text) => Update(now => now with { Notes = now.Notes.Add(text) });

    /// <summary>Runs a step. When it throws, it failed; the exception goes on.</summary>
    /// <param name="name">Which.</param>
    /// <param name="step">What it does.</param>
    /// <returns>False when it failed.</returns>
    public async Task<bool> StepAsync(string name, Func<Task<StepResult>> step)
    {
        var begun = time.GetUtcNow();
        Update(now => now with { Steps = now.Steps.Add(new RunStep(name, begun, null, StepOutcome.Running, "")) });
        try
        {
            var result = await step();
            End(result);
            return result.Outcome != StepOutcome.Failed;
        }
        catch (Exception error)
        {
            End(StepResult.Failed(error is OperationCanceledException ? "it was ended" : error.Message));
            throw;
        }
    }

    /// <summary>Ends the run.</summary>
    public PipelineRun End(RunOutcome outcome, string summary)
    {
        Update(now => now with { Outcome = outcome, Summary = summary, Ended = time.GetUtcNow() });
        return Run;
    }

    private void End(StepResult result) => Update(now => now with
    {
        Steps = now.Steps.SetItem(now.Steps.Length - 1, now.Steps[^1] with { Ended = time.GetUtcNow(), Outcome = result.Outcome, Detail = result.Detail }),
    });
}

/// <summary>How a step ended.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Detail">What came of it, for people.</param>
internal readonly record struct StepResult(StepOutcome Outcome, string Detail)
{
    public static StepResult Done(string detail) => new(StepOutcome.Done, detail);

    public static StepResult Skipped(string detail) => new(StepOutcome.Skipped, detail);

    public static StepResult Failed(string detail) => new(StepOutcome.Failed, detail);
}
