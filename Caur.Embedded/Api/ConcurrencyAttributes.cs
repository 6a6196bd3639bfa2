namespace Orleans.Concurrency;

/// <summary>A value that travels without a copy: nobody changes it any more.</summary>
[GenerateSerializer]
[Immutable]
public readonly struct Immutable<T>
{
    /// <summary>The value itself.</summary>
    [Id(0)]
    public readonly T Value;

    /// <summary>Wraps a value that nobody changes any more.</summary>
    public Immutable(T value) => Value = value;
}

/// <summary>Calls of this grain interleave at every await.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ReentrantAttribute : Attribute;

/// <summary>A call of this method interleaves with all others.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;

/// <summary>A call of this method interleaves with other such calls; it changes nothing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;

/// <summary>A call of this method returns at once; whether and how it ends is not told.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
