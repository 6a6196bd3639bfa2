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

    private readonly Queue<object> _items = new();
    private bool _isScheduled;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Runs a turn after what is queued already.</summary>
    public void Post(Turn turn) => Enqueue(turn);

    void IThreadPoolWorkItem.Execute()
    {
        _running = this;
        var started = Stopwatch.GetTimestamp();
        try
        {
            do
            {
                object item;
                lock (_items)
                {
                    if (!_items.TryDequeue(out item!))
                    {
                        _isScheduled = false;
                        return;
                    }
                }

                Run(item);
            }
            while (Stopwatch.GetTimestamp() - started < Quantum);
        }
        finally
        {
            _running = null;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override void QueueTask(Task task) => Enqueue(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && _running == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_items)
        {
            return [.. _items.OfType<Task>()];
        }
    }

    private void Enqueue(object item)
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

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
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
