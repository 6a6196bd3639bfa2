using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Caur.Tests.Engine.Signatures;

/// <summary>Prints public types as the reference listing of Orleans' signatures does: a line per type and a line per member.</summary>
internal static class SignaturePrinter
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // What every type has in one way or another says nothing about what it is for.
    private static readonly HashSet<string> Common = ["Equals", "GetHashCode", "ToString", "GetEnumerator", "CompareTo", "GetObjectData", "Deconstruct"];

    /// <summary>The public types whose namespace is, or is below, <paramref name="root"/>.</summary>
    public static IEnumerable<PrintedType> Print(Assembly assembly, string root) =>
        assembly.GetExportedTypes()
            .Where(type => type.Namespace == root || type.Namespace?.StartsWith($"{root}.", StringComparison.Ordinal) is true)
            .OrderBy(static type => SignatureNames.Full(type), StringComparer.Ordinal)
            .Select(Print);

    public static PrintedType Print(Type type) => new(Header(type), Members(type));

    private static string Header(Type type)
    {
        var kind = type.IsEnum ? "enum"
            : type.IsValueType ? "struct"
            : type.IsInterface ? "interface"
            : type is { IsAbstract: true, IsSealed: true } ? "static class"
            : type.IsAbstract ? "abstract class"
            : type.IsSealed ? "sealed class"
            : "class";
        var inherited = type.IsEnum || type.IsValueType ? [] : Bases(type);
        var targets = type.IsAssignableTo(typeof(Attribute)) && type.GetCustomAttribute<AttributeUsageAttribute>(inherit: false) is { } usage
            ? $" (on {usage.ValidOn})"
            : "";
        return $"{kind} {SignatureNames.Full(type)}{(inherited.Count > 0 ? " : " + string.Join(", ", inherited) : "")}{targets}";
    }

    private static List<string> Bases(Type type)
    {
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object))
        {
            bases.Add(SignatureNames.Short(parent));
        }

        var all = type.GetInterfaces();
        var inherited = all.SelectMany(static one => one.GetInterfaces()).Concat(type.BaseType?.GetInterfaces() ?? []);
        bases.AddRange(all.Except(inherited).Where(static one => one.IsPublic).Select(SignatureNames.Short).Order(StringComparer.Ordinal));
        return bases;
    }

    private static List<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return [string.Join(", ", Enum.GetNames(type))];
        }

        var lines = new List<string>();
        lines.AddRange(type.GetConstructors(Declared).Where(static one => IsSeen(one) && !one.IsStatic).Select(Constructor));
        lines.AddRange(type.GetFields(Declared).Where(static one => one.IsPublic || one.IsFamily).Select(Field));
        lines.AddRange(type.GetProperties(Declared)
            .Where(static one => IsSeen(one.GetMethod ?? one.SetMethod!) && !IsOverride(one.GetMethod ?? one.SetMethod!))
            .Select(Property));
        lines.AddRange(type.GetMethods(Declared)
            .Where(static one => IsSeen(one) && !one.IsSpecialName && !IsOverride(one) && !Common.Contains(one.Name))
            .Select(Method));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsOverride(MethodInfo method) => method.IsVirtual && method.GetBaseDefinition() != method;

    private static string Constructor(ConstructorInfo constructor) =>
        $"{(constructor.IsPublic ? "" : "protected ")}{SignatureNames.Bare(constructor.DeclaringType!)}({Parameters(constructor)})";

    private static string Field(FieldInfo field)
    {
        var type = SignatureNames.Of(new NullabilityInfoContext().Create(field), field.FieldType);
        return field.IsLiteral
            ? $"const {type} {field.Name} = {Value(field.GetRawConstantValue())}"
            : $"{(field.IsPublic ? "" : "protected ")}{(field.IsStatic ? "static " : "")}{type} {field.Name}";
    }

    private static string Property(PropertyInfo property)
    {
        var accessor = property.GetMethod ?? property.SetMethod!;
        var init = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) is true;
        var set = property.SetMethod is { } setter && IsSeen(setter) ? init ? " init;" : " set;" : "";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var type = SignatureNames.Of(new NullabilityInfoContext().Create(property), property.PropertyType);
        return $"{Modifiers(accessor)}{required}{type} {property.Name} {{{(property.GetMethod is null ? "" : " get;")}{set} }}{Default(property)}";
    }

    private static string Method(MethodInfo method)
    {
        var type = SignatureNames.Of(new NullabilityInfoContext().Create(method.ReturnParameter), method.ReturnType);
        var generic = method.IsGenericMethod
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(static one => one.Name))}>"
            : "";
        return $"{Modifiers(method)}{type} {method.Name}{generic}({Parameters(method)}){Constraints(method)}";
    }

    private static string Constraints(MethodInfo method) => string.Concat(
        (method.IsGenericMethod ? method.GetGenericArguments() : [])
            .Where(static one => one.GetGenericParameterConstraints().Length > 0)
            .Select(static one =>
                $" where {one.Name} : {string.Join(", ", one.GetGenericParameterConstraints().Select(SignatureNames.Short))}"));

    private static string Modifiers(MethodInfo method) =>
        (method.IsPublic ? "" : "protected ")
        + (method.IsStatic ? "static " : "")
        + (method.DeclaringType!.IsInterface ? method.IsAbstract || method.IsStatic ? "" : "/*default*/ "
            : method.IsAbstract ? "abstract "
            : method is { IsVirtual: true, IsFinal: false } ? "virtual "
            : "");

    private static string Parameters(MethodBase method)
    {
        var extension = method.IsDefined(typeof(ExtensionAttribute));
        return string.Join(", ", method.GetParameters().Select(parameter =>
            (extension && parameter.Position == 0 ? "this " : "")
            + (parameter.IsOut ? "out " : "")
            + SignatureNames.Of(new NullabilityInfoContext().Create(parameter), parameter.ParameterType)
            + $" {parameter.Name}"
            + (parameter.HasDefaultValue ? $" = {Value(parameter.RawDefaultValue, parameter.ParameterType)}" : "")));
    }

    private static string Default(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        var isSimple = property.PropertyType == typeof(TimeSpan) || property.PropertyType == typeof(bool) || property.PropertyType == typeof(int);
        return isSimple && property.SetMethod is not null && type.Name.EndsWith("Options", StringComparison.Ordinal)
            ? $" = {Value(property.GetValue(Activator.CreateInstance(type)))}"
            : "";
    }

    private static string Value(object? value, Type? type = null) => value switch
    {
        null => type is { IsValueType: true } ? "default" : "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}

/// <summary>A type's line and its members' lines.</summary>
internal sealed record PrintedType(string Header, IReadOnlyList<string> Members)
{
    public string Text => string.Join('\n', Members.Select(static member => $"    {member}").Prepend(Header));
}
