using Caur.Embedded.Calls;
using Orleans.Runtime;

namespace Orleans;

/// <summary>What can be asked of a grain, or of a reference to one.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to this grain, for handing on. Throws when <typeparamref name="TGrainInterface"/> is not an interface of a grain.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) =>
        (TGrainInterface)grain.AsReference(typeof(TGrainInterface));

    /// <summary>The same grain through another of its interfaces.</summary>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) =>
        (TGrainInterface)grain.AsReference(typeof(TGrainInterface));

    /// <inheritdoc cref="AsReference{TGrainInterface}"/>
    public static object AsReference(this IAddressable grain, Type interfaceType)
    {
        ArgumentNullException.ThrowIfNull(grain);
        ArgumentNullException.ThrowIfNull(interfaceType);
        return References.ReferenceTo(grain, interfaceType);
    }

    /// <inheritdoc cref="Cast{TGrainInterface}"/>
    public static object Cast(this IAddressable grain, Type interfaceType) => grain.AsReference(interfaceType);

    /// <summary>The identity of the grain.</summary>
    public static GrainId GetGrainId(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return References.IdOf(grain);
    }

    /// <summary>The string that names the grain among those of its type.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString()!;
}
