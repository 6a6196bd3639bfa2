using System.Reflection;

namespace Caur.Tests.Engine.Signatures;

/// <summary>Types as C# writes them, without namespaces and with the question marks of nullable references.</summary>
internal static class SignatureNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(char)] = "char",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(double)] = "double",
        [typeof(float)] = "float",
        [typeof(decimal)] = "decimal",
    };

    /// <summary>With its namespace: how a type is headed.</summary>
    public static string Full(Type type) => $"{type.Namespace}.{(type.IsNested ? Bare(type.DeclaringType!) + "." : "")}{Short(type)}";

    /// <summary>Without type arguments.</summary>
    public static string Bare(Type type) => type.Name.Split('`')[0];

    public static string Short(Type type) => Of(null, type);

    public static string Of(NullabilityInfo? nullability, Type type)
    {
        if (type.IsByRef)
        {
            return Of(nullability?.ElementType ?? nullability, type.GetElementType()!);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{Of(null, underlying)}?";
        }

        var mark = !type.IsValueType && !type.IsGenericParameter && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
        {
            return $"{Of(nullability?.ElementType, type.GetElementType()!)}[]{mark}";
        }

        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword + mark;
        }

        if (!type.IsGenericType)
        {
            return Bare(type) + mark;
        }

        var arguments = type.GetGenericArguments();
        var given = nullability?.GenericTypeArguments;
        var names = arguments.Select((argument, index) => Of(given?.Length == arguments.Length ? given[index] : null, argument));
        return $"{Bare(type)}<{string.Join(", ", names)}>{mark}";
    }
}
