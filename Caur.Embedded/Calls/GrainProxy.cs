using System.Reflection;
using Orleans.Runtime;

namespace Caur.Embedded.Calls;

/// <summary>A reference to a grain or observer: each method becomes a call. Two references to the same one are equal.</summary>
internal class GrainProxy : DispatchProxy, IAddressable
{
    private InterfaceDescriptor _interface = null!;

    public EmbeddedEngine Engine { get; private set; } = null!;

    public GrainId GrainId { get; private set; }

    public bool IsObserver { get; private set; }

    public static object Create(EmbeddedEngine engine, GrainId grainId, Type interfaceType, bool isObserver = false)
    {
        var descriptor = InterfaceDescriptor.Of(interfaceType);
        var proxy = descriptor.Prototype.Copy();
        proxy._interface = descriptor;
        proxy.Engine = engine;
        proxy.GrainId = grainId;
        proxy.IsObserver = isObserver;
        return proxy;
    }

    /// <summary>A reference to nothing yet. Making a proxy goes through reflection; references are made by the thousand, as copies of it.</summary>
    public static GrainProxy Prototype(Type interfaceType) => (GrainProxy)Create(interfaceType, typeof(GrainProxy));

    public override bool Equals(object? obj) => obj is GrainProxy other && other.GrainId == GrainId;

    public override int GetHashCode() => GrainId.GetHashCode();

    public override string ToString() => $"{_interface.Type.Name} {GrainId}";

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _interface.Method(targetMethod!).Call(this, args ?? []);

    private GrainProxy Copy() => (GrainProxy)MemberwiseClone();
}
