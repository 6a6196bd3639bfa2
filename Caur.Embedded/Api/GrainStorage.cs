using Orleans.Runtime;

namespace Orleans
{
    /// <summary>A record as a storage sees it.</summary>
    public interface IGrainState<T>
    {
        /// <summary>The value.</summary>
        T? State { get; set; }

        /// <summary>The version in storage that the value came from or went to; null when there is none.</summary>
        string? ETag { get; set; }

        /// <summary>Whether storage has the record.</summary>
        bool RecordExists { get; set; }
    }

    /// <summary>The plain <see cref="IGrainState{T}"/>.</summary>
    public sealed class GrainState<T> : IGrainState<T>
    {
        /// <summary>A record that holds nothing.</summary>
        public GrainState()
        {
        }

        /// <summary>A record that is not stored yet.</summary>
        public GrainState(T? state) => State = state;

        /// <summary>A record of a known version.</summary>
        public GrainState(T? state, string eTag)
            : this(state) => ETag = eTag;

        /// <inheritdoc/>
        public T? State { get; set; }

        /// <inheritdoc/>
        public string? ETag { get; set; }

        /// <inheritdoc/>
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>
    /// Keyed records of grains. A write or clear names the version it replaces (no version: the record must not exist) and throws
    /// <see cref="InconsistentStateException"/> when storage holds another; it is durable when its task completes.
    /// </summary>
    public interface IGrainStorage
    {
        /// <summary>Fills in the record; a missing one leaves a new value, no version and RecordExists false.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="ReadStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ReadStateAsync(stateName, grainId, grainState);
        }

        /// <summary>Writes the record and sets its new version.</summary>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="WriteStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return WriteStateAsync(stateName, grainId, grainState);
        }

        /// <summary>Removes the record and resets the value.</summary>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="ClearStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ClearStateAsync(stateName, grainId, grainState);
        }
    }

    /// <summary>Turns state into the bytes that are stored, and back.</summary>
    public interface IGrainStorageSerializer
    {
        /// <summary>The bytes of a value.</summary>
        BinaryData Serialize<T>(T? input);

        /// <summary>The value of bytes. Throws when they are damaged.</summary>
        T? Deserialize<T>(BinaryData input);
    }

    /// <summary>
    /// Somebody else wrote the record since this copy was read. When it escapes a call, the activation that holds the stale copy is
    /// deactivated; the same write must not be retried.
    /// </summary>
    public class InconsistentStateException : OrleansException
    {
        /// <summary>A conflict of which nothing is known.</summary>
        public InconsistentStateException()
        {
        }

        /// <summary>A conflict in words.</summary>
        public InconsistentStateException(string msg)
            : base(msg)
        {
        }

        /// <summary>A conflict in words, with what storage threw.</summary>
        public InconsistentStateException(string msg, Exception exc)
            : base(msg, exc)
        {
        }

        /// <summary>A conflict between two versions.</summary>
        public InconsistentStateException(string errorMsg, string storedEtag, string currentEtag)
            : base(errorMsg)
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        /// <summary>The version in storage.</summary>
        public string? StoredEtag { get; }

        /// <summary>The version in memory.</summary>
        public string? CurrentEtag { get; }

        // Only the activation whose copy is stale is deactivated, not each caller that the exception passes through.
        internal bool IsSourceActivation { get; set; } = true;
    }
}
