using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>Says when waiting builds will probably start, by playing what the queue will do: builds run as long as they are expected to,
/// succeed, and every slot that becomes free gets what the queue would give it. What comes in later is not known and not counted, and
/// neither are slots that another architecture's queue fills.</summary>
internal sealed class StartEstimator
{
    /// <summary>So many starts are played; what is behind them is too far away to be said.</summary>
    public const int MostStarts = 20_000;

    /// <summary>What a publication takes of which nothing else is known.</summary>
    public static readonly TimeSpan Publication = TimeSpan.FromSeconds(5);

    private readonly StartPlan _plan;
    private readonly ReadySet _ready = new();
    private readonly Dictionary<QueueEntry, int> _places = [];
    private readonly List<int>[] _dependants;
    private readonly int[] _before;
    private readonly StartEstimate?[] _starts;
    private readonly List<Slots> _builders;
    private readonly PriorityQueue<Step, (DateTimeOffset Time, long Order)> _steps = new();
    private DateTimeOffset _now;
    private long _order;
    private int _started;
    private bool _rough;

    private StartEstimator(StartPlan plan)
    {
        _plan = plan;
        _now = plan.Now;
        _dependants = new List<int>[plan.Builds.Length];
        _before = new int[plan.Builds.Length];
        _starts = new StartEstimate?[plan.Builds.Length];
        _builders = [.. plan.Builders.Where(builder => !builder.Lost && builder.Profile.CanTake).Select(builder => new Slots(builder.Profile))];
    }

    /// <summary>The estimates of all builds of the plan that wait, in the plan's order.</summary>
    public static ImmutableArray<StartEstimate> Estimate(StartPlan plan)
    {
        var estimator = new StartEstimator(plan);
        estimator.Prepare();
        if (!plan.Paused)
        {
            estimator.Play();
        }

        return estimator.Answers();
    }

    private void Prepare()
    {
        for (var place = 0; place < _plan.Builds.Length; place++)
        {
            var build = _plan.Builds[place];
            _places[build.Entry] = place;
            _before[place] = build.WaitsFor.Length;
            foreach (var first in build.WaitsFor)
            {
                (_dependants[first] ??= []).Add(place);
            }
        }

        for (var place = 0; place < _plan.Builds.Length; place++)
        {
            var entry = _plan.Builds[place].Entry;
            if (!entry.IsWaiting)
            {
                Occupy(place, entry);
            }
            else if (entry.NotBefore is { } time && time > _now)
            {
                _before[place]++;
                Later(time, new Step(place, Wakes: true, null));
            }
            else
            {
                ReadyIfFree(place);
            }
        }
    }

    /// <summary>A build that a builder or the repository has: when it ends is when others go on.</summary>
    private void Occupy(int place, QueueEntry entry)
    {
        if (entry.Durable.State == BuildState.Publishing)
        {
            Later(_now + Publication, new Step(place, Wakes: false, null));
            return;
        }

        var holder = entry.OfferedTo ?? entry.Durable.Builder;
        if (_plan.Builders.FirstOrDefault(builder => builder.Profile.Builder == holder) is not { Lost: false })
        {
            // Nobody knows whether it ends there or begins anew elsewhere.
            return;
        }

        var slots = _builders.Find(builder => builder.Profile.Builder == holder);
        if (slots is not null)
        {
            slots.Free--;
        }

        NoteRough(entry);
        var expected = entry.Request.EstimatedDuration;
        var left = expected - (_now - (entry.Started ?? _now));

        // What takes longer than it should may end at any moment, or take a while yet.
        left = left > expected / 10 ? left : expected / 10;
        Later(_now + (entry.Durable.State == BuildState.Uploading ? Shorter(left, Publication) : left), new Step(place, Wakes: false, slots));
    }

    private void Play()
    {
        while (true)
        {
            Dispatch();
            if (_started >= MostStarts || !_steps.TryDequeue(out var step, out var at))
            {
                return;
            }

            _now = at.Time;
            Take(step);
            while (_steps.TryPeek(out _, out var next) && next.Time == _now)
            {
                Take(_steps.Dequeue());
            }
        }
    }

    private void Dispatch()
    {
        foreach (var builder in _builders)
        {
            while (builder.Free > 0 && _started < MostStarts && _ready.First(builder.Profile) is { } entry)
            {
                _ready.Remove(entry);
                var place = _places[entry];
                _starts[place] = new StartEstimate(entry.Build, _now, _rough && _now > _plan.Now, "");
                NoteRough(entry);
                builder.Free--;
                _started++;
                Later(_now + entry.Request.EstimatedDuration, new Step(place, Wakes: false, builder));
            }
        }
    }

    private void Take(Step step)
    {
        if (step.Builder is { } builder)
        {
            // The slot is free before the packages are published.
            builder.Free++;
            Later(_now + Publication, step with { Builder = null });
            return;
        }

        if (step.Wakes)
        {
            _before[step.Place]--;
            ReadyIfFree(step.Place);
            return;
        }

        foreach (var after in _dependants[step.Place] ?? [])
        {
            _before[after]--;
            ReadyIfFree(after);
        }
    }

    private void ReadyIfFree(int place)
    {
        var entry = _plan.Builds[place].Entry;
        if (_before[place] == 0 && entry.IsWaiting && entry.Durable.HeldBy.IsEmpty)
        {
            _ready.Add(entry);
        }
    }

    private ImmutableArray<StartEstimate> Answers()
    {
        var answers = ImmutableArray.CreateBuilder<StartEstimate>();
        for (var place = 0; place < _plan.Builds.Length; place++)
        {
            var entry = _plan.Builds[place].Entry;
            if (entry.IsWaiting)
            {
                answers.Add(_starts[place] ?? new StartEstimate(entry.Build, null, false, WhyUnknown(place)));
            }
        }

        return answers.ToImmutable();
    }

    private string WhyUnknown(int place)
    {
        var entry = _plan.Builds[place].Entry;
        if (_plan.Paused)
        {
            return "the queue is paused, and nobody knows for how long";
        }

        if (!entry.Durable.HeldBy.IsEmpty)
        {
            return "it is held until what it depends on is built again";
        }

        if (_started >= MostStarts)
        {
            return string.Create(CultureInfo.InvariantCulture, $"more than {MostStarts} builds start before it");
        }

        return _before[place] > 0 ? WhyNeverFree(place) : "no builder that is here takes it";
    }

    /// <summary>Names the first build in the way that does not end by itself.</summary>
    private string WhyNeverFree(int place)
    {
        var seen = new HashSet<int> { place };
        while (true)
        {
            var open = _plan.Builds[place].WaitsFor.Where(first => !seen.Contains(first) && !IsOver(first)).ToList();
            if (open.Count == 0)
            {
                var entry = _plan.Builds[place].Entry;
                return !entry.IsWaiting ? $"it waits for {entry.Package.Pkgbase}, whose builder was not heard of lately"
                    : !entry.Durable.HeldBy.IsEmpty ? $"it waits for {entry.Package.Pkgbase}, which is held"
                    : $"it waits for {entry.Package.Pkgbase}, which no builder that is here takes";
            }

            place = open[0];
            seen.Add(place);
        }

        bool IsOver(int first) => _starts[first] is not null;
    }

    private void NoteRough(QueueEntry entry) => _rough |= entry.Request.EstimatedDuration == BuildRequest.UnknownDuration;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private void Later(DateTimeOffset time, Step step) => _steps.Enqueue(step, (time, _order++));

    /// <param name="Place">Of which build.</param>
    /// <param name="Wakes">Its pause is over; otherwise it ends.</param>
    /// <param name="Builder">Whose slot becomes free with its end; null when it is published then.</param>
    private sealed record Step(int Place, bool Wakes, Slots? Builder);

    private sealed class Slots(BuilderProfile profile)
    {
        public BuilderProfile Profile => profile;

        public int Free { get; set; } = profile.Slots;
    }
}
