using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Caur.Tests.Engine;

/// <summary>Silos that take a minute's idleness for half a second: they measure it by the system's clock, whatever clock the grains
/// have.</summary>
public sealed class OrleansIdleFixture : OrleansEngineFixture
{
    private const int Pace = 120;

    /// <summary>How long a grain wants to stay is of the grains' clock and compared with the system's, so that it cannot be waited for.</summary>
    public override TimeSpan LongestAdvance => TimeSpan.FromMinutes(20);

    public override async Task AdvanceAsync(TimeSpan span)
    {
        await base.AdvanceAsync(span);
        await Task.Delay(span / Pace, TimeProvider.System);
    }

    protected override void Configure(ISiloBuilder silo)
    {
        silo.Configure<GrainCollectionOptions>(static options =>
        {
            options.CollectionQuantum /= Pace;
            options.CollectionAge /= Pace;
            foreach (var (name, age) in options.ClassSpecificCollectionAge.ToList())
            {
                options.ClassSpecificCollectionAge[name] = age / Pace;
            }
        });
        silo.Services.AddSingleton<IGrainPropertiesProvider, ShorterIdleness>();
    }

    /// <summary>After the classes' own attributes.</summary>
    private sealed class ShorterIdleness : IGrainPropertiesProvider
    {
        public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            if (properties.TryGetValue(WellKnownGrainTypeProperties.IdleDeactivationPeriod, out var text)
                && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var age))
            {
                properties[WellKnownGrainTypeProperties.IdleDeactivationPeriod] = (age / Pace).ToString("c", CultureInfo.InvariantCulture);
            }
        }
    }
}
