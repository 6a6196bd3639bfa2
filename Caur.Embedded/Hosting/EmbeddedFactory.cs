using Caur.Embedded.Calls;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded;

/// <summary>References to the grains of this process.</summary>
internal sealed class EmbeddedFactory(EmbeddedEngine engine) : IClusterClient
{
    public IServiceProvider ServiceProvider => engine.Services;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)Reference(typeof(TGrainInterface), primaryKey, grainClassNamePrefix);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey)
    {
        ArgumentNullException.ThrowIfNull(grainInterfaceType);
        return (IGrain)Reference(grainInterfaceType, grainPrimaryKey, null);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable
    {
        engine.Classes.OfType(grainId.Type);
        return (TGrainInterface)GrainProxy.Create(engine, grainId, typeof(TGrainInterface));
    }

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver =>
        (TGrainObserverInterface)engine.Observers.Register(typeof(TGrainObserverInterface), obj);

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver =>
        engine.Observers.Unregister(obj);

    private object Reference(Type interfaceType, string key, string? prefix)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        var grainClass = engine.Classes.OfInterface(interfaceType, prefix);
        return GrainProxy.Create(engine, GrainId.Create(grainClass.GrainType, key), interfaceType);
    }
}
