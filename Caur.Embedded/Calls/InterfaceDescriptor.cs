using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;

namespace Caur.Embedded.Calls;

/// <summary>The methods of one grain or observer interface, inherited ones among them.</summary>
internal sealed class InterfaceDescriptor
{
    private static readonly ConcurrentDictionary<Type, InterfaceDescriptor> Known = new();

    private readonly FrozenDictionary<MethodInfo, MethodDescriptor> _methods;

    private InterfaceDescriptor(Type type)
    {
        Type = type;
        _methods = type.GetInterfaces().Prepend(type)
            .SelectMany(static declaring => declaring.GetMethods(BindingFlags.Instance | BindingFlags.Public))
            .ToFrozenDictionary(static method => method, method => MethodDescriptor.Create(type, method));
        Prototype = GrainProxy.Prototype(type);
    }

    public Type Type { get; }

    /// <summary>What references are copied from.</summary>
    public GrainProxy Prototype { get; }

    /// <summary>Throws <see cref="ArgumentException"/> when the type is no interface, <see cref="NotSupportedException"/> for methods that cannot be calls.</summary>
    public static InterfaceDescriptor Of(Type type) => Known.GetOrAdd(type, static added => added.IsInterface
        ? new InterfaceDescriptor(added)
        : throw new ArgumentException($"{added} is not an interface."));

    public MethodDescriptor Method(MethodInfo method) => _methods[method];
}
