using Caur.Embedded;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Benchmarks.Engines;

/// <summary>How long the engine's callers wait.</summary>
internal static class EngineAnswers
{
    /// <summary>Makes callers wait so long for an answer.</summary>
    public static void WaitForAnswers(this IServiceCollection services, TimeSpan time)
    {
        foreach (var engine in services.Select(static service => service.ImplementationInstance).OfType<EmbeddedEngineOptions>())
        {
            engine.ResponseTimeout = time;
        }
    }
}
