using System.Diagnostics.Metrics;

namespace Caur.Grains.Logs;

/// <summary>What the logs are measured by.</summary>
internal sealed class LogInstruments
{
    public const string MeterName = "Caur.Logs";

    private readonly Counter<long> _bytes;

    public LogInstruments(IMeterFactory meters)
    {
        _bytes = meters.Create(MeterName).CreateCounter<long>("caur.logs.appended", "By", "Bytes appended to build logs");
        _bytes.Add(0);
    }

    public void OnAppended(long bytes) => _bytes.Add(Math.Max(0, bytes));
}
