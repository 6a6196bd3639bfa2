using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans;

namespace Caur.Embedded.Copying;

/// <summary>Copies [GenerateSerializer] types member by member; a member that does not travel has its default in the copy.</summary>
internal sealed class MessageCopier : TypeCopier
{
    private static readonly Func<object, object> Clone =
        typeof(object).GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    private readonly Type _type;
    private readonly bool _isClone;
    private readonly Member[] _members;
    private readonly Func<object>? _construct;

    public MessageCopier(Type type, SerializedMembers members)
    {
        _type = type;
        _isClone = members.AreComplete;
        if (!_isClone)
        {
            _construct = type is { IsValueType: false, IsAbstract: false }
                && type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []) is { } constructor
                    ? () => constructor.Invoke(null)
                    : () => RuntimeHelpers.GetUninitializedObject(type);
        }

        _members = [.. members.Fields
            .Select(static field => new Member(field, IsShared(field)))
            // A clone has the shared members already.
            .Where(member => !_isClone || !member.IsShared)];
    }

    public override object Copy(object value, CopyContext context)
    {
        var copy = _isClone ? Clone(value) : _construct!();
        context.Record(value, copy);
        foreach (var member in _members)
        {
            var part = member.Get(value);
            if (!member.IsShared && part is not null)
            {
                try
                {
                    part = context.Copy(part);
                }
                catch (UncopyableException refused)
                {
                    throw refused.Below(_type, member.Name);
                }
            }

            member.Set(copy, part);
        }

        return copy;
    }

    private static bool IsShared(FieldInfo field) =>
        TypeShapes.IsShared(field.FieldType) || field.IsDefined(typeof(ImmutableAttribute))
        || SerializedMembers.PropertyOf(field)?.IsDefined(typeof(ImmutableAttribute)) is true;

    private sealed class Member(FieldInfo field, bool isShared)
    {
        public bool IsShared { get; } = isShared;

        public string Name { get; } = SerializedMembers.PropertyOf(field)?.Name ?? field.Name;

        public Func<object, object?> Get { get; } = Getter(field);

        public Action<object, object?> Set { get; } = Setter(field);

        private static Func<object, object?> Getter(FieldInfo field)
        {
            var method = new DynamicMethod($"get_{field.Name}", typeof(object), [typeof(object)], field.DeclaringType!, skipVisibility: true);
            var il = method.GetILGenerator();
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(field.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, field.DeclaringType);
            il.Emit(OpCodes.Ldfld, field);
            if (field.FieldType.IsValueType)
            {
                il.Emit(OpCodes.Box, field.FieldType);
            }

            il.Emit(OpCodes.Ret);
            return method.CreateDelegate<Func<object, object?>>();
        }

        // Emitted, because init-only and read-only fields are written too and reflection is slow at it.
        private static Action<object, object?> Setter(FieldInfo field)
        {
            var method = new DynamicMethod(
                $"set_{field.Name}", typeof(void), [typeof(object), typeof(object)], field.DeclaringType!, skipVisibility: true);
            var il = method.GetILGenerator();
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(field.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, field.DeclaringType);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Unbox_Any, field.FieldType);
            il.Emit(OpCodes.Stfld, field);
            il.Emit(OpCodes.Ret);
            return method.CreateDelegate<Action<object, object?>>();
        }
    }
}

/// <summary>Copies value tuples and tuples, whose fields are the items.</summary>
internal sealed class TupleCopier : TypeCopier
{
    private readonly Type _type;

    public TupleCopier(Type type) => _type = type;

    public override object Copy(object value, CopyContext context)
    {
        var tuple = (ITuple)value;
        var items = new object?[tuple.Length];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = context.Copy(tuple[i]);
        }

        return Activator.CreateInstance(_type, items)!;
    }
}
