namespace Caur.Pipelines.Webhooks;

/// <summary>The commits that runs of ours pushed, the newest of them: a webhook that tells of one of them has nothing new.</summary>
internal sealed class OwnPushes
{
    private const int MostKept = 256;

    private readonly Lock _gate = new();
    private readonly Queue<string> _order;
    private readonly HashSet<string> _known;

    /// <param name="commits">What was kept of an earlier time, the oldest first.</param>
    public OwnPushes(IEnumerable<string>? commits = null)
    {
        _order = new Queue<string>((commits ?? []).TakeLast(MostKept));
        _known = new HashSet<string>(_order, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>To be kept, the oldest first.</summary>
    public IReadOnlyList<string> Commits
    {
        get
        {
            lock (_gate)
            {
                return [.. _order];
            }
        }
    }

    /// <summary>Remembers a commit; to be called before it is pushed, since the webhook may come before the push's answer.</summary>
    public void Add(string commit)
    {
        lock (_gate)
        {
            if (!_known.Add(commit))
            {
                return;
            }

            _order.Enqueue(commit);
            if (_order.Count > MostKept)
            {
                _known.Remove(_order.Dequeue());
            }
        }
    }

    /// <summary>Why a push is ours; null for somebody else's.</summary>
    /// <param name="push">What a webhook told.</param>
    public string? WhyOwn(PushEvent push)
    {
        lock (_gate)
        {
            return _known.Contains(push.After) ? "the commit is one of our own"
                : push.SkipsCi ? "its message asks for no CI"
                : null;
        }
    }
}
