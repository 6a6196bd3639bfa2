namespace Caur.Embedded;

/// <summary>Names of storages.</summary>
internal static class StorageNames
{
    /// <summary>The storage of states that name none.</summary>
    public const string Default = "Default";
}
