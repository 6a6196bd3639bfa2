using System.Globalization;
using System.Net;
using Caur.Silo.Hub;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Tls;

/// <summary>Where a server listens, with and without TLS.</summary>
internal static class TlsExtensions
{
    /// <summary>The value of <c>CAUR_HTTP</c> for this machine alone.</summary>
    public const string Local = "local";

    /// <summary>Lets it listen where the settings say.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="port">Of HTTP; 0 takes a free one.</param>
    /// <param name="variable">The settings.</param>
    /// <exception cref="HubSettingsException">There is no certificate in the files that they name.</exception>
    public static void Listen(this WebApplicationBuilder builder, int port, Func<string, string?> variable)
    {
        var local = variable("CAUR_HTTP") == Local;
        var tls = TlsFiles.Read(variable);
        if (tls is null)
        {
            builder.WebHost.UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://{(local ? "127.0.0.1" : "*")}:{port}"));
            return;
        }

        try
        {
            // Now rather than when it listens.
            TlsCertificate.Load(tls);
        }
        catch (TlsException wrong)
        {
            throw new HubSettingsException($"CAUR_TLS_CERTIFICATE: {wrong.Message}");
        }

        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton(provider => new TlsCertificates(tls, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<TlsCertificates>>()));
        builder.Services.AddHostedService(provider => provider.GetRequiredService<TlsCertificates>());

        // After all else that is configured: limits hold for what listens behind them.
        builder.Services.AddSingleton<IPostConfigureOptions<KestrelServerOptions>>(provider => new PostConfigureOptions<KestrelServerOptions>(Options.DefaultName, kestrel =>
        {
            var certificates = provider.GetRequiredService<TlsCertificates>();
            if (local)
            {
                kestrel.Listen(IPAddress.Loopback, port);
            }
            else
            {
                kestrel.ListenAnyIP(port);
            }

            kestrel.ListenAnyIP(tls.Port, listen =>
            {
                // What reads requests here was made for it.
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = certificates.ForHandshake });
            });
        }));
    }
}
