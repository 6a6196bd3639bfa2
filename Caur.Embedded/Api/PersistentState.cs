namespace Orleans.Core
{
    /// <summary>A record in storage and its copy in memory.</summary>
    public interface IStorage
    {
        /// <summary>The version that memory holds; null when storage has no record.</summary>
        string? Etag { get; }

        /// <summary>Whether storage has the record, as of the last operation.</summary>
        bool RecordExists { get; }

        /// <summary>Removes the record. Throws <see cref="Orleans.Storage.InconsistentStateException"/> when it is not the one in memory.</summary>
        Task ClearStateAsync();

        /// <summary>Writes the record; durable on return. Throws as <see cref="ClearStateAsync()"/>.</summary>
        Task WriteStateAsync();

        /// <summary>Reads the record again and drops what memory held.</summary>
        Task ReadStateAsync();

        /// <inheritdoc cref="ClearStateAsync()"/>
        Task ClearStateAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ClearStateAsync();
        }

        /// <inheritdoc cref="WriteStateAsync()"/>
        Task WriteStateAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return WriteStateAsync();
        }

        /// <inheritdoc cref="ReadStateAsync()"/>
        Task ReadStateAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ReadStateAsync();
        }
    }

    /// <summary>A typed record.</summary>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The copy in memory; a new object when storage has no record.</summary>
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A record of a grain, injected into its constructor by <see cref="PersistentStateAttribute"/>.</summary>
    public interface IPersistentState<TState> : Orleans.Core.IStorage<TState>;

    /// <summary>Names the record of a constructor parameter and the storage that keeps it.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute : Attribute
    {
        /// <summary>A record in the named storage, or in the default one.</summary>
        public PersistentStateAttribute(string stateName, string? storageName = null)
        {
            ArgumentNullException.ThrowIfNull(stateName);
            StateName = stateName;
            StorageName = storageName;
        }

        /// <summary>The record's name within the grain.</summary>
        public string StateName { get; }

        /// <summary>The storage's name; null is the default one.</summary>
        public string? StorageName { get; }
    }
}
