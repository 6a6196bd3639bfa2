using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Tls;

/// <summary>The certificate that handshakes get: the one in the files, also when that changes. What cannot be used, as the half of a renewal,
/// changes nothing.</summary>
/// <remarks>The content is looked at, not the time: a renewal may come as a link that leads elsewhere, of which nobody is told.</remarks>
internal sealed partial class TlsCertificates : BackgroundService
{
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly TlsFiles _files;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private volatile TlsCertificate _current;
    private string? _refused;

    /// <exception cref="TlsException">The files hold none.</exception>
    public TlsCertificates(TlsFiles files, TimeProvider clock, ILogger<TlsCertificates> logger)
    {
        (_files, _clock, _logger) = (files, clock, logger);
        _current = TlsCertificate.Load(files);
    }

    /// <summary>The end of the certificate that handshakes get now.</summary>
    public DateTimeOffset Ends => _current.Ends;

    /// <summary>What a handshake is done with now.</summary>
    public ValueTask<SslServerAuthenticationOptions> ForHandshake(TlsHandshakeCallbackContext handshake) => ValueTask.FromResult(new SslServerAuthenticationOptions
    {
        ServerCertificateContext = _current.Context,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Worry();
        using var timer = new PeriodicTimer(LookEvery, _clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Look();
        }
    }

    private void Look()
    {
        string? digest = null;
        try
        {
            var texts = TlsCertificate.Read(_files);
            digest = TlsCertificate.DigestOf(texts);
            if (digest == _current.Digest || digest == _refused)
            {
                return;
            }

            _current = TlsCertificate.Load(_files, texts);
            _refused = null;
            LogTaken(_logger, _current.Shown);
            Worry();
        }
        catch (TlsException wrong)
        {
            if (_refused != (digest ?? wrong.Message))
            {
                _refused = digest ?? wrong.Message;
                LogRefused(_logger, wrong.Message, _current.Shown);
            }
        }
    }

    private void Worry()
    {
        if (_current.Concern(_clock.GetUtcNow()) is { } concern)
        {
            LogConcern(_logger, _files.Certificate, concern);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "TLS has another certificate now: {Certificate}")]
    private static partial void LogTaken(ILogger logger, string certificate);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The changed certificate cannot be used: {Problem}. The one from before stays: {Certificate}")]
    private static partial void LogRefused(ILogger logger, string problem, string certificate);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate in {File}: {Concern}")]
    private static partial void LogConcern(ILogger logger, string file, string concern);
}
