using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    private const string PausedText = "the queue is paused";

    private HeldPaths _held = new();
    private QueueSnapshot? _snapshot;
    private QueueTotals _totals = new(0, 0, 0, 0);
    private DateTimeOffset _snapshotFrom;
    private DateTimeOffset _snapshotUntil;

    /// <summary>Everything in the queue: what builders have first, then what waits in the order of its turn. It is made once per change,
    /// and anew when time alone changes it.</summary>
    public QueueSnapshot Snapshot(DateTimeOffset now)
    {
        if (_snapshot is null || now < _snapshotFrom || now >= _snapshotUntil)
        {
            _snapshot = MakeSnapshot(now);
            _snapshotFrom = now;
            _snapshotUntil = UnchangedUntil(now);
        }

        return _snapshot;
    }

    /// <summary>Counts what changed: as long as it is the same, so is everything that is shown.</summary>
    public long Version { get; private set; }

    /// <summary>One entry as people see it.</summary>
    public QueueItem View(QueueEntry entry, DateTimeOffset now) => View(entry, now, []);

    private QueueSnapshot MakeSnapshot(DateTimeOffset now)
    {
        var lacks = new Dictionary<BuildDemand, string>();
        return new QueueSnapshot
        {
            Arch = _arch,
            Paused = Paused,
            Items =
            [
                .. _byBuild.Values
                    .OrderBy(entry => entry.IsActive ? 0 : entry.Offered ? 1 : IsReady(entry) ? 2 : 3)
                    .ThenBy(entry => entry, QueueRank.Instance)
                    .Select(entry => View(entry, now, lacks)),
            ],
            Builders = ViewBuilders(now),
        };
    }

    private ImmutableArray<QueueBuilder> ViewBuilders(DateTimeOffset now) =>
    [
        .. _builders.Values
            .OrderBy(known => known.Profile.Builder.ToString(), StringComparer.Ordinal)
            .Select(known => new QueueBuilder(known.Profile, BusyOf(known.Profile.Builder), IsSilent(known, now))),
    ];

    /// <summary>Counts how a build ended that a builder had.</summary>
    private void CountEnd(QueueEntry entry, FinalVerdict verdict)
    {
        var published = entry.Durable.State == BuildState.Publishing || verdict.State == BuildState.Published;
        if (entry.Durable.Attempts == 0 || (!published && verdict.State is BuildState.Cancelled or BuildState.Replaced))
        {
            return;
        }

        var built = published || verdict.State.ReleasesDependants();
        _totals = new QueueTotals(
            _totals.Built + (built ? 1 : 0),
            _totals.NotBuilt + (built ? 0 : 1),
            _totals.Published + (verdict.State == BuildState.Published ? 1 : 0),
            _totals.Refused + (published && verdict.State != BuildState.Published ? 1 : 0));
    }

    /// <summary>Until when time alone changes no view: pauses count seconds, builders fall silent.</summary>
    private DateTimeOffset UnchangedUntil(DateTimeOffset now)
    {
        var until = _resting.Count > 0 ? now + TimeSpan.FromSeconds(1) : DateTimeOffset.MaxValue;
        foreach (var known in _builders.Values.Where(known => !IsSilent(known, now)))
        {
            var silent = known.Seen + BuilderSilence + TimeSpan.FromTicks(1);
            until = silent < until ? silent : until;
        }

        return until;
    }

    /// <summary>Something that is shown has changed.</summary>
    private void Touch()
    {
        Version++;
        _snapshot = null;
        _summary = null;
        _overview = null;
        _held = new HeldPaths();
    }

    private static bool IsSilent(KnownBuilder known, DateTimeOffset now) => known.Profile.Lost || now - known.Seen > BuilderSilence;

    private QueueItem View(QueueEntry entry, DateTimeOffset now, Dictionary<BuildDemand, string> lacks)
    {
        var (wait, explanation) = Explain(entry, now, lacks);
        if (Paused && wait is not (WaitReason.None or WaitReason.Paused))
        {
            // Also what would wait without the pause: nothing of it starts before somebody resumes the queue.
            (wait, explanation) = (WaitReason.Paused, $"{PausedText}; besides: {explanation}");
        }

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
    private (WaitReason Reason, string Text) Explain(QueueEntry entry, DateTimeOffset now, Dictionary<BuildDemand, string> lacks)
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

        if (entry.WaitsFor.Count > 0)
        {
            return _held.Before(entry) is { } held
                ? (WaitReason.Held, $"held: it depends on {held.Package.Pkgbase}, which is held because {Names(held.Durable.HeldBy)} did not succeed")
                : (WaitReason.Dependency, $"waits for {Names(entry.WaitsFor.Select(first => first.Package.Pkgbase))}, which it depends on");
        }

        if (entry.NotBefore is { } time)
        {
            var trouble = entry.Durable.Trouble is { Length: > 0 } known ? known : "builder or engine failed it";
            return (WaitReason.RetryPause, string.Create(
                CultureInfo.InvariantCulture, $"tried again in {Math.Max(1, (int)(time - now).TotalSeconds)} s: {trouble}"));
        }

        if (Paused)
        {
            return (WaitReason.Paused, PausedText);
        }

        if (!lacks.TryGetValue(entry.Demand, out var lack))
        {
            lacks[entry.Demand] = lack = Lack(entry.Demand, now);
        }

        if (lack.Length > 0)
        {
            return (WaitReason.NoFittingBuilder, lack);
        }

        return (WaitReason.Turn, entry.Durable.Ignores.IsEmpty
            ? "waits for a free builder"
            : $"waits for a free builder; does not wait for {Names(entry.Durable.Ignores)}, which depends on it in turn");
    }

    /// <summary>Why no builder that is here takes builds of a demand; empty when one does.</summary>
    private string Lack(BuildDemand demand, DateTimeOffset now)
    {
        var here = _builders.Values.Where(known => !IsSilent(known, now)).Select(known => known.Profile).ToList();
        var fitting = here.Where(profile => BuilderMatch.Fits(demand, profile)).ToList();
        return fitting.Exists(profile => profile.CanTake) ? ""
            : fitting.Count == 0 ? BuilderMatch.Missing(demand, _arch, here)
            : string.Join("; ", fitting
                .OrderBy(profile => profile.Builder.ToString(), StringComparer.Ordinal)
                .Take(3)
                .Select(profile => profile.Problem.Length > 0
                    ? $"builder {profile.Builder.Name} cannot run builds: {profile.Problem}"
                    : $"builder {profile.Builder.Name} takes no more builds"));
    }

    private static string Names(IEnumerable<string> pkgbases)
    {
        var names = pkgbases.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return names.Count <= 4
            ? string.Join(", ", names)
            : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more");
    }
}
