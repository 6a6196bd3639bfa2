using System.Reflection;
using Caur.Embedded.Copying;
using Caur.Tests.Engine.Signatures;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Contracts;

/// <summary>
/// Walks grain and observer interfaces and everything that their methods carry, writes it down in a stable form, and finds what Orleans
/// would refuse, some of it only when the first grain is called.
/// </summary>
internal sealed class ContractWalker
{
    private readonly SortedDictionary<string, List<string>> _sections = new(StringComparer.Ordinal);
    private readonly HashSet<Type> _visited = [];
    private readonly Dictionary<string, Type> _aliases = [];
    private readonly List<string> _violations = [];

    private ContractWalker()
    {
    }

    /// <summary>The contracts of an assembly: its interfaces and all its [GenerateSerializer] types.</summary>
    public static ContractReport Walk(Assembly assembly) => Walk(assembly.GetTypes());

    public static ContractReport Walk(IEnumerable<Type> types)
    {
        var walker = new ContractWalker();
        foreach (var type in types.OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            if (type.IsInterface && type.IsAssignableTo(typeof(IAddressable)))
            {
                walker.WalkInterface(type);
            }
            else if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
            {
                walker.WalkMessage(type);
            }
        }

        var text = string.Concat(walker._sections.Values.Select(static lines => string.Join('\n', lines) + "\n\n"));
        return new ContractReport(text.TrimEnd('\n') + (text.Length > 0 ? "\n" : ""), walker._violations);
    }

    private static string? AliasOf(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias;

    private void WalkInterface(Type type)
    {
        var alias = Named(type);
        var bases = type.GetInterfaces().Select(SignatureNames.Short).Order(StringComparer.Ordinal);
        var lines = new List<string> { $"interface {alias} ({type.FullName}) : {string.Join(", ", bases)}" };
        var methods = type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(static method => method.IsAbstract)
            .OrderBy(static method => AliasOf(method) ?? method.Name, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var method in methods)
        {
            var name = AliasOf(method);
            if (name is null)
            {
                _violations.Add($"{type.FullName}.{method.Name} has no [Alias].");
            }
            else if (!seen.Add(name))
            {
                _violations.Add($"{type.FullName} has two methods with the alias '{name}'.");
            }

            lines.Add(Describe(type, method, name ?? method.Name));
        }

        _sections.Add($"interface {alias} {type.FullName}", lines);
    }

    private string Describe(Type type, MethodInfo method, string alias)
    {
        var place = $"{type.FullName}.{method.Name}";
        if (method.IsGenericMethodDefinition)
        {
            _violations.Add($"{place} is generic.");
        }

        foreach (var parameter in method.GetParameters())
        {
            WalkType(parameter.ParameterType, $"argument {parameter.Name} of {place}");
        }

        var result = method.ReturnType;
        var isObserver = type.IsAssignableTo(typeof(IGrainObserver));
        if (result.IsGenericType && (result.GetGenericTypeDefinition() == typeof(Task<>) || result.GetGenericTypeDefinition() == typeof(ValueTask<>)))
        {
            WalkType(result.GenericTypeArguments[0], $"result of {place}");
        }
        else if (result != typeof(Task) && result != typeof(ValueTask) && !(result == typeof(void) && isObserver))
        {
            _violations.Add($"{place} returns {SignatureNames.Short(result)}, which is no task.");
        }

        if (method.IsDefined(typeof(OneWayAttribute)) && result.IsGenericType)
        {
            _violations.Add($"{place} is [OneWay] and returns a value that nobody gets.");
        }

        var arguments = method.GetParameters().Select(static parameter =>
            (parameter.IsDefined(typeof(ImmutableAttribute)) ? "[Immutable] " : "")
            + SignatureNames.Of(new NullabilityInfoContext().Create(parameter), parameter.ParameterType) + $" {parameter.Name}");
        var returned = SignatureNames.Of(new NullabilityInfoContext().Create(method.ReturnParameter), result);
        return $"  {alias}: {returned} {method.Name}({string.Join(", ", arguments)}){Attributes(method)}";
    }

    private static string Attributes(MethodInfo method)
    {
        Type[] told = [typeof(AlwaysInterleaveAttribute), typeof(ReadOnlyAttribute), typeof(OneWayAttribute)];
        var text = string.Concat(told.Where(attribute => method.IsDefined(attribute))
            .Select(static attribute => $" [{attribute.Name.Replace("Attribute", "", StringComparison.Ordinal)}]"));
        return method.GetCustomAttribute<ResponseTimeoutAttribute>() is { Timeout: { } timeout } ? $"{text} [ResponseTimeout {timeout}]" : text;
    }

    // What a message may be made of: leaves and containers of the framework, references, and messages.
    private void WalkType(Type type, string place)
    {
        if (TypeShapes.IsFrameworkLeaf(type) || type.IsAssignableTo(typeof(IAddressable)) || type.IsGenericParameter)
        {
            if (type.IsEnum)
            {
                WalkEnum(type);
            }

            return;
        }

        if (type.IsSZArray)
        {
            WalkType(type.GetElementType()!, place);
            return;
        }

        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (TypeShapes.Containers.Contains(open) || open == typeof(Immutable<>))
        {
            foreach (var argument in type.GenericTypeArguments)
            {
                WalkType(argument, place);
            }
        }
        else if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
        {
            WalkMessage(open);
            foreach (var argument in type.GenericTypeArguments)
            {
                WalkType(argument, place);
            }
        }
        else
        {
            _violations.Add(
                $"{place} is a {SignatureNames.Short(type)}, which has no [GenerateSerializer] and is no framework type that travels.");
        }
    }

    private void WalkEnum(Type type)
    {
        if (type.Assembly != typeof(object).Assembly && _visited.Add(type))
        {
            var members = Enum.GetNames(type).Select(name => $"{name}={Convert.ToInt64(Enum.Parse(type, name), null)}");
            _sections.Add($"type {type.FullName}", [$"enum {AliasOf(type) ?? "-"} ({type.FullName}): {string.Join(", ", members)}"]);
        }
    }

    private void WalkMessage(Type type)
    {
        if (type.IsEnum)
        {
            WalkEnum(type);
            return;
        }

        if (!_visited.Add(type))
        {
            return;
        }

        var alias = Named(type);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            WalkType(parent, $"base of {type.FullName}");
        }

        var inherits = type.BaseType is { IsInterface: false } named && named != typeof(object) && named != typeof(ValueType)
            ? $" : {SignatureNames.Short(named)}"
            : "";
        var lines = new List<string> { $"{(type.IsValueType ? "struct" : "class")} {alias} ({type.FullName}){inherits}" };
        var members = MessageMember.Of(type);
        foreach (var member in members.OrderBy(static member => member.Id ?? uint.MaxValue).ThenBy(static member => member.Name, StringComparer.Ordinal))
        {
            if (member.Problem is not null)
            {
                _violations.Add($"{type.FullName}.{member.Name} {member.Problem}");
            }

            lines.Add($"  {member.Id?.ToString() ?? "-"}: {member.TypeName} {member.Name}{(member.IsImmutable ? " [Immutable]" : "")}");
            WalkType(member.Type, $"{type.FullName}.{member.Name}");
        }

        foreach (var twice in members.Where(static member => member.Id is not null).GroupBy(static member => member.Id)
            .Where(static group => group.Count() > 1))
        {
            _violations.Add($"{type.FullName} uses [Id({twice.Key})] for {string.Join(" and ", twice.Select(static member => member.Name))}.");
        }

        _sections.Add($"type {alias} {type.FullName}", lines);
    }

    private string Named(Type type)
    {
        var alias = AliasOf(type);
        if (alias is null)
        {
            _violations.Add($"{type.FullName} has no [Alias].");
        }
        else if (!_aliases.TryAdd(alias, type))
        {
            _violations.Add($"{type.FullName} has the alias '{alias}' of {_aliases[alias].FullName}.");
        }

        return alias ?? "-";
    }
}

/// <summary>The contracts as text, and what is wrong with them.</summary>
internal sealed record ContractReport(string Text, IReadOnlyList<string> Violations);
