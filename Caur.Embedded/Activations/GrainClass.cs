using System.Reflection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Caur.Embedded.Activations;

/// <summary>What the engine knows of a grain class: its type name, its concurrency, how its objects are made.</summary>
internal sealed class GrainClass
{
    private readonly ConstructorInfo _constructor;
    private readonly Func<Activation, List<ILoadedState>, object?>[] _arguments;

    public GrainClass(Type type)
    {
        Type = type;
        GrainType = GrainType.Create(type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType ?? DefaultName(type));
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute));
        AgeLimit = type.IsDefined(typeof(KeepAliveAttribute)) ? Timeout.InfiniteTimeSpan
            : type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit;
        var constructors = type.GetConstructors(BindingFlags.Instance | BindingFlags.Public);
        _constructor = constructors is [var only] ? only
            : throw new InvalidOperationException($"The grain class {type} must have one public constructor and has {constructors.Length}.");
        var parameters = _constructor.GetParameters();
        _arguments = Array.ConvertAll(parameters, ConstructorArguments.Source);
        States = [.. parameters
            .Select(static parameter => parameter.GetCustomAttribute<PersistentStateAttribute>())
            .OfType<PersistentStateAttribute>()];
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public bool IsReentrant { get; }

    /// <summary>How long its grains may be idle; infinite for ever, null for the default.</summary>
    public TimeSpan? AgeLimit { get; }

    /// <summary>The records that its constructor asks for.</summary>
    public IReadOnlyList<PersistentStateAttribute> States { get; }

    /// <summary>Makes a grain object; the records that it was given are added to <paramref name="states"/>.</summary>
    public object Construct(Activation activation, List<ILoadedState> states)
    {
        var arguments = Array.ConvertAll(_arguments, argument => argument(activation, states));
        return _constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null);
    }

    // As Orleans names it: the class without "Grain", in lower case.
    private static string DefaultName(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return name.Length > "grain".Length && name.EndsWith("grain", StringComparison.Ordinal) ? name[..^"grain".Length] : name;
    }
}
