using System.Diagnostics.Metrics;
using System.Runtime.Versioning;
using Caur.Silo.Hub;
using Caur.Silo.Tls;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Caur.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Telemetry;

/// <summary>What the metrics tell of the signing key and of the certificate, before they end.</summary>
[SupportedOSPlatform("linux")]
public sealed class KeyInstrumentsTests : IAsyncDisposable
{
    private readonly TestGpg _gpg = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Dictionary<string, double> _values = [];
    private readonly MeterListener _listener = new();

    public KeyInstrumentsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, Meters))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => _values[instrument.Name] = value);
        _listener.Start();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static double Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _services.DisposeAsync();
        await _gpg.DisposeAsync();
    }

    [Fact]
    public async Task SigningKey_WhenItIsProlongedAndGoes_IsToldAsItIsWithoutARestart()
    {
        await _gpg.MakeKeyAsync("Farm");
        var instruments = new SigningKeyInstruments(Meters);
        var time = new ManualTimeProvider();
        using var watch = new SigningKeyWatch(_gpg.Signer, instruments, time, NullLogger<SigningKeyWatch>.Instance);
        Read().ShouldBeEmpty("nobody has looked");
        var key = await _gpg.Signer.GetKeyAsync(Token);
        instruments.Report(key);
        Read()["caur.signing_key.usable"].ShouldBe(1);
        _values["caur.signing_key.expires"].ShouldBe(Now + 86400, 7200);

        await watch.StartAsync(Token);
        await _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "", "--quick-set-expire", key.Fingerprint, "30d");
        await LookedAsync(() => _values["caur.signing_key.expires"] > Now + (29 * 86400));
        Directory.Move(Path.Combine(_gpg.Home, "private-keys-v1.d"), Path.Combine(_gpg.Home, "gone"));
        await _gpg.Signer.StopAgentAsync(Token);
        await LookedAsync(() => _values["caur.signing_key.usable"] == 0);
        _values["caur.signing_key.expires"].ShouldBeGreaterThan(Now + (29 * 86400), "it is known from before");
        await watch.StopAsync(Token);

        Task LookedAsync(Func<bool> isTold) => Until.TrueAsync(
            () =>
            {
                time.Advance(SigningKeyWatch.LookEvery);
                Read();
                return isTold();
            },
            "the look");
    }

    [Fact]
    public void Certificate_IsToldWithItsEnd_AndAsInfiniteWhereThereIsNone()
    {
        _ = new TlsInstruments(Meters, null);
        Read()["caur.tls.certificate.expires"].ShouldBe(double.PositiveInfinity);

        using var authority = new TestAuthority();
        using var folder = new TemporaryFolder();
        var (chain, secret) = authority.Issue(1, days: 20);
        File.WriteAllText(folder["both.pem"], chain + secret);
        using var certificates = new TlsCertificates(new TlsFiles(folder["both.pem"], folder["both.pem"], 0), TimeProvider.System, NullLogger<TlsCertificates>.Instance);
        _ = new TlsInstruments(Meters, certificates);
        Read()["caur.tls.certificate.expires"].ShouldBe(Now + (20 * 86400), 60);
    }

    private Dictionary<string, double> Read()
    {
        _listener.RecordObservableInstruments();
        return _values;
    }
}
