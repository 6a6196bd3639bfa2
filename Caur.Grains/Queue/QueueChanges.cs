using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;

namespace Caur.Grains.Queue;

/// <summary>What a decision asks for: records to write and to clear, builds to close, attempts to end, builders to poke.</summary>
internal sealed class QueueChanges
{
    private readonly HashSet<QueueEntry> _writes = [];
    private readonly List<QueueEntry> _clears = [];
    private readonly List<(QueueEntry Entry, FinalVerdict Verdict)> _closes = [];
    private readonly List<(BuildAttempt Attempt, string Reason)> _cancels = [];
    private readonly HashSet<BuilderId> _pokes = [];
    private readonly List<(BuildChange Change, string Reason)> _news = [];

    /// <summary>Entries whose durable part changed.</summary>
    public IReadOnlyCollection<QueueEntry> Writes => _writes;

    /// <summary>Entries that left; their records go only when everything else here is durable.</summary>
    public IReadOnlyCollection<QueueEntry> Clears => _clears;

    /// <summary>Builds that end without a builder's word.</summary>
    public IReadOnlyCollection<(QueueEntry Entry, FinalVerdict Verdict)> Closes => _closes;

    /// <summary>Attempts that builders are asked to end.</summary>
    public IReadOnlyCollection<(BuildAttempt Attempt, string Reason)> Cancels => _cancels;

    /// <summary>Builders for which something is ready.</summary>
    public IReadOnlyCollection<BuilderId> Pokes => _pokes;

    /// <summary>What is told of builds when all of this is durable, in its order.</summary>
    public IReadOnlyList<(BuildChange Change, string Reason)> News => _news;

    public void Write(QueueEntry entry) => _writes.Add(entry);

    public void Clear(QueueEntry entry)
    {
        _writes.Remove(entry);
        _clears.Add(entry);
    }

    public void Close(QueueEntry entry, FinalVerdict verdict) => _closes.Add((entry, verdict));

    public void Tell(QueueEntry entry, BuildState state, string reason) =>
        _news.Add((new BuildChange(entry.Build, state, entry.OfferedTo ?? entry.Durable.Builder, entry.Durable.Attempts), reason));

    public void Cancel(BuildAttempt attempt, string reason) => _cancels.Add((attempt, reason));

    public void Poke(BuilderId builder) => _pokes.Add(builder);
}
