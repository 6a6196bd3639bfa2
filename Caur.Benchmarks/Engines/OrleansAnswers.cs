using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace Caur.Benchmarks.Engines;

/// <summary>How long the engine's callers wait.</summary>
internal static class EngineAnswers
{
    /// <summary>Makes callers wait so long for an answer.</summary>
    public static void WaitForAnswers(this IServiceCollection services, TimeSpan time) =>
        services.PostConfigure<SiloMessagingOptions>(options => options.ResponseTimeout = time);
}
