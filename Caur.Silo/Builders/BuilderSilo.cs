using Caur.Api.Builders;
using Caur.Builder;
using Caur.Protocol.Builders;
using Caur.Silo.Configuration;
using Caur.Silo.Engines;
using Caur.Silo.Hub;
using Caur.Storage.Landing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Builders;

/// <summary>Composes a silo of a cluster on a builder's host, with the agent in its process and none of the farm's grains. It is trusted with
/// everything that the cluster knows.</summary>
internal static class BuilderSilo
{
    /// <summary>Builds the host; nothing has started yet.</summary>
    /// <param name="settings">What the builder was told; its gateway takes its archives.</param>
    /// <param name="cluster">What the cluster is; null when nobody said.</param>
    /// <param name="adjust">The last word on its services.</param>
    /// <exception cref="HubSettingsException">Something of it cannot work; the message is for people.</exception>
    public static IHost Build(BuilderSettings settings, ClusterSettings? cluster, Action<HostApplicationBuilder>? adjust = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, Args = [] });
        builder.Logging.AddFarmConsole();
        var services = builder.Services;
        services.AddOptions<HostOptions>().Configure<IOptions<BuilderOptions>>((host, agent) => host.ShutdownTimeout = HubHost.ShutdownTimeOf(agent.Value));
        var farm = HubHost.ReadFarm(new HubSettings { DataFolder = settings.DataFolder, Variable = settings.Variable });
        farm.RepositoryUrl ??= ForContainers(settings.Link.Gateway);
        services.AddSingleton(Options.Create(farm));
        services.AddSingleton(TimeProvider.System);
        services.AddBuilderSilo(cluster);
        services.AddSingleton(settings.Link);
        services.AddSingleton<IServer, NoServer>();
        services.AddSingleton<GatewayAddress>();
        services.AddSingleton<ITrustedKeys, GatewayKey>();
        services.AddSingleton<OrderFactory>();

        // Nothing arrives here: archives go to a gateway.
        services.AddSingleton(new LandingZone(Path.Combine(settings.DataFolder, "landing")));
        services.AddSingleton<GrainBuilderSession>();
        services.AddSingleton<IBuilderSession, SiloBuilderSession>();
        services.AddBuilderAgent(agent => BuilderHost.Configure(agent, settings));
        adjust?.Invoke(builder);
        return builder.Build();
    }

    /// <summary>A gateway's address as a container on this host reaches it.</summary>
    private static string ForContainers(Uri gateway)
    {
        var address = gateway.IsLoopback ? new UriBuilder(gateway) { Host = "host.docker.internal" }.Uri : gateway;
        return address.ToString().TrimEnd('/');
    }

    /// <summary>This process serves nothing over HTTP.</summary>
    private sealed class NoServer : IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(Microsoft.AspNetCore.Hosting.Server.IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
