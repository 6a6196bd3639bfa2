using Caur.Api.Hosting;
using Caur.Api.Limits;
using Caur.Silo.Hub;
using Caur.Silo.Tls;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Web;

/// <summary>Composes <c>caur web</c>: a server in front of the hub's gateway, with a cache and without any secret.</summary>
internal static class FrontHost
{
    private static readonly TimeSpan ShutdownTime = TimeSpan.FromSeconds(15);

    /// <summary>The hub says how large a body may be; this is as large as that can be.</summary>
    private const long LargestBody = 1L << 30;

    /// <summary>Builds the host; nothing has started yet.</summary>
    /// <param name="settings">What it was told.</param>
    /// <param name="adjust">The last word on its services.</param>
    /// <exception cref="HubSettingsException">A variable cannot be read.</exception>
    /// <exception cref="IOException">The cache's folder cannot be used.</exception>
    public static WebApplication Build(WebSettings settings, Action<WebApplicationBuilder>? adjust = null)
    {
        // The host wants a folder that is there.
        Directory.CreateDirectory(settings.CacheFolder);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = settings.CacheFolder,
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Logging.AddFarmConsole();
        builder.Listen(settings.WebPort, settings.Variable);
        builder.WebHost.ConfigureKestrel(ConfigureKestrel);
        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTime);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.Configure<WebOptions>(options => options.ReadEnvironment(settings.Variable));
        services.AddCaurFront(DataFolders.Resolve(settings.CacheFolder));
        services.Configure<RequestLimits>(limits => limits.BodyBytes = LargestBody);
        services.AddGatewaySettings(settings.Variable);
        services.AddSingleton<HubConnection>();
        services.AddSingleton<Forwarder>();
        services.AddSingleton<ReadCache>();
        services.AddSingleton(provider => DiskCache.Open(
            settings.CacheFolder,
            provider.GetRequiredService<IOptions<WebOptions>>().Value.CacheBytes,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DiskCache>>()));
        services.AddSingleton<FileCache>();
        services.AddSingleton<LogMirrors>();
        services.AddHostedService(provider => provider.GetRequiredService<LogMirrors>());
        services.AddSingleton<LogSender>();
        services.AddSingleton<FrontHealth>();
        services.AddSingleton<Front>();
        adjust?.Invoke(builder);
        var app = builder.Build();

        // Now rather than with the first request: a folder that cannot be used ends the start.
        var front = app.Services.GetRequiredService<Front>();
        app.UseCaurFront();
        app.Run(front.AnswerAsync);
        return app;
    }

    private static void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        HubHost.ConfigureKestrel(kestrel);

        // Bytes as they are, also where they are no ASCII.
        kestrel.RequestHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
    }
}
