using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references to grains and to observers. Making one costs no call and activates nothing.</summary>
public interface IGrainFactory
{
    /// <summary>
    /// The grain of that interface and key. Throws <see cref="ArgumentException"/> when no grain class implements the interface, or when
    /// several do and neither the prefix nor the interface's name tells which.
    /// </summary>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    /// <summary>
    /// A reference through which grains call <paramref name="obj"/>, one call at a time. The reference does not keep the object alive.
    /// </summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    /// <summary>Ends what <see cref="CreateObjectReference{T}"/> began; takes the reference, not the object.</summary>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    /// <inheritdoc cref="GetGrain{TGrainInterface}(string, string?)"/>
    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    /// <summary>The grain of that identity. Throws <see cref="ArgumentException"/> when no class has its type.</summary>
    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable;
}

/// <summary>How code outside of grains reaches them.</summary>
public interface IClusterClient : IGrainFactory
{
    /// <summary>The services of the host.</summary>
    IServiceProvider ServiceProvider { get; }
}
