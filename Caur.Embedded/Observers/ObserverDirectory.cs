using System.Collections.Concurrent;
using Caur.Embedded.Calls;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded.Observers;

/// <summary>The objects that references to observers lead to. They are held weakly: who registers one keeps it.</summary>
internal sealed class ObserverDirectory(EmbeddedEngine engine)
{
    private static readonly GrainType ObserverType = GrainType.Create("sys.observer");

    private readonly ConcurrentDictionary<GrainId, Mailbox> _mailboxes = new();

    public object Register(Type interfaceType, IGrainObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (observer is GrainProxy or IGrainBase)
        {
            throw new ArgumentException("A reference or a grain cannot be registered as an observer.", nameof(observer));
        }

        var id = GrainId.Create(ObserverType, Guid.NewGuid().ToString("N"));
        _mailboxes[id] = new Mailbox(new WeakReference<IGrainObserver>(observer));
        return GrainProxy.Create(engine, id, interfaceType, isObserver: true);
    }

    public void Unregister(IGrainObserver reference)
    {
        if (reference is not GrainProxy { IsObserver: true } proxy)
        {
            throw new ArgumentException("Argument must be a reference that CreateObjectReference made.", nameof(reference));
        }

        if (!_mailboxes.TryRemove(proxy.GrainId, out _))
        {
            throw new ArgumentException("Reference is not associated with a local object.", nameof(reference));
        }
    }

    /// <summary>Runs a call after those that came to the same observer before it.</summary>
    public void Send(Request request)
    {
        if (_mailboxes.TryGetValue(request.Target, out var mailbox) && mailbox.Observer.TryGetTarget(out _))
        {
            mailbox.Post(request);
            return;
        }

        _mailboxes.TryRemove(request.Target, out _);
        Lose(request);
    }

    private static void Lose(Request request)
    {
        if (request.Method.IsOneWay)
        {
            request.Reference.Engine.Logs.ObserverGone(request.Name, request.Target);
        }
        else
        {
            request.Reject(new ClientNotAvailableException($"{request.Name} found no observer {request.Target}: it is gone."));
        }
    }

    private sealed class Mailbox(WeakReference<IGrainObserver> observer) : IThreadPoolWorkItem
    {
        private readonly Queue<Request> _requests = new();
        private bool _isPumping;

        public WeakReference<IGrainObserver> Observer => observer;

        public void Post(Request request)
        {
            lock (_requests)
            {
                _requests.Enqueue(request);
                if (_isPumping)
                {
                    return;
                }

                _isPumping = true;
            }

            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        void IThreadPoolWorkItem.Execute() => _ = PumpAsync();

        private async Task PumpAsync()
        {
            while (true)
            {
                Request? request;
                lock (_requests)
                {
                    if (!_requests.TryDequeue(out request))
                    {
                        _isPumping = false;
                        return;
                    }
                }

                if (!observer.TryGetTarget(out var target))
                {
                    Lose(request);
                }
                else if (!request.IsAbandoned)
                {
                    await request.RunAsync(target);
                }
            }
        }
    }
}
