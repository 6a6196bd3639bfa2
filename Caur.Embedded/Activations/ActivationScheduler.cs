using System.Diagnostics;
using Caur.Embedded.Calls;

namespace Caur.Embedded.Activations;

/// <summary>
/// Runs the tasks of one activation, one at a time, in order, on the thread pool. Because it is a task scheduler, code that awaits inside
/// of a grain comes back here.
/// </summary>
internal sealed class ActivationScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    // After so long a busy activation goes to the end of the pool's queue, so that it does not keep a thread for itself.
    private static readonly long Quantum = Stopwatch.Frequency / 20;

    [ThreadStatic]
    private static ActivationScheduler? _running;

    /// <summary>What this thread runs next, when it comes to the first wait of what it runs now.</summary>
    [ThreadStatic]
    private static ActivationScheduler? _next;

    private readonly Queue<object> _items = new();
    private bool _isScheduled;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Runs a turn after what is queued already.</summary>
    public void Post(Turn turn) => Enqueue(turn, isAwaited: turn is not Request { Method.IsOneWay: true });

    void IThreadPoolWorkItem.Execute()
    {
        var current = this;
        var started = Stopwatch.GetTimestamp();
        try
        {
            do
            {
                _running = current;
                var hasMore = current.RunFirst();
                if (TakeNext() is { } next)
                {
                    if (hasMore)
                    {
                        ThreadPool.UnsafeQueueUserWorkItem(next, preferLocal: true);
                        continue;
                    }

                    current = next;
                }
                else if (!hasMore)
                {
                    return;
                }
            }
            while (Stopwatch.GetTimestamp() - started < Quantum);
        }
        finally
        {
            _running = null;
        }

        ThreadPool.UnsafeQueueUserWorkItem(current, preferLocal: false);
    }

    protected override void QueueTask(Task task) => Enqueue(task, isAwaited: true);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && _running == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_items)
        {
            return [.. _items.OfType<Task>()];
        }
    }

    private static ActivationScheduler? TakeNext()
    {
        var next = _next;
        _next = null;
        return next;
    }

    private void Enqueue(object item, bool isAwaited)
    {
        lock (_items)
        {
            _items.Enqueue(item);
            if (_isScheduled)
            {
                return;
            }

            _isScheduled = true;
        }

        // A turn that calls is about to wait for the answer, one that answers is about to end: the same thread goes on, and none is woken.
        // It is the first one only, so that what a turn begins side by side runs side by side. A turn that blocked its thread until
        // another grain has answered would wait in vain; none may.
        if (isAwaited && _running is not null && _next is null)
        {
            _next = this;
            return;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    /// <summary>Runs the first item.</summary>
    /// <returns>Whether there are more; if not, the next one that comes has to be scheduled.</returns>
    private bool RunFirst()
    {
        object item;
        lock (_items)
        {
            item = _items.Dequeue();
        }

        Run(item);
        lock (_items)
        {
            return _isScheduled = _items.Count > 0;
        }
    }

    private void Run(object item)
    {
        if (item is Task task)
        {
            TryExecuteTask(task);
            return;
        }

        // Made here and not by the caller, so that nothing of the caller's execution context comes along.
        new Task(static state => ((Start)state!).Begin(), new Start((Turn)item, activation)).RunSynchronously(this);
    }

    private sealed class Start(Turn turn, Activation activation)
    {
        public void Begin() => _ = turn.RunAsync(activation);
    }
}
