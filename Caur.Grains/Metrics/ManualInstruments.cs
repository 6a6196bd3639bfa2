using System.Diagnostics.Metrics;
using Caur.Contracts.Builds;
using Caur.Grains.Queue;

namespace Caur.Grains.Metrics;

/// <summary>The names under which today's farms of this kind show the same, so that their dashboards go on: those with the prefix
/// <c>chaotic_manager_</c> of the manual's system, those without of the newer one, each without the labels that grow with the farm (package,
/// job id). docs/metrics.md says which of Caur's own says it better.</summary>
internal sealed class ManualInstruments
{
    public const string MeterName = "Caur.Manual";

    private static readonly string[] Statuses = ["successful", "failed-build", "failed-database", "already-built", "skipped"];

    private static readonly double[] Boundaries = [120, 240, 600, 1200, 3600, 7200, 12000];

    private readonly UpDownCounter<long> _count;
    private readonly Histogram<double> _building;
    private readonly Histogram<double> _elapsed;
    private readonly Counter<long> _builds;
    private readonly Dictionary<string, UpDownCounter<long>> _byResult;
    private readonly Counter<long> _database;
    private readonly UpDownCounter<long> _databaseSuccess;
    private readonly UpDownCounter<long> _databaseFailed;

    public ManualInstruments(IMeterFactory meters, Func<IEnumerable<QueueSummary>> queues)
    {
        var meter = meters.Create(MeterName);
        _count = meter.CreateUpDownCounter<long>("chaotic_manager_builder_total_count", null, "Builds that ended, by status and target repository");
        _building = Histogram(meter, "chaotic_manager_builder_elapsed_time", "Seconds that builds ran");
        _elapsed = Histogram(meter, "chaotic_manager_build_to_deployment_elapsed_time", "Seconds from queueing to the final state");
        meter.CreateObservableGauge(
            "chaotic_manager_active_build_jobs", () => Pairs(queues, summary => (summary.Active, summary.Waiting)), null, "Builds that run and that wait");
        meter.CreateObservableGauge(
            "chaotic_manager_active_database_jobs",
            () => Pairs(queues, summary => (summary.ByState[(int)BuildState.Publishing], 0)),
            null,
            "Builds that are being published");
        meter.CreateObservableGauge("builders_active", () => queues().Sum(summary => summary.Builders[(int)BuilderCondition.Busy]), null, "Builders with a build");
        meter.CreateObservableGauge("builders_idle", () => queues().Sum(summary => summary.Builders[(int)BuilderCondition.Idle]), null, "Builders without a build");
        meter.CreateObservableGauge("queue_current", () => queues().Sum(summary => summary.Waiting), null, "Builds that wait");
        _builds = meter.CreateCounter<long>("builds", null, "Builds that ended");
        _byResult = new[] { "success", "failed_build", "failed_software", "failed_timeout", "cancelled", "skipped" }.ToDictionary(
            result => result,
            result => meter.CreateUpDownCounter<long>($"builds_{result}", null, $"Builds that ended: {result.Replace('_', ' ')}"));
        _database = meter.CreateCounter<long>("database", null, "Builds that came to their publication");
        _databaseSuccess = meter.CreateUpDownCounter<long>("database_success", null, "Builds published");
        _databaseFailed = meter.CreateUpDownCounter<long>("database_failed", null, "Builds refused by their repository");
        _builds.Add(0);
        _database.Add(0);
        _databaseSuccess.Add(0);
        _databaseFailed.Add(0);
        foreach (var result in _byResult.Values)
        {
            result.Add(0);
        }
    }

    /// <summary>A build ended.</summary>
    /// <param name="target">Its target repository's name, which is one of the configuration.</param>
    /// <param name="state">How.</param>
    /// <param name="total">From its queueing; zero when no builder had it.</param>
    /// <param name="wasPublishing">Whether its archives had been handed to the repository.</param>
    public void OnFinished(string target, BuildState state, TimeSpan total, bool wasPublishing)
    {
        _builds.Add(1);
        if (ResultOf(state) is { } result)
        {
            _byResult[result].Add(1);
        }

        var refused = wasPublishing && state != BuildState.Published;
        if (refused || StatusOf(state) is not null)
        {
            var status = refused ? "failed-database" : StatusOf(state)!;

            // All of them, so that none comes into being later.
            Array.ForEach(Statuses, known => _count.Add(known == status ? 1 : 0, new("status", known), new("repo", target)));
            _elapsed.Record(total.TotalSeconds, new KeyValuePair<string, object?>("outcome", status));
        }

        if (refused || state == BuildState.Published)
        {
            _database.Add(1);
            (refused ? _databaseFailed : _databaseSuccess).Add(1);
        }
    }

    /// <summary>An attempt ended that ran.</summary>
    public void OnAttemptEnded(AttemptEnd end, TimeSpan took) => _building.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", end switch
    {
        AttemptEnd.Built => "successful",
        AttemptEnd.AlreadyBuilt => "already-built",
        AttemptEnd.Skipped => "skipped",
        _ => "failed-build",
    }));

    private static Histogram<double> Histogram(Meter meter, string name, string description) =>
        meter.CreateHistogram(name, null, description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Boundaries });

    private static string? StatusOf(BuildState state) => state switch
    {
        BuildState.Published => "successful",
        BuildState.AlreadyBuilt => "already-built",
        BuildState.Skipped => "skipped",
        BuildState.Cancelled or BuildState.Replaced => null,
        _ => "failed-build",
    };

    private static string? ResultOf(BuildState state) => state switch
    {
        BuildState.Published => "success",
        BuildState.Failed or BuildState.Stalled or BuildState.OutOfMemory => "failed_build",
        BuildState.SystemError => "failed_software",
        BuildState.TimedOut => "failed_timeout",
        BuildState.Cancelled or BuildState.Replaced => "cancelled",
        BuildState.Skipped => "skipped",
        _ => null,
    };

    private static Measurement<int>[] Pairs(Func<IEnumerable<QueueSummary>> queues, Func<QueueSummary, (int Active, int Waiting)> read)
    {
        var all = queues().Select(read).ToList();
        return
        [
            new(all.Sum(pair => pair.Active), new KeyValuePair<string, object?>("status", "active")),
            new(all.Sum(pair => pair.Waiting), new KeyValuePair<string, object?>("status", "waiting")),
        ];
    }
}
