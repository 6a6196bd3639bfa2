using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Serialization;

namespace Caur.Embedded.Copying;

/// <summary>
/// The fields of a [GenerateSerializer] type that travel: fields and auto-properties with an [Id], and a record's primary constructor
/// parameters.
/// </summary>
internal sealed class SerializedMembers
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private SerializedMembers(FieldInfo[] fields, bool areComplete)
    {
        Fields = fields;
        AreComplete = areComplete;
    }

    public FieldInfo[] Fields { get; }

    /// <summary>Whether the type has no other fields.</summary>
    public bool AreComplete { get; }

    /// <summary>Throws <see cref="CodecNotFoundException"/> when a base type or a property cannot travel.</summary>
    public static SerializedMembers Of(Type type)
    {
        var fields = new List<FieldInfo>();
        var complete = true;
        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            var attribute = level.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false)
                ?? throw new CodecNotFoundException($"{level} is the base of {type} and has no [GenerateSerializer].");
            var implied = IsRecord(level) || attribute.IncludePrimaryConstructorParameters ? PrimaryParameters(level) : [];
            var own = level.GetFields(Declared);
            var chosen = Array.FindAll(own, field => Travels(level, field, implied));
            fields.AddRange(chosen);
            complete &= chosen.Length == own.Length;
            RefuseComputed(level);
        }

        return new SerializedMembers([.. fields], complete);
    }

    /// <summary>The property that an auto-property's field stands behind.</summary>
    public static PropertyInfo? PropertyOf(FieldInfo field) =>
        field.Name.StartsWith('<') && field.Name.EndsWith(">k__BackingField", StringComparison.Ordinal)
            ? field.DeclaringType!.GetProperty(field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)], Declared)
            : null;

    public static bool IsRecord(Type type) =>
        type.GetMethod("PrintMembers", Declared) is not null;

    /// <summary>Names of the parameters of the primary constructor that became properties.</summary>
    public static HashSet<string> PrimaryParameters(Type type)
    {
        // The compiler gives a positional record a Deconstruct with its parameters; other constructors have none.
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var constructor in type.GetConstructors(Declared))
        {
            var parameters = constructor.GetParameters();
            if (parameters.Length > 0 && Array.TrueForAll(
                parameters, parameter => type.GetProperty(parameter.Name!, Declared)?.PropertyType == parameter.ParameterType))
            {
                names.UnionWith(parameters.Select(static parameter => parameter.Name!));
            }
        }

        return names;
    }

    private static bool Travels(Type type, FieldInfo field, HashSet<string> implied)
    {
        if (field.IsDefined(typeof(NonSerializedAttribute)))
        {
            return false;
        }

        return field.IsDefined(typeof(IdAttribute))
            || (PropertyOf(field) is { } property && (property.IsDefined(typeof(IdAttribute)) || implied.Contains(property.Name)));
    }

    private static void RefuseComputed(Type type)
    {
        foreach (var property in type.GetProperties(Declared))
        {
            if (property.IsDefined(typeof(IdAttribute))
                && type.GetField($"<{property.Name}>k__BackingField", Declared)?.IsDefined(typeof(CompilerGeneratedAttribute)) is not true)
            {
                throw new CodecNotFoundException(
                    $"{type}.{property.Name} has an [Id] but is not an automatic property; give the [Id] to its field.");
            }
        }
    }
}
