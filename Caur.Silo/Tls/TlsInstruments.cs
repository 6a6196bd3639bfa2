using System.Diagnostics.Metrics;

namespace Caur.Silo.Tls;

/// <summary>How long the certificate lasts.</summary>
internal sealed class TlsInstruments
{
    /// <summary>Makes the instrument.</summary>
    /// <param name="meters">The process' meters.</param>
    /// <param name="certificates">What handshakes get; null where no TLS is spoken.</param>
    public TlsInstruments(IMeterFactory meters, TlsCertificates? certificates) => meters.Create("Caur.Tls").CreateObservableGauge(
        "caur.tls.certificate.expires",
        () => certificates?.Ends.ToUnixTimeSeconds() ?? double.PositiveInfinity,
        "s",
        "When the certificate of the gateway ends, in seconds since 1970; infinite without one");
}
