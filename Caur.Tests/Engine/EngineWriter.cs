using System.Globalization;
using Caur.Embedded;
using Caur.Tests.Engine.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace Caur.Tests.Engine;

/// <summary>A process that writes state through grains until it is killed, and says each write that was answered: a line of key and number.</summary>
internal static class EngineWriter
{
    private const int Grains = 8;

    public static async Task RunAsync(string[] arguments)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddEmbeddedEngine(options =>
        {
            options.DatabasePath = arguments[0];
            options.Serializer = new JsonStateSerializer();
            options.StorageNames.Add(ConformanceGrains.NamedStorage);
            options.GrainClasses.Add(typeof(StateGrain));
        });
        using var host = builder.Build();
        await host.StartAsync();
        var factory = host.Services.GetRequiredService<IGrainFactory>();
        await Task.WhenAll(Enumerable.Range(0, Grains).Select(i => WriteForEverAsync(factory, $"grain-{i}")));
    }

    private static async Task WriteForEverAsync(IGrainFactory factory, string key)
    {
        var grain = factory.GetGrain<IStateGrain>(key);
        var begin = int.Parse((await grain.View()).Text ?? "0", CultureInfo.InvariantCulture);
        for (var number = begin + 1; ; number++)
        {
            var text = number.ToString(CultureInfo.InvariantCulture);
            await grain.Write(text);
            // One call per line: a line that the reader sees whole was answered, and one that is cut off does not count.
            await Console.Out.WriteAsync($"{key} {text}\n");
        }
    }
}
