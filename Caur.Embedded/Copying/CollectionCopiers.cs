using System.Collections.Immutable;

namespace Caur.Embedded.Copying;

/// <summary>The copiers of the framework's collections.</summary>
internal static class CollectionCopiers
{
    private static readonly Dictionary<Type, Type> Copiers = new()
    {
        [typeof(List<>)] = typeof(ListCopier<>),
        [typeof(Dictionary<,>)] = typeof(DictionaryCopier<,>),
        [typeof(SortedDictionary<,>)] = typeof(SortedDictionaryCopier<,>),
        [typeof(HashSet<>)] = typeof(HashSetCopier<>),
        [typeof(SortedSet<>)] = typeof(SortedSetCopier<>),
        [typeof(Queue<>)] = typeof(QueueCopier<>),
        [typeof(Stack<>)] = typeof(StackCopier<>),
        [typeof(KeyValuePair<,>)] = typeof(PairCopier<,>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCopier<>),
        [typeof(ImmutableList<>)] = typeof(ImmutableListCopier<>),
        [typeof(ImmutableDictionary<,>)] = typeof(ImmutableDictionaryCopier<,>),
        [typeof(ImmutableSortedDictionary<,>)] = typeof(ImmutableSortedDictionaryCopier<,>),
        [typeof(ImmutableHashSet<>)] = typeof(ImmutableHashSetCopier<>),
        [typeof(ImmutableSortedSet<>)] = typeof(ImmutableSortedSetCopier<>),
        [typeof(ImmutableQueue<>)] = typeof(ImmutableQueueCopier<>),
        [typeof(ImmutableStack<>)] = typeof(ImmutableStackCopier<>),
    };

    public static Type? Find(Type open) => Copiers.GetValueOrDefault(open);

    public static T[] Items<T>(IEnumerable<T> items, CopyContext context) => [.. items.Select(context.Copy)];

    public static IEnumerable<KeyValuePair<K, V>> Pairs<K, V>(IEnumerable<KeyValuePair<K, V>> pairs, CopyContext context) =>
        pairs.Select(pair => KeyValuePair.Create(context.Copy(pair.Key), context.Copy(pair.Value)));
}

internal sealed class BytesCopier : TypeCopier
{
    public override object Copy(object value, CopyContext context) => value switch
    {
        ReadOnlyMemory<byte> bytes => new ReadOnlyMemory<byte>(bytes.ToArray()),
        Memory<byte> bytes => new Memory<byte>(bytes.ToArray()),
        ArraySegment<byte> bytes => new ArraySegment<byte>([.. bytes]),
        _ => throw new ArgumentException($"{value.GetType()} does not hold bytes."),
    };
}

internal sealed class ArrayCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var copy = (T[])((T[])value).Clone();
        context.Record(value, copy);
        if (!TypeShapes.IsShared(typeof(T)))
        {
            for (var i = 0; i < copy.Length; i++)
            {
                copy[i] = context.Copy(copy[i]);
            }
        }

        return copy;
    }
}

internal sealed class ListCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var list = (List<T>)value;
        if (TypeShapes.IsShared(typeof(T)))
        {
            var shallow = new List<T>(list);
            context.Record(value, shallow);
            return shallow;
        }

        var copy = new List<T>(list.Count);
        context.Record(value, copy);
        foreach (var item in list)
        {
            copy.Add(context.Copy(item));
        }

        return copy;
    }
}

internal sealed class ReadOnlyListCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var copy = CollectionCopiers.Items((IEnumerable<T>)value, context);
        context.Record(value, copy);
        return copy;
    }
}

internal sealed class DictionaryCopier<K, V> : TypeCopier
    where K : notnull
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (Dictionary<K, V>)value;
        var copy = new Dictionary<K, V>(original.Count, original.Comparer);
        context.Record(value, copy);
        foreach (var (key, item) in original)
        {
            copy.Add(context.Copy(key), context.Copy(item));
        }

        return copy;
    }
}

internal sealed class SortedDictionaryCopier<K, V> : TypeCopier
    where K : notnull
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (SortedDictionary<K, V>)value;
        var copy = new SortedDictionary<K, V>(original.Comparer);
        context.Record(value, copy);
        foreach (var (key, item) in original)
        {
            copy.Add(context.Copy(key), context.Copy(item));
        }

        return copy;
    }
}

internal sealed class HashSetCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (HashSet<T>)value;
        var copy = new HashSet<T>(original.Count, original.Comparer);
        context.Record(value, copy);
        foreach (var item in original)
        {
            copy.Add(context.Copy(item));
        }

        return copy;
    }
}

internal sealed class SortedSetCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (SortedSet<T>)value;
        var copy = new SortedSet<T>(original.Comparer);
        context.Record(value, copy);
        foreach (var item in original)
        {
            copy.Add(context.Copy(item));
        }

        return copy;
    }
}

internal sealed class QueueCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (Queue<T>)value;
        var copy = new Queue<T>(original.Count);
        context.Record(value, copy);
        foreach (var item in original)
        {
            copy.Enqueue(context.Copy(item));
        }

        return copy;
    }
}

internal sealed class StackCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (Stack<T>)value;
        var copy = new Stack<T>(original.Count);
        context.Record(value, copy);
        // A stack enumerates from its top and is filled from its bottom.
        foreach (var item in original.Reverse())
        {
            copy.Push(context.Copy(item));
        }

        return copy;
    }
}

internal sealed class PairCopier<K, V> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var (key, item) = (KeyValuePair<K, V>)value;
        return KeyValuePair.Create(context.Copy(key), context.Copy(item));
    }
}
