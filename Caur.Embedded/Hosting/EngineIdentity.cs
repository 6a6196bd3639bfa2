namespace Caur.Embedded;

/// <summary>How this process calls itself towards its grains.</summary>
internal static class EngineIdentity
{
    public static string Name { get; } = $"{Environment.MachineName}:{Environment.ProcessId}";
}
