namespace Caur.Grains.State;

/// <summary>The storage providers and state names that grains use.</summary>
public static class GrainStorageNames
{
    /// <summary>The one provider: SQLite in the hub, Redis in a cluster.</summary>
    public const string Farm = "caur";
}
