using System.Globalization;
using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Durability;

/// <summary>
/// A process that writes through grains until it is killed or has written enough, and says each operation that was answered, as a line
/// <c>answered KEY NUMBER</c>, and each that failed, as <c>failed KEY NUMBER</c>. What a number of a key means is the key's first word.
/// </summary>
internal static class EngineLoad
{
    /// <summary>Several writers of each kind: single records, records that are cleared every second time, counters, groups, reminders.</summary>
    public static IReadOnlyList<string> Keys { get; } =
        ["note-0", "note-1", "note-2", "clear-0", "clear-1", "count-0", "count-1", "slots-0", "slots-1", "remind-0"];

    /// <summary>The arguments of the process.</summary>
    /// <param name="databasePath">The state database.</param>
    /// <param name="operations">So many of each key; 0 for no end.</param>
    /// <param name="settings">How the file is treated.</param>
    /// <param name="begin">The operations of each key that are done already.</param>
    public static string[] Arguments(
        string databasePath, int operations, SqliteSettings settings, IReadOnlyDictionary<string, long>? begin = null) =>
    [
        databasePath,
        operations.ToString(CultureInfo.InvariantCulture),
        settings.Synchronous,
        settings.CheckpointPages.ToString(CultureInfo.InvariantCulture),
        .. Keys.Select(key => (begin?.GetValueOrDefault(key) ?? 0).ToString(CultureInfo.InvariantCulture)),
    ];

    public static async Task RunAsync(string[] arguments)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddEmbeddedEngine(options =>
        {
            options.DatabasePath = arguments[0];
            options.Serializer = new JsonStateSerializer();
            options.StorageNames.Add(ConformanceGrains.NamedStorage);
            options.GrainClasses.Add(typeof(LoadGrain));
            options.Sqlite = new SqliteSettings
            {
                Synchronous = arguments[2],
                CheckpointPages = int.Parse(arguments[3], CultureInfo.InvariantCulture),
            };
        });
        using var host = builder.Build();
        await host.StartAsync();
        var factory = host.Services.GetRequiredService<IGrainFactory>();
        var operations = long.Parse(arguments[1], CultureInfo.InvariantCulture);
        await Task.WhenAll(Keys.Select((key, i) =>
        {
            var begin = long.Parse(arguments[4 + i], CultureInfo.InvariantCulture);
            return WriteAsync(factory.GetGrain<ILoadGrain>(key), key, begin, operations == 0 ? long.MaxValue : begin + operations);
        }));
        await host.StopAsync();
    }

    private static async Task WriteAsync(ILoadGrain grain, string key, long begin, long end)
    {
        for (var number = begin + 1; number <= end;)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"{key} {number}\n");
            try
            {
                await ApplyAsync(grain, key, number);
            }
            catch (OrleansException error)
            {
                await Console.Error.WriteLineAsync(error.Message);
                await Console.Out.WriteAsync($"failed {line}");
                continue;
            }

            // One call per line: a line that the reader sees whole was answered, and one that is cut off does not count.
            await Console.Out.WriteAsync($"answered {line}");
            number++;
        }
    }

    private static async Task ApplyAsync(ILoadGrain grain, string key, long number)
    {
        switch (key.Split('-')[0])
        {
            case "clear" when number % 2 == 0:
                await grain.Clear();
                break;
            case "count":
                var counted = await grain.Increment();
                if (counted != number)
                {
                    throw new InvalidOperationException($"{key} counted {counted} instead of {number}");
                }

                break;
            case "slots":
                await grain.WriteSlots(number);
                break;
            case "remind":
                await grain.Remind(number);
                break;
            default:
                await grain.Write(number);
                break;
        }
    }
}
