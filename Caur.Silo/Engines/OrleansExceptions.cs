using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Caur.Silo.Engines;

/// <summary>Lets the farm's own exceptions travel: of one that may not, its caller is told no more than that, whatever it was thrown for.</summary>
internal static class OrleansExceptions
{
    /// <summary>For silos and clients alike.</summary>
    public static IServiceCollection AddFarmExceptions(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(static options => options.SupportedNamespacePrefixes.Add("Caur"));
}
