using System.Collections.Concurrent;
using System.Collections.Frozen;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded.Activations;

/// <summary>The grain classes of the configured assemblies, found by type name and by interface.</summary>
internal sealed class GrainClasses
{
    private readonly FrozenDictionary<GrainType, GrainClass> _byType;
    private readonly ConcurrentDictionary<(Type Interface, string? Prefix), GrainClass> _byInterface = new();

    /// <summary>Throws <see cref="InvalidOperationException"/> when two classes have the same type name, or one cannot be made.</summary>
    public GrainClasses(IEnumerable<Type> types)
    {
        var byType = new Dictionary<GrainType, GrainClass>();
        foreach (var type in types.Distinct().Where(IsGrainClass))
        {
            var added = new GrainClass(type);
            if (!byType.TryAdd(added.GrainType, added))
            {
                throw new InvalidOperationException(
                    $"{type} and {byType[added.GrainType].Type} have the same grain type '{added.GrainType}'; give one a [GrainType].");
            }
        }

        _byType = byType.ToFrozenDictionary();
    }

    public IEnumerable<GrainClass> All => _byType.Values;

    public GrainClass? Find(GrainType type) => _byType.GetValueOrDefault(type);

    /// <summary>Throws <see cref="ArgumentException"/> when there is none.</summary>
    public GrainClass OfType(GrainType type) => Find(type)
        ?? throw new ArgumentException($"No grain class has the type '{type}'.");

    /// <summary>Throws <see cref="ArgumentException"/> when there is none, or several among which nothing chooses.</summary>
    public GrainClass OfInterface(Type interfaceType, string? prefix) =>
        _byInterface.TryGetValue((interfaceType, prefix), out var known) ? known
            : _byInterface.GetOrAdd((interfaceType, prefix), Resolve(interfaceType, prefix));

    private static bool IsGrainClass(Type type) =>
        type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false } && type.IsAssignableTo(typeof(IGrainBase))
        && type.IsAssignableTo(typeof(IGrain));

    private GrainClass Resolve(Type interfaceType, string? prefix)
    {
        var candidates = _byType.Values.Where(candidate => candidate.Type.IsAssignableTo(interfaceType)).ToList();
        if (prefix is not null)
        {
            candidates = candidates.FindAll(candidate => candidate.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal));
        }

        if (candidates.Count > 1)
        {
            // As Orleans does it: IThing is ThingGrain or Thing when several classes could be meant.
            var name = interfaceType.Name.TrimStart('I');
            var named = candidates.FindAll(candidate => candidate.Type.Name == name || candidate.Type.Name == $"{name}Grain");
            candidates = named.Count == 1 ? named : candidates;
        }

        return candidates switch
        {
            [var only] => only,
            [] => throw new ArgumentException($"Could not find an implementation for interface {interfaceType}."),
            _ => throw new ArgumentException(
                $"{interfaceType} has several implementations ({string.Join(", ", candidates.Select(static c => c.Type))}); name one by its prefix."),
        };
    }
}
