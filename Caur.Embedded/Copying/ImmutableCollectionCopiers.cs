using System.Collections.Immutable;

namespace Caur.Embedded.Copying;

// Immutable collections whose items are not: those of shared items travel as they are and never come here.
internal sealed class ImmutableArrayCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (ImmutableArray<T>)value;
        return original.IsDefault ? original : ImmutableArray.Create(CollectionCopiers.Items(original, context));
    }
}

internal sealed class ImmutableListCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context) =>
        ImmutableList.Create(CollectionCopiers.Items((ImmutableList<T>)value, context));
}

internal sealed class ImmutableDictionaryCopier<K, V> : TypeCopier
    where K : notnull
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (ImmutableDictionary<K, V>)value;
        return ImmutableDictionary.CreateRange(
            original.KeyComparer, original.ValueComparer, CollectionCopiers.Pairs(original, context));
    }
}

internal sealed class ImmutableSortedDictionaryCopier<K, V> : TypeCopier
    where K : notnull
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (ImmutableSortedDictionary<K, V>)value;
        return ImmutableSortedDictionary.CreateRange(
            original.KeyComparer, original.ValueComparer, CollectionCopiers.Pairs(original, context));
    }
}

internal sealed class ImmutableHashSetCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (ImmutableHashSet<T>)value;
        return ImmutableHashSet.Create(original.KeyComparer, CollectionCopiers.Items(original, context));
    }
}

internal sealed class ImmutableSortedSetCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context)
    {
        var original = (ImmutableSortedSet<T>)value;
        return ImmutableSortedSet.Create(original.KeyComparer, CollectionCopiers.Items(original, context));
    }
}

internal sealed class ImmutableQueueCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context) =>
        ImmutableQueue.Create(CollectionCopiers.Items((ImmutableQueue<T>)value, context));
}

internal sealed class ImmutableStackCopier<T> : TypeCopier
{
    public override object Copy(object value, CopyContext context) =>
        ImmutableStack.CreateRange(CollectionCopiers.Items(((ImmutableStack<T>)value).Reverse(), context));
}
