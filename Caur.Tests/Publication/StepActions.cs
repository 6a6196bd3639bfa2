using System.Collections.Concurrent;
using Caur.Storage.Repositories;

namespace Caur.Tests.Publication;

/// <summary>Does something, or waits, when a publication reaches a step for the next time.</summary>
internal sealed class StepActions : IPublicationProbe
{
    private readonly ConcurrentDictionary<PublicationStep, Func<Task>> _next = new();

    public void Once(PublicationStep step, Action action) => _next[step] = () =>
    {
        action();
        return Task.CompletedTask;
    };

    /// <summary>Holds the next publication at a step.</summary>
    public Hold Block(PublicationStep step)
    {
        var hold = new Hold();
        _next[step] = hold.WaitAsync;
        return hold;
    }

    public async ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken)
    {
        if (_next.TryRemove(step, out var action))
        {
            await action();
        }
    }

    internal sealed class Hold
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void Go() => _go.TrySetResult();

        public Task WaitAsync()
        {
            _reached.TrySetResult();
            return _go.Task;
        }
    }
}
