using Caur.Embedded.Calls;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Caur.Embedded.Copying;

/// <summary>Chooses how a runtime type is copied.</summary>
internal static class CopierFactory
{
    public static TypeCopier Create(Type type)
    {
        if (TypeShapes.IsShared(type) || type.IsAssignableTo(typeof(GrainProxy)))
        {
            return SharedCopier.Instance;
        }

        if (type.IsAssignableTo(typeof(IAddressable)) || type.IsAssignableTo(typeof(IGrainBase)))
        {
            return new RefusingCopier(type, "it is an object, not a reference; use AsReference or CreateObjectReference.");
        }

        if (type.IsSZArray)
        {
            return Make(typeof(ArrayCopier<>), type.GetElementType()!);
        }

        if (type == typeof(ReadOnlyMemory<byte>) || type == typeof(Memory<byte>) || type == typeof(ArraySegment<byte>))
        {
            return new BytesCopier();
        }

        if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
        {
            return CreateForMessage(type);
        }

        if (type.IsGenericType)
        {
            var open = type.GetGenericTypeDefinition();
            if (CollectionCopiers.Find(open) is { } copier)
            {
                return Make(copier, type.GenericTypeArguments);
            }

            // What the compiler makes of a collection expression for a read-only interface.
            if (open.Name.StartsWith("<>z__ReadOnly", StringComparison.Ordinal) && type.GenericTypeArguments is [var element])
            {
                return Make(typeof(ReadOnlyListCopier<>), element);
            }

            if (TypeShapes.Containers.Contains(open) && type.IsAssignableTo(typeof(System.Runtime.CompilerServices.ITuple)))
            {
                return new TupleCopier(type);
            }
        }

        return new RefusingCopier(type, "it has no [GenerateSerializer] and is not on the list of framework types that travel.");
    }

    private static TypeCopier CreateForMessage(Type type)
    {
        try
        {
            return new MessageCopier(type, SerializedMembers.Of(type));
        }
        catch (CodecNotFoundException error)
        {
            return new RefusingCopier(type, error.Message);
        }
    }

    private static TypeCopier Make(Type open, params Type[] arguments) =>
        (TypeCopier)Activator.CreateInstance(open.MakeGenericType(arguments))!;
}
