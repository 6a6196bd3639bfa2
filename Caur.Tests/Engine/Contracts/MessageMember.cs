using System.Reflection;
using Caur.Embedded.Copying;
using Caur.Tests.Engine.Signatures;
using Orleans;

namespace Caur.Tests.Engine.Contracts;

/// <summary>A field of a message type, or the automatic property that it stands behind.</summary>
internal sealed record MessageMember(string Name, Type Type, string TypeName, uint? Id, bool IsImmutable, string? Problem)
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public static List<MessageMember> Of(Type type)
    {
        var fields = type.GetFields(Declared)
            .Where(static field => !field.IsDefined(typeof(NonSerializedAttribute)))
            .Select(Of);
        // An [Id] on a property that computes its value stands for no field; Orleans would not carry it.
        var computed = type.GetProperties(Declared)
            .Where(property => property.IsDefined(typeof(IdAttribute)) && type.GetField($"<{property.Name}>k__BackingField", Declared) is null)
            .Select(static property => Of(property, property.PropertyType, property.Name, "has an [Id] and is not an automatic property."));
        return [.. fields, .. computed];
    }

    private static MessageMember Of(FieldInfo field)
    {
        var member = (MemberInfo?)SerializedMembers.PropertyOf(field) ?? field;
        var problem = member.IsDefined(typeof(IdAttribute)) ? null : "has no [Id], so it would not travel; mark it [NonSerialized] if that is meant.";
        return Of(member, field.FieldType, member.Name, problem);
    }

    private static MessageMember Of(MemberInfo member, Type type, string name, string? problem)
    {
        var nullability = member is PropertyInfo property
            ? new NullabilityInfoContext().Create(property)
            : new NullabilityInfoContext().Create((FieldInfo)member);
        return new MessageMember(
            name,
            type,
            SignatureNames.Of(nullability, type),
            member.GetCustomAttribute<IdAttribute>()?.Id,
            member.IsDefined(typeof(ImmutableAttribute)),
            problem);
    }
}
