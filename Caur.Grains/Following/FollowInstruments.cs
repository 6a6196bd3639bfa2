using System.Diagnostics.Metrics;
using Caur.Contracts.Sources;

namespace Caur.Grains.Following;

/// <summary>What the following of source repositories is measured by. Labels: the pipelines that there are, outcomes, verdicts.</summary>
internal sealed class FollowInstruments
{
    public const string MeterName = "Caur.Following";

    private readonly Counter<long> _runs;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _webhooks;
    private readonly Counter<long> _failedLooks;

    public FollowInstruments(IMeterFactory meters, IEnumerable<IPipelineStarter> starters)
    {
        var meter = meters.Create(MeterName);
        _runs = meter.CreateCounter<long>("caur.pipelines.runs", "{run}", "Runs of pipelines that ended, dry runs too, by how");
        _duration = meter.CreateHistogram<double>("caur.pipelines.duration", "s", "How long runs took");
        _webhooks = meter.CreateCounter<long>("caur.webhooks", "{delivery}", "Deliveries of webhooks, by what they came to");
        _failedLooks = meter.CreateCounter<long>("caur.sources.unavailable", "{look}", "Looks at a source repository that found nothing out");
        _failedLooks.Add(0);
        foreach (var starter in starters)
        {
            foreach (var state in Enum.GetValues<RunState>().Where(state => state > RunState.Running))
            {
                _runs.Add(0, Label(starter.Pipeline), new("outcome", state.ToString()));
            }
        }

        foreach (var verdict in Enum.GetValues<PushVerdict>())
        {
            _webhooks.Add(0, new KeyValuePair<string, object?>("verdict", verdict.ToString()));
        }
    }

    public void OnEnded(string pipeline, RunState outcome, TimeSpan took)
    {
        _runs.Add(1, Label(pipeline), new("outcome", outcome.ToString()));
        _duration.Record(took.TotalSeconds, Label(pipeline));
    }

    public void OnWebhook(PushVerdict verdict) => _webhooks.Add(1, new KeyValuePair<string, object?>("verdict", verdict.ToString()));

    public void OnUnavailable() => _failedLooks.Add(1);

    private static KeyValuePair<string, object?> Label(string pipeline) => new("pipeline", pipeline);
}
