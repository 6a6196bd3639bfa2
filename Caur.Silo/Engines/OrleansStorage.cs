using Caur.Storage.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Persistence;
using Orleans.Persistence.Redis;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Silo.Engines;

/// <summary>The provider's records in Redis, except that a damaged one, and a Redis that is away, are told as such: the provider keeps nothing of an
/// exception but its text, and grains look after the two in different ways.</summary>
internal sealed class OrleansStorage : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly AsyncLocal<Reading?> Current = new();

    private readonly RedisGrainStorage _inner;

    private OrleansStorage(RedisGrainStorage inner) => _inner = inner;

    /// <summary>Makes the storage of a name.</summary>
    public static OrleansStorage Create(IServiceProvider services, string name)
    {
        var options = services.GetRequiredService<IOptionsMonitor<RedisStorageOptions>>().Get(name);
        options.GrainStorageSerializer = new Watched(services.GetRequiredService<IGrainStorageSerializer>());
        return new OrleansStorage(RedisGrainStorageFactory.Create(services, name));
    }

    public void Participate(ISiloLifecycle observer) => _inner.Participate(observer);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var reading = Current.Value = new Reading();
        try
        {
            await _inner.ReadStateAsync(stateName, grainId, grainState);
        }
        catch (RedisStorageException) when (reading.Damage is not null)
        {
            throw new OrleansException($"The state '{stateName}' of grain {grainId} is damaged: {reading.Damage.Message}", reading.Damage);
        }
        catch (RedisStorageException away)
        {
            throw Away(away);
        }
        finally
        {
            Current.Value = null;
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await _inner.WriteStateAsync(stateName, grainId, grainState);
        }
        catch (RedisStorageException away)
        {
            throw Away(away);
        }
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            await _inner.ClearStateAsync(stateName, grainId, grainState);
        }
        catch (RedisStorageException away)
        {
            throw Away(away);
        }
    }

    private static StateStoreException Away(RedisStorageException away) => new(away.Message, away);

    private sealed class Reading
    {
        public Exception? Damage { get; set; }
    }

    private sealed class Watched(IGrainStorageSerializer inner) : IGrainStorageSerializer
    {
        public BinaryData Serialize<T>(T? input) => inner.Serialize(input);

        public T? Deserialize<T>(BinaryData input)
        {
            try
            {
                return inner.Deserialize<T>(input);
            }
            catch (Exception damage)
            {
                if (Current.Value is { } reading)
                {
                    reading.Damage = damage;
                }

                throw;
            }
        }
    }
}
