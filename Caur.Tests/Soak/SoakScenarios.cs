namespace Caur.Tests.Soak;

/// <summary>Every scenario of this assembly.</summary>
internal static class SoakScenarios
{
    public static IReadOnlyList<ISoakScenario> All { get; } =
    [
        .. typeof(SoakScenarios).Assembly.GetTypes()
            .Where(static type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(ISoakScenario)))
            .Where(static type => type.GetConstructor(Type.EmptyTypes) is not null)
            .Select(static type => (ISoakScenario)Activator.CreateInstance(type)!)
            .OrderBy(static scenario => scenario.Name, StringComparer.Ordinal),
    ];
}
