using Caur.Builder.Agents;
using Caur.Protocol.Builders;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Builder;

/// <summary>Puts the agent into a host.</summary>
public static class BuilderExtensions
{
    /// <summary>Adds the agent as a hosted service. The host must register the <see cref="IBuilderSession"/> that it talks through, and its
    /// own shutdown timeout must be longer than <see cref="BuilderOptions.ShutdownBudget"/>. Calling it again only adds configuration.</summary>
    public static IServiceCollection AddBuilderAgent(this IServiceCollection services, Action<BuilderOptions>? configure = null)
    {
        services.AddOptions<BuilderOptions>().ValidateOnStart();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<BuilderInstruments>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BuilderOptions>, BuilderOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, BuilderAgent>());
        return services;
    }
}
