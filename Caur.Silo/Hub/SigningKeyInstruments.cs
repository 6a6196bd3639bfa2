using System.Diagnostics.Metrics;
using Caur.Storage.Signing;

namespace Caur.Silo.Hub;

/// <summary>How the signing key stands, as it was last looked at. Before that there is nothing to show.</summary>
internal sealed class SigningKeyInstruments
{
    private volatile Standing? _standing;

    public SigningKeyInstruments(IMeterFactory meters)
    {
        var meter = meters.Create("Caur.SigningKey");
        meter.CreateObservableGauge("caur.signing_key.usable", () => Measure(static standing => standing.Usable ? 1 : 0), null, "1 while there is a key that can sign");
        meter.CreateObservableGauge(
            "caur.signing_key.expires",
            () => Measure(static standing => standing.Ends?.ToUnixTimeSeconds() ?? double.PositiveInfinity),
            "s",
            "When the key makes its last signature, in seconds since 1970; infinite for never");
    }

    /// <summary>The key can sign.</summary>
    public void Report(GpgKey key) => _standing = new Standing(true, key.SigningEnds);

    /// <summary>No key can sign; when the last one was to end is still known.</summary>
    public void ReportNone() => _standing = new Standing(false, _standing?.Ends);

    private IEnumerable<Measurement<double>> Measure(Func<Standing, double> read) => _standing is { } standing ? [new Measurement<double>(read(standing))] : [];

    private sealed record Standing(bool Usable, DateTimeOffset? Ends);
}
