using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    /// <summary>Everything in the queue: what builders have first, then what waits in the order of its turn.</summary>
    public QueueSnapshot Snapshot(string arch, DateTimeOffset now) => new()
    {
        Arch = arch,
        Paused = Paused,
        Items =
        [
            .. _byBuild.Values
                .OrderBy(entry => entry.IsActive ? 0 : entry.Offered ? 1 : _ready.Contains(entry) ? 2 : 3)
                .ThenBy(entry => entry, QueueRank.Instance)
                .Select(entry => View(entry, now)),
        ],
        Builders =
        [
            .. _builders.Values
                .OrderBy(known => known.Profile.Builder.ToString(), StringComparer.Ordinal)
                .Select(known => new QueueBuilder(known.Profile, BusyOf(known.Profile.Builder), now - known.Seen > BuilderSilence)),
        ],
    };

    /// <summary>One entry as people see it.</summary>
    public QueueItem View(QueueEntry entry, DateTimeOffset now)
    {
        var (wait, explanation) = Explain(entry, now);
        return new QueueItem
        {
            Build = entry.Build,
            Request = entry.Request,
            State = entry.Offered ? BuildState.Assigned : entry.Durable.State,
            Wait = wait,
            Explanation = explanation,
            Builder = entry.OfferedTo ?? entry.Durable.Builder,
            Attempts = entry.Durable.Attempts,
        };
    }

    /// <summary>Why a build waits; the true reason, worst first.</summary>
    private (WaitReason Reason, string Text) Explain(QueueEntry entry, DateTimeOffset now)
    {
        if (!entry.IsWaiting)
        {
            return (WaitReason.None, entry.Offered
                ? $"offered to {entry.OfferedTo}"
                : entry.Durable.Ending is { } ending ? $"being ended: {ending.Reason}"
                : entry.Durable.State == BuildState.Publishing ? entry.Note : "");
        }

        if (!entry.Durable.HeldBy.IsEmpty)
        {
            return (WaitReason.Held, $"held: it depends on {Names(entry.Durable.HeldBy)}, whose last build did not succeed");
        }

        if (entry.Predecessor is { } predecessor)
        {
            return (WaitReason.SamePackage, $"waits for the build of {predecessor.Build.QueuedAt:u} of the same package");
        }

        if (HeldBefore(entry) is { } held)
        {
            return (
                WaitReason.Held,
                $"held: it depends on {held.Package.Pkgbase}, which is held because {Names(held.Durable.HeldBy)} did not succeed");
        }

        if (entry.WaitsFor.Count > 0)
        {
            return (WaitReason.Dependency, $"waits for {Names(entry.WaitsFor.Select(first => first.Package.Pkgbase))}, which it depends on");
        }

        if (entry.NotBefore is { } time)
        {
            return (WaitReason.RetryPause, string.Create(
                CultureInfo.InvariantCulture, $"tried again in {Math.Max(1, (int)(time - now).TotalSeconds)} s: builder or engine failed it"));
        }

        if (Paused)
        {
            return (WaitReason.Paused, "the queue is paused");
        }

        if (!_builders.Values.Any(known => now - known.Seen <= BuilderSilence && BuilderMatch.Fits(entry.Request.BuilderClass, known.Profile)))
        {
            return (WaitReason.NoFittingBuilder, _builders.Count == 0
                ? "no builder is here"
                : $"no builder here is of class {entry.Request.BuilderClass ?? BuilderMatch.DefaultClass}");
        }

        return (WaitReason.Turn, entry.Durable.Ignores.IsEmpty
            ? "waits for a free builder"
            : $"waits for a free builder; does not wait for {Names(entry.Durable.Ignores)}, which depends on it in turn");
    }

    /// <summary>The nearest build that this one waits for, directly or not, and that is held itself: so this one is held with it.</summary>
    private static QueueEntry? HeldBefore(QueueEntry entry)
    {
        if (entry.WaitsFor.Count == 0)
        {
            return null;
        }

        var seen = new HashSet<QueueEntry>();
        var open = new Queue<QueueEntry>(ByName(entry.WaitsFor));
        while (open.TryDequeue(out var first))
        {
            if (!first.IsWaiting || !seen.Add(first))
            {
                continue;
            }

            if (!first.Durable.HeldBy.IsEmpty)
            {
                return first;
            }

            foreach (var before in ByName(first.WaitsFor))
            {
                open.Enqueue(before);
            }
        }

        return null;

        static IEnumerable<QueueEntry> ByName(HashSet<QueueEntry> entries) => entries.Count < 2
            ? entries
            : entries.OrderBy(item => item.Package.Pkgbase, StringComparer.Ordinal).ThenBy(item => item.Build.Timestamp);
    }

    private static string Names(IEnumerable<string> pkgbases)
    {
        var names = pkgbases.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return names.Count <= 4
            ? string.Join(", ", names)
            : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more");
    }
}
