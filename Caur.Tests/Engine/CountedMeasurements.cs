using System.Diagnostics.Metrics;
using Caur.Embedded;

namespace Caur.Tests.Engine;

/// <summary>The sum of one of the engine's counters from now on, of whichever engines run on the given fixture.</summary>
internal sealed class CountedMeasurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _sum;

    public CountedMeasurements(EmbeddedEngineFixture engine, string name)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EngineInstruments.MeterName && instrument.Name == name && engine.Owns(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _sum, value));
        _listener.Start();
    }

    public long Sum => Interlocked.Read(ref _sum);

    public void Dispose() => _listener.Dispose();
}
