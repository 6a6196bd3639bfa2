using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Repositories;

/// <summary>What publications are measured by. Labels: target repositories of the configuration, kinds of changes, how they ended.</summary>
internal sealed class PublicationInstruments
{
    public const string MeterName = "Caur.Publications";

    private readonly ConcurrentDictionary<string, (Func<int> Waiting, Func<bool> Blocked)> _targets = new(StringComparer.Ordinal);
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _builds;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _changes;
    private readonly Counter<long> _failures;

    private readonly FarmOptions _farm;

    public PublicationInstruments(IMeterFactory meters, IOptions<FarmOptions> farm)
    {
        _farm = farm.Value;
        var meter = meters.Create(MeterName);
        _duration = meter.CreateHistogram(
            "caur.publications.duration",
            "s",
            "Publications of builds and how long each took",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600] });
        _builds = meter.CreateCounter<long>("caur.publications.builds", "{build}", "Builds published");
        _refused = meter.CreateCounter<long>("caur.publications.refused", "{build}", "Builds refused: their archives are not what was ordered");
        _changes = meter.CreateCounter<long>("caur.repositories.changes", "{change}", "Removals and rollbacks that ended, by kind and how");
        _failures = meter.CreateCounter<long>("caur.publications.failures", "{try}", "Tries to publish that something was in the way of");
        meter.CreateObservableGauge(
            "caur.publications.waiting", () => Measure(static target => target.Waiting()), "{order}", "Orders that wait for their repository");
        meter.CreateObservableGauge(
            "caur.publications.blocked", () => Measure(static target => target.Blocked() ? 1 : 0), null, "1 while something is in the way of a repository");
        _builds.Add(0);
        _refused.Add(0);
        _failures.Add(0);
        foreach (var kind in Enum.GetValues<RepositoryChangeKind>())
        {
            Add(kind, RepositoryChangeState.Done, 0);
            Add(kind, RepositoryChangeState.Refused, 0);
        }
    }

    /// <summary>Says where to look for one repository when somebody asks. One that the configuration does not name is nobody's label.</summary>
    public void Track(TargetId target, Func<int> waiting, Func<bool> blocked)
    {
        if (_farm.TargetRepositories.TryGetValue(target.Name, out var known) && known.Architectures.Contains(target.Arch))
        {
            _targets[target.ToString()] = (waiting, blocked);
        }
    }

    public void Forget(TargetId target) => _targets.TryRemove(target.ToString(), out _);

    public void OnPublished(int builds, int refused, TimeSpan took)
    {
        _builds.Add(builds);
        _refused.Add(refused);
        _duration.Record(took.TotalSeconds);
    }

    public void OnChanged(RepositoryChangeKind kind, RepositoryChangeState state) => Add(kind, state, 1);

    public void OnBlocked() => _failures.Add(1);

    private void Add(RepositoryChangeKind kind, RepositoryChangeState state, int count) =>
        _changes.Add(count, new("kind", kind.ToString()), new("state", state.ToString()));

    private IEnumerable<Measurement<int>> Measure(Func<(Func<int> Waiting, Func<bool> Blocked), int> read) => _targets
        .OrderBy(target => target.Key, StringComparer.Ordinal)
        .Select(target => new Measurement<int>(read(target.Value), new KeyValuePair<string, object?>("target", target.Key)));
}
