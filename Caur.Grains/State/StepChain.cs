namespace Caur.Grains.State;

/// <summary>Runs steps of a reentrant grain one after the other, in the order in which they were asked for: a record has one write at a
/// time, and none is answered by the state that another has not written yet. Used from the grain's own turns only.</summary>
internal sealed class StepChain
{
    private Task _last = Task.CompletedTask;

    /// <summary>Runs a step after those before it have ended, however they ended.</summary>
    public Task RunAsync(Func<Task> step) => _last = RunAfterAsync(_last, step);

    private static async Task RunAfterAsync(Task before, Func<Task> step)
    {
        // Whether it failed is told to whoever waits for it.
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await step();
    }
}
