using System.Collections.Frozen;

namespace Caur.Silo.StateTransfer;

/// <summary>The grain types of a farm: the part of a grain's identity before the slash. Records are found by them, so none may ever change; a
/// test holds them to what the engine makes of the grain classes.</summary>
internal static class FarmGrains
{
    public static FrozenSet<string> Types { get; } = FrozenSet.Create(
        StringComparer.Ordinal,
        "build",
        "builder",
        "buildlog",
        "buildqueue",
        "farmevents",
        "notifications",
        "package",
        "sourcerepository",
        "targetrepository");

    /// <summary>What is wrong with a grain's identity; null when nothing is.</summary>
    public static string? Problem(string grain)
    {
        var slash = grain.IndexOf('/', StringComparison.Ordinal);
        return slash < 1 || slash == grain.Length - 1 ? $"'{grain}' is no grain: type/key is wanted"
            : !Types.Contains(grain[..slash]) ? $"'{grain}' is of no kind of grain that this program has"
            : null;
    }
}
