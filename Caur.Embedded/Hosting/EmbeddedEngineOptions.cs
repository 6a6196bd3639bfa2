using System.Reflection;
using Caur.Embedded.Storage;
using Orleans.Storage;

namespace Caur.Embedded;

/// <summary>Options of the embedded engine.</summary>
public sealed class EmbeddedEngineOptions
{
    /// <summary>The SQLite file of grain state and reminders; its folder is made. Required.</summary>
    public string DatabasePath { get; set; } = "";

    /// <summary>The assemblies whose grain classes run here. Default: none.</summary>
    public IList<Assembly> GrainAssemblies { get; } = [];

    /// <summary>Grain classes beside those of the assemblies. Default: none.</summary>
    public IList<Type> GrainClasses { get; } = [];

    /// <summary>Names of storages beside the default one. Default: none.</summary>
    public IList<string> StorageNames { get; } = [];

    /// <summary>How state becomes bytes. Default: the registered <see cref="IGrainStorageSerializer"/>, which must then exist.</summary>
    public IGrainStorageSerializer? Serializer { get; set; }

    /// <summary>The clock of timeouts, timers, reminders and idle collection. Default: the registered one, or the system's.</summary>
    public TimeProvider? Clock { get; set; }

    /// <summary>How long a caller waits for an answer. Default: 30 seconds.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long stopping waits for calls that run. Default: 10 seconds.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>For tests.</summary>
    internal SqliteSettings Sqlite { get; set; } = new();
}
