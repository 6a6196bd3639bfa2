using System.Collections.Concurrent;
using System.Collections.Immutable;
using Orleans.Serialization;

namespace Caur.Embedded.Copying;

/// <summary>
/// Copies what travels between grains, so that neither side sees what the other does to it afterwards. Copies what Orleans can
/// serialize in a contract of ours and refuses everything else: what works here must work in a cluster.
/// </summary>
internal static class DeepCopier
{
    private static readonly ConcurrentDictionary<Type, TypeCopier> Copiers = new();

    /// <summary>A copy of <paramref name="value"/>. Throws <see cref="CodecNotFoundException"/> naming the type and where it was met.</summary>
    public static object? Copy(object? value, string place)
    {
        if (value is null)
        {
            return null;
        }

        var copier = CopierOf(value.GetType());
        if (copier is SharedCopier)
        {
            return value;
        }

        try
        {
            return copier.Copy(value, new CopyContext());
        }
        catch (UncopyableException refused)
        {
            throw new CodecNotFoundException(
                $"{refused.Refused} in {place}{refused.Path} may not travel in a message: {refused.Reason}");
        }
    }

    /// <summary>The values of a request context, copied.</summary>
    public static ImmutableDictionary<string, object> CopyValues(ImmutableDictionary<string, object> values)
    {
        foreach (var (name, value) in values)
        {
            var copy = Copy(value, $"value {name} of the request context")!;
            if (!ReferenceEquals(copy, value))
            {
                values = values.SetItem(name, copy);
            }
        }

        return values;
    }

    public static TypeCopier CopierOf(Type type) => Copiers.GetOrAdd(type, static added => CopierFactory.Create(added));
}

/// <summary>How values of one runtime type are copied.</summary>
internal abstract class TypeCopier
{
    public abstract object Copy(object value, CopyContext context);
}

/// <summary>Values that both sides may hold.</summary>
internal sealed class SharedCopier : TypeCopier
{
    public static readonly SharedCopier Instance = new();

    public override object Copy(object value, CopyContext context) => value;
}

/// <summary>Values that may not travel.</summary>
internal sealed class RefusingCopier(Type type, string reason) : TypeCopier
{
    public override object Copy(object value, CopyContext context) => throw new UncopyableException(type, reason);
}

/// <summary>What has been copied so far: an object that is met twice is copied once, so cycles end and shared parts stay shared.</summary>
internal sealed class CopyContext
{
    // Copying recurses: a list of links of a hundred thousand would otherwise end the process, which nobody can catch.
    private const int DeepestNesting = 500;

    private Dictionary<object, object>? _copies;
    private int _depth;

    public object? Copy(object? value)
    {
        if (value is null)
        {
            return null;
        }

        var copier = DeepCopier.CopierOf(value.GetType());
        if (copier is SharedCopier)
        {
            return value;
        }

        if (_copies is not null && _copies.TryGetValue(value, out var known))
        {
            return known;
        }

        if (++_depth > DeepestNesting)
        {
            throw new UncopyableException(value.GetType(), $"it is nested deeper than {DeepestNesting}.");
        }

        var copy = copier.Copy(value, this);
        _depth--;
        return copy;
    }

    public T Copy<T>(T value) => TypeShapes.IsShared(typeof(T)) ? value : (T)Copy((object?)value)!;

    /// <summary>Remembers a copy before its parts are copied.</summary>
    public void Record(object original, object copy)
    {
        if (!original.GetType().IsValueType)
        {
            (_copies ??= new Dictionary<object, object>(ReferenceEqualityComparer.Instance)).TryAdd(original, copy);
        }
    }
}

/// <summary>A part that may not travel, with the way to it from the outermost value.</summary>
internal sealed class UncopyableException(Type refused, string reason, string path = "") : Exception(reason)
{
    public Type Refused { get; } = refused;

    public string Reason { get; } = reason;

    public string Path { get; } = path;

    public UncopyableException Below(Type type, string member) => new(Refused, Reason, $", member {type.Name}.{member}{Path}");
}
