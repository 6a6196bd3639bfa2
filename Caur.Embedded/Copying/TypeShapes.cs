using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Numerics;
using System.Reflection;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded.Copying;

/// <summary>
/// What is known of types by looking at them: which values can be shared between grains, and which framework types may travel at all.
/// </summary>
internal static class TypeShapes
{
    private static readonly HashSet<Type> SharedTypes =
    [
        typeof(bool), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(Int128), typeof(UInt128), typeof(Half), typeof(float), typeof(double), typeof(decimal), typeof(char), typeof(string),
        typeof(BigInteger), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly), typeof(TimeSpan), typeof(Guid),
        typeof(Uri), typeof(Version), typeof(IPAddress), typeof(IPEndPoint), typeof(CancellationToken),
        typeof(GrainId), typeof(GrainType), typeof(IdSpan),
    ];

    private static readonly ConcurrentDictionary<Type, bool> Shared = new();

    /// <summary>Open generic framework types that travel when their arguments do.</summary>
    public static readonly IReadOnlySet<Type> Containers = new HashSet<Type>
    {
        typeof(Nullable<>), typeof(List<>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(Queue<>), typeof(Stack<>),
        typeof(SortedDictionary<,>), typeof(SortedSet<>), typeof(KeyValuePair<,>),
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableDictionary<,>), typeof(ImmutableHashSet<>),
        typeof(ImmutableSortedDictionary<,>), typeof(ImmutableSortedSet<>), typeof(ImmutableQueue<>), typeof(ImmutableStack<>),
        typeof(IEnumerable<>), typeof(ICollection<>), typeof(IList<>), typeof(ISet<>), typeof(IDictionary<,>),
        typeof(IReadOnlyCollection<>), typeof(IReadOnlyList<>), typeof(IReadOnlySet<>), typeof(IReadOnlyDictionary<,>),
        typeof(ValueTuple<>), typeof(ValueTuple<,>), typeof(ValueTuple<,,>), typeof(ValueTuple<,,,>), typeof(ValueTuple<,,,,>),
        typeof(ValueTuple<,,,,,>), typeof(ValueTuple<,,,,,,>),
        typeof(Tuple<>), typeof(Tuple<,>), typeof(Tuple<,,>), typeof(Tuple<,,,>), typeof(Tuple<,,,,>), typeof(Tuple<,,,,,>),
        typeof(Tuple<,,,,,,>),
    };

    /// <summary>
    /// Whether every value of the declared type can be handed over as it is: it cannot be changed, or promises not to be, or is a
    /// reference to a grain or observer.
    /// </summary>
    public static bool IsShared(Type type) => Shared.GetOrAdd(type, static added => Decide(added));

    /// <summary>A leaf of the closed list of framework types that travel.</summary>
    public static bool IsFrameworkLeaf(Type type) =>
        SharedTypes.Contains(type) || type.IsEnum || type == typeof(byte[]) || type == typeof(ReadOnlyMemory<byte>)
        || type == typeof(Memory<byte>) || type == typeof(ArraySegment<byte>);

    private static bool Decide(Type type)
    {
        if (SharedTypes.Contains(type) || type.IsEnum || type.IsDefined(typeof(ImmutableAttribute), inherit: false))
        {
            return true;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() is var open)
        {
            if (open == typeof(Nullable<>) || open == typeof(KeyValuePair<,>) || IsImmutableCollection(open)
                || type.IsAssignableTo(typeof(System.Runtime.CompilerServices.ITuple)))
            {
                return Array.TrueForAll(type.GenericTypeArguments, IsShared);
            }
        }

        // A struct is copied by being handed over, so only what it refers to matters.
        return type is { IsValueType: true } && type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)
            && SerializedMembers.Of(type) is { AreComplete: true } members
            && Array.TrueForAll(members.Fields, static field => IsShared(field.FieldType) || field.IsDefined(typeof(ImmutableAttribute)));
    }

    public static bool IsImmutableCollection(Type open) =>
        open.Namespace == "System.Collections.Immutable" && Containers.Contains(open);
}
