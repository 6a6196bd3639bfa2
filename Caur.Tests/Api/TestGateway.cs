using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Api.Hosting;
using Caur.Grains.Hosting;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Logs;
using Caur.Storage.Repositories;
using Caur.Tests.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Api;

/// <summary>Composes the gateway with all its routes before grains on the engine of this build, over a data folder, on a free port.</summary>
internal static class TestGateway
{
    /// <param name="folders">Made where they are missing.</param>
    /// <param name="own">The test's own services, before the gateway adds its: its farm, what publishes, and what else is to be otherwise.</param>
    /// <param name="log">Where lines go; nowhere without it.</param>
    public static WebApplication Build(DataFolders folders, Action<IServiceCollection> own, ILoggerProvider? log = null)
    {
        folders.Create();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(HubHost.ConfigureKestrel);
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(folders);
        services.AddSingleton(_ => new BuildLogStore(folders.Logs));
        services.AddSingleton(new LandingZone(folders.Landing));
        services.AddSingleton(new RepositoryFiles(folders.Repositories));
        services.AddSingleton(new TokenStore(Path.Combine(folders.Root, "tokens.json"), TimeProvider.System));
        services.AddSingleton<ITrustedKeys, NoKeys>();
        own(services);
        TestEngine.AddTo(services, folders);
        services.AddCaurGrains();
        services.AddCaurGateway();
        var app = builder.Build();
        app.MapCaurGateway();
        return app;
    }

    private sealed class NoKeys : ITrustedKeys
    {
        public ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<string>>([]);
    }
}
