using Caur.Embedded.Activations;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded.Calls;

/// <summary>The identity and the references of what is addressable.</summary>
internal static class References
{
    public static GrainId IdOf(IAddressable grain) => grain switch
    {
        GrainProxy reference => reference.GrainId,
        IGrainBase instance => instance.GrainContext.GrainId,
        _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a reference to one.", nameof(grain)),
    };

    public static object ReferenceTo(IAddressable grain, Type interfaceType) => grain switch
    {
        GrainProxy reference when interfaceType.IsInstanceOfType(reference) => reference,
        GrainProxy reference => GrainProxy.Create(reference.Engine, reference.GrainId, interfaceType, reference.IsObserver),
        IGrainBase instance => Activation.Of(instance) is var activation
            && activation.Class.Type.IsAssignableTo(interfaceType)
                ? GrainProxy.Create(activation.Engine, activation.GrainId, interfaceType)
                : throw new InvalidCastException($"{instance.GetType()} does not implement {interfaceType}."),
        _ => throw new ArgumentException($"{grain.GetType()} is neither a grain nor a reference to one.", nameof(grain)),
    };
}
