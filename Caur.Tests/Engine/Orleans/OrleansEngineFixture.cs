using Caur.Tests.Engine.Conformance;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Caur.Tests.Engine;

/// <summary>Two silos over a Redis, and a clock that stands still.</summary>
public class OrleansEngineFixture : IEngineFixture
{
    private readonly string _service = $"conformance-{Guid.NewGuid():N}";
    private readonly ManualClock _clock = new();
    private TestSilos? _silos;

    public IClusterClient Client => _silos!.Client;

    public virtual TimeSpan LongestAdvance => TimeSpan.FromDays(3);

    public async ValueTask InitializeAsync()
    {
        var redis = await TestRedis.ConnectAsync();
        _silos = await TestSilos.StartAsync(_service, _clock, TimeSpan.FromSeconds(30), (silo, _) =>
        {
            TestSilos.AddStorage(silo, "Default", redis, new JsonStateSerializer());
            TestSilos.AddStorage(silo, ConformanceGrains.NamedStorage, redis, new JsonStateSerializer(), $"{_service}/{ConformanceGrains.NamedStorage}");
            Configure(silo);
        });
    }

    /// <summary>Step by step, so that what is due in between does what it does before the clock goes on.</summary>
    public virtual async Task AdvanceAsync(TimeSpan span)
    {
        var step = span > TimeSpan.FromMinutes(20) ? span / 200 : TimeSpan.FromSeconds(10);
        for (var left = span; left > TimeSpan.Zero; left -= step)
        {
            // Reminders are set and looked for on the side.
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            _clock.Advance(left < step ? left : step);
            await _silos!.SettleAsync(quietLooks: 2);
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await InitializeAsync();
    }

    public async Task<bool> TryDamageAsync(IAddressable grain, string stateName)
    {
        RedisKey key = $"{_service}/state/{grain.GetGrainId()}/{stateName}";
        var database = (await TestRedis.ConnectAsync()).GetDatabase();
        return await database.KeyExistsAsync(key) && !await database.HashSetAsync(key, "data", new byte[] { 0x00, 0xFF, 0x7B });
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopAsync();
    }

    protected virtual void Configure(ISiloBuilder silo)
    {
    }

    private async Task StopAsync()
    {
        if (_silos is { } silos)
        {
            _silos = null;
            await silos.DisposeAsync();
        }
    }
}
