using System.Collections.Concurrent;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Caur.Silo.Engines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Persistence;
using Orleans.Reminders;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using Orleans.TestingHost;
using StackExchange.Redis;

namespace Caur.Tests.Engine;

/// <summary>Two silos and a client in this process, over a real Redis. Grains and reminders go by a test's clock, and what keeps the
/// cluster together, calls and idleness by the system's: those are measured by it whatever clock they are given.</summary>
internal sealed class TestSilos : IAsyncDisposable
{
    private static readonly Type Directory = typeof(Grain).Assembly.GetType("Orleans.Runtime.ActivationDirectory")
        ?? Type.GetType("Orleans.Runtime.ActivationDirectory, Orleans.Runtime", throwOnError: true)!;

    private static readonly ConcurrentDictionary<Type, Func<object, bool>?> Inactivity = new();

    private readonly InProcessTestCluster _cluster;
    private readonly CallCount _calls;

    private TestSilos(InProcessTestCluster cluster, CallCount calls) => (_cluster, _calls) = (cluster, calls);

    public IClusterClient Client => _cluster.Client;

    public IReadOnlyList<IServiceProvider> Silos => [.. _cluster.Silos.OrderBy(static silo => silo.InstanceNumber).Select(static silo => silo.ServiceProvider)];

    public InProcessTestCluster Cluster => _cluster;

    /// <summary>Starts them.</summary>
    /// <param name="service">Whose state it is: what is started with the same one finds it again.</param>
    /// <param name="clock">The time of grains and reminders.</param>
    /// <param name="responseTimeout">How long a caller waits.</param>
    /// <param name="configure">What else a silo has.</param>
    /// <param name="configureClient">What else the client has.</param>
    public static async Task<TestSilos> StartAsync(
        string service, TimeProvider clock, TimeSpan responseTimeout, Action<ISiloBuilder, IHostApplicationBuilder> configure, Action<IClientBuilder>? configureClient = null)
    {
        var redis = await TestRedis.ConnectAsync();
        var calls = new CallCount();
        var builder = new InProcessTestClusterBuilder(2);
        builder.Options.ServiceId = service;
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSiloHost((_, host) => host.UseOrleans(silo =>
        {
            UseClock(silo.Services, clock);
            silo.Services.AddFarmExceptions();
            silo.Services.AddSingleton(calls);

            // What a silo says of its own while it ends, and of storage that fails as told, is nothing to a test.
            host.Logging.AddFilter(static (category, _) =>
                category?.StartsWith("Caur", StringComparison.Ordinal) == true && !category.EndsWith("Storage", StringComparison.Ordinal));
            silo.AddIncomingGrainCallFilter<IncomingCalls>();
            silo.AddOutgoingGrainCallFilter<OutgoingCalls>();
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = responseTimeout);
            silo.UseRedisReminderService(options =>
            {
                options.CreateMultiplexer = _ => Task.FromResult((redis, true));
                options.ConfigurationOptions = new ConfigurationOptions();
            });
            configure(silo, host);
        }));
        builder.ConfigureClient(client =>
        {
            UseClock(client.Services, clock);
            client.Services.AddFarmExceptions();
            client.Services.AddSingleton(calls);
            client.AddOutgoingGrainCallFilter<OutgoingCalls>();
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = responseTimeout);
            configureClient?.Invoke(client);
        });
        var cluster = builder.Build();
        try
        {
            await cluster.DeployAsync();
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        return new TestSilos(cluster, calls);
    }

    /// <summary>The service id that stands for a path.</summary>
    public static string ServiceOf(string statePath) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(statePath))))[..16];

    /// <summary>A storage of grain state as a cluster has it.</summary>
    public static void AddStorage(ISiloBuilder silo, string name, IConnectionMultiplexer redis, IGrainStorageSerializer serializer, string? folder = null)
    {
        silo.Services.AddSingleton(serializer);
        silo.Services.AddOptions<RedisStorageOptions>(name).Configure(options => Configure(options, redis, folder));
        silo.Services.AddGrainStorage(name, OrleansStorage.Create);
    }

    public static IEnumerable<IGrainContext> ContextsOf(IServiceProvider silo) =>
        ((IEnumerable<KeyValuePair<GrainId, IGrainContext>>)silo.GetRequiredService(Directory)).Select(static pair => pair.Value)
            .Where(static context => context.GrainInstance is Grain || !context.GrainId.Type.ToString()!.StartsWith("sys.", StringComparison.Ordinal));

    /// <summary>Waits until no grain has work and no call is on its way; ends after a while all the same.</summary>
    public async Task SettleAsync(int quietLooks = 3)
    {
        var before = -1L;
        for (int tries = 0, quiet = 0; tries < 100 && quiet < quietLooks; tries++)
        {
            var now = _calls.Events;
            quiet = now == before && Silos.All(static silo => ContextsOf(silo).All(IsInactive)) ? quiet + 1 : 0;
            before = now;
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }

    private static void Configure(RedisStorageOptions options, IConnectionMultiplexer redis, string? folder)
    {
        options.CreateMultiplexer = _ => Task.FromResult((redis, true));
        options.ConfigurationOptions = new ConfigurationOptions();
        options.DeleteStateOnClear = true;
        if (folder is not null)
        {
            options.GetStorageKey = (name, grain) => $"{folder}/{grain}/{name}";
        }
    }

    private static void UseClock(IServiceCollection services, TimeProvider clock)
    {
        services.AddSingleton(clock);
        services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
        services.AddKeyedSingleton(ReminderTimeProviderNames.Reminders, clock);
    }

    private static bool IsInactive(IGrainContext context) => Inactivity.GetOrAdd(context.GetType(), Find)?.Invoke(context) ?? true;

    private static Func<object, bool>? Find(Type type) =>
        type.GetProperty("IsInactive", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) is { } property
            ? context => (bool)property.GetValue(context)!
            : null;
}

/// <summary>How many calls were sent, came in or ended.</summary>
internal sealed class CallCount
{
    private long _events;

    public long Events => Interlocked.Read(ref _events);

    public void Add() => Interlocked.Increment(ref _events);
}

/// <summary>Counts, and tells what one-way calls throw, which nobody hears otherwise.</summary>
internal sealed partial class IncomingCalls(CallCount count, ILogger<IncomingCalls> logger) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        count.Add();
        try
        {
            await context.Invoke();
            if (context.Response?.Exception is { } thrown)
            {
                Tell(context, thrown);
            }
        }
        catch (Exception thrown)
        {
            Tell(context, thrown);
            throw;
        }
        finally
        {
            count.Add();
        }
    }

    private void Tell(IIncomingGrainCallContext context, Exception thrown)
    {
        if (context.InterfaceMethod?.IsDefined(typeof(OneWayAttribute), inherit: true) == true)
        {
            LogThrown(logger, context.InterfaceName, context.MethodName, thrown);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The one-way call {Interface}.{Method} threw")]
    private static partial void LogThrown(ILogger logger, string @interface, string method, Exception thrown);
}

internal sealed class OutgoingCalls(CallCount count) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        count.Add();
        try
        {
            await context.Invoke();
        }
        finally
        {
            count.Add();
        }
    }
}
