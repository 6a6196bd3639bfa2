using System.Diagnostics.Metrics;
using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Api.Hosting;
using Caur.Api.Logs;
using Caur.Api.Telemetry;
using Caur.Builder;
using Caur.Contracts.Farm;
using Caur.Grains.Hosting;
using Caur.Protocol.Builders;
using Caur.Silo.Configuration;
using Caur.Silo.Engines;
using Caur.Silo.Tls;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Logs;
using Caur.Storage.Processes;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Hub;

/// <summary>Composes the hub: grains, gateway and agent in one process.</summary>
internal static class HubHost
{
    /// <summary>Longer than the agent's own budget, so that it can hand back what runs.</summary>
    private static readonly TimeSpan ShutdownTime = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan SpareTime = TimeSpan.FromSeconds(15);

    /// <summary>Builds the host; nothing has started yet.</summary>
    /// <param name="settings">What it was told.</param>
    /// <param name="adjust">The last word on its services, for whoever runs the hub without some part of it.</param>
    /// <exception cref="HubSettingsException">Something that was configured cannot work; the message is for people.</exception>
    public static WebApplication Build(HubSettings settings, Action<WebApplicationBuilder>? adjust = null)
    {
        var farm = ReadFarm(settings);
        var cluster = ReadCluster(settings);
        var folders = DataFolders.Resolve(settings.DataFolder, settings.Variable);
        folders.Create();
        var folderLock = FarmEngine.IsCluster ? FarmLock.Share(folders.Root) : FarmLock.Take(folders.Root);
        if (!FarmEngine.IsCluster)
        {
            // Where others write in the folder too, what they write now would go.
            Leftovers.Sweep(folders);
        }

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = folders.Root,

            // Otherwise the host watches the whole data folder, every log and archive in it, for a changed appsettings.json.
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Logging.AddFarmConsole();
        builder.Listen(settings.WebPort, settings.Variable);
        builder.WebHost.ConfigureKestrel(ConfigureKestrel);
        builder.Services.AddOptions<HostOptions>().Configure<Microsoft.Extensions.Options.IOptions<BuilderOptions>>(
            (host, agent) => host.ShutdownTimeout = ShutdownTimeOf(settings.RunAgent ? agent.Value : null));
        builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(farm));
        builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(NotificationEnvironment.Read(settings.Variable)));
        builder.Services.AddSingleton<HubFailure>();
        builder.Services.AddSingleton(folderLock);
        builder.Services.AddFarmStorage(folders, settings.Variable);
        builder.Services.AddSingleton(RetentionEnvironment.Logs(settings.Variable));
        builder.Services.AddSingleton(RetentionEnvironment.Repositories(settings.Variable));

        AddEngine(builder.Services, settings, folders, cluster);
        builder.Services.AddCaurGrains();
        builder.Services.AddSingleton(TelemetryOptions.Read(settings.Variable));
        builder.Services.AddCaurGateway();
        builder.Services.AddGatewaySettings(settings.Variable);
        if (FarmEngine.IsCluster)
        {
            builder.Services.AddSingleton<LogNews>();
        }

        builder.Services.AddSingleton(provider => new TlsInstruments(provider.GetRequiredService<IMeterFactory>(), provider.GetService<TlsCertificates>()));
        AddService(builder.Services, settings);
        if (settings.RunAgent)
        {
            builder.Services.AddSingleton<IBuilderSession>(services => services.GetRequiredService<GrainBuilderSession>());
            builder.Services.AddBuilderAgent(agent => ConfigureAgent(agent, settings, farm, folders));
        }

        adjust?.Invoke(builder);
        var app = builder.Build();
        app.MapCaurGateway();
        app.Services.GetRequiredService<TlsInstruments>();
        return app;
    }

    private static void AddEngine(IServiceCollection services, HubSettings settings, DataFolders folders, ClusterSettings? cluster)
    {
        if (settings.IsGateway)
        {
            services.AddFarmClient(cluster);
            services.AddSingleton<ITrustedKeys, PublishedKey>();
            return;
        }

        // Hosted services stop in reverse: gpg's agent goes when nothing signs any more.
        if (!FarmEngine.IsCluster)
        {
            // Of a cluster's processes on one machine the others may be signing.
            services.AddHostedService<GpgAgentService>();
        }

        services.AddFarmEngine(folders, cluster);
        services.AddSingleton<ITrustedKeys, FarmKeys>();
    }

    private static void AddService(IServiceCollection services, HubSettings settings)
    {
        if (settings.IsGateway)
        {
            services.AddHostedService<ClusterGatewayService>();
            return;
        }

        services.AddSingleton<LogSweeper>();
        services.AddSingleton<SigningKeyInstruments>();
        services.AddHostedService<HubService>();
        services.AddHostedService<SigningKeyWatch>();
    }

    private static ClusterSettings? ReadCluster(HubSettings settings)
    {
        try
        {
            return ClusterSettings.Read(settings.Variable);
        }
        catch (FormatException problem)
        {
            throw new HubSettingsException(problem.Message);
        }
    }

    /// <summary>How long a host may take to end that an agent runs in.</summary>
    internal static TimeSpan ShutdownTimeOf(BuilderOptions? agent) =>
        agent is not null && agent.ShutdownBudget + SpareTime > ShutdownTime ? agent.ShutdownBudget + SpareTime : ShutdownTime;

    internal static FarmOptions ReadFarm(HubSettings settings)
    {
        if (ConfigurationCheck.OfEnvironment(settings.Variable) is { Problems.Count: > 0 } wrong)
        {
            throw new HubSettingsException(wrong.ProblemText);
        }

        var farm = new FarmOptions();
        FarmEnvironment.Read(farm, settings.Variable);
        return farm;
    }

    internal static void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        // A follower of a log reads at its own speed, and a build may say nothing for long.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.AddServerHeader = false;
    }

    private static void ConfigureAgent(BuilderOptions agent, HubSettings settings, FarmOptions farm, DataFolders folders)
    {
        agent.Name = "hub";
        agent.Workspace = Path.Combine(folders.Root, "builder");
        agent.Slots = settings.Slots;
        agent.Architectures = [.. farm.TargetRepositories.Values.SelectMany(target => target.Architectures).Distinct()
            .Intersect(agent.Architectures)];
        agent.Attempts.InterruptGrace = TimeSpan.FromSeconds(5);
        agent.ReadEnvironment(settings.Variable);
    }

    private static void AddFarmStorage(this IServiceCollection services, DataFolders folders, Func<string, string?> variable)
    {
        var signingKey = variable("CAUR_SIGNING_KEY");
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(folders);
        services.AddSingleton<ProcessRunner>();
        services.AddSingleton(provider => new LandingZone(
            folders.Landing, provider.GetRequiredService<ILogger<LandingZone>>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(_ => new BuildLogStore(folders.Logs));
        services.AddSingleton(new RepositoryFiles(folders.Repositories));
        services.AddSingleton(new GpgOptions { Home = folders.Keys, Fingerprint = string.IsNullOrWhiteSpace(signingKey) ? null : signingKey });
        services.AddSingleton<GpgSigner>();
        services.AddSingleton(provider => new TokenStore(
            Path.Combine(folders.Root, "tokens.json"), provider.GetRequiredService<TimeProvider>()));
    }
}

/// <summary>What was configured cannot work. The message says what to do.</summary>
internal sealed class HubSettingsException(string message) : Exception(message);
