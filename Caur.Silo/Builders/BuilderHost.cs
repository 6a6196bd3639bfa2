using Caur.Builder;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Silo.Hub;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Builders;

/// <summary>Composes an agent alone in its process, whose session is a link to a gateway.</summary>
internal static class BuilderHost
{
    /// <summary>Builds the host; nothing has started yet.</summary>
    public static IHost Build(BuilderSettings settings, Action<HostApplicationBuilder>? adjust = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, Args = [] });
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.UseUtcTimestamp = true;
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("System", LogLevel.Warning);
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<BuilderOptions>>((host, agent) => host.ShutdownTimeout = HubHost.ShutdownTimeOf(agent.Value));
        builder.Services.AddSingleton(settings.Link);
        builder.Services.AddSingleton<IBuilderSession, LinkSession>();
        builder.Services.AddBuilderAgent(agent => Configure(agent, settings));
        adjust?.Invoke(builder);
        return builder.Build();
    }

    internal static void Configure(BuilderOptions agent, BuilderSettings settings)
    {
        agent.Workspace = Path.Combine(settings.DataFolder, "builder");
        agent.SharesWorkspace = true;
        agent.Slots = settings.Slots;
        agent.Builds = settings.Once ? 1 : 0;
        agent.ReadEnvironment(settings.Variable);
    }
}
