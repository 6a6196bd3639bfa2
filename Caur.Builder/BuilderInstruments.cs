using System.Diagnostics.Metrics;
using Caur.Protocol.Builders;

namespace Caur.Builder;

/// <summary>What the agent counts. Tags come from closed sets only.</summary>
internal sealed class BuilderInstruments
{
    /// <summary>The meter's name, for whoever exports it.</summary>
    public const string MeterName = "Caur.Builder";

    private readonly UpDownCounter<long> _running;
    private readonly Counter<long> _logBytes;
    private readonly Counter<long> _uploadBytes;
    private readonly Counter<long> _strays;
    private readonly Histogram<double> _duration;

    public BuilderInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _running = meter.CreateUpDownCounter<long>("caur.builder.attempts.running", "{attempt}", "Attempts that run on this builder");
        _duration = meter.CreateHistogram(
            "caur.builder.attempt.duration",
            "s",
            "Attempts of this builder, from order to result, by outcome",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [10, 60, 300, 900, 3600, 10800] });
        _logBytes = meter.CreateCounter<long>("caur.builder.log.bytes", "By", "Output of build containers");
        _uploadBytes = meter.CreateCounter<long>("caur.builder.upload.bytes", "By", "Archives brought to the landing zone");
        _strays = meter.CreateCounter<long>("caur.builder.strays.removed", "{container}", "Containers removed that belonged to no current attempt");
        _running.Add(0);
        _logBytes.Add(0);
        _uploadBytes.Add(0);
        _strays.Add(0);
    }

    public void OnAttemptStarted() => _running.Add(1);

    /// <param name="outcome">Null when it was lost or left, and so has none.</param>
    /// <param name="elapsed">From order to result.</param>
    public void OnAttemptEnded(AttemptOutcome? outcome, TimeSpan elapsed)
    {
        _running.Add(-1);
        _duration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome is { } known ? Name(known) : "none"));
    }

    public void OnOutput(int bytes) => _logBytes.Add(bytes);

    public void OnUploaded(long bytes) => _uploadBytes.Add(bytes);

    public void OnStrayRemoved() => _strays.Add(1);

    private static string Name(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Built => "built",
        AttemptOutcome.AlreadyBuilt => "already_built",
        AttemptOutcome.Skipped => "skipped",
        AttemptOutcome.Failed => "failed",
        AttemptOutcome.TimedOut => "timed_out",
        AttemptOutcome.Stalled => "stalled",
        AttemptOutcome.OutOfMemory => "out_of_memory",
        AttemptOutcome.Cancelled => "cancelled",
        AttemptOutcome.HandedBack => "handed_back",
        _ => "system_error",
    };
}
