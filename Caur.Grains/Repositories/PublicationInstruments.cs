using System.Diagnostics.Metrics;

namespace Caur.Grains.Repositories;

/// <summary>What publications are measured by.</summary>
internal sealed class PublicationInstruments
{
    public const string MeterName = "Caur.Publications";

    private readonly Histogram<double> _duration;
    private readonly Counter<long> _builds;

    public PublicationInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _duration = meter.CreateHistogram<double>("caur.publications.duration", "s", "Time that one publication took");
        _builds = meter.CreateCounter<long>("caur.publications.builds", "{build}", "Builds published");
    }

    public void OnPublished(int builds, TimeSpan took)
    {
        _builds.Add(builds);
        _duration.Record(took.TotalSeconds);
    }
}
