using Caur.Storage.State;
using Orleans.Storage;

namespace Caur.Grains.State;

/// <summary>Grain state as the versioned JSON of <see cref="StateJson"/>: the same bytes in every store and with either engine.</summary>
public sealed class GrainStateSerializer : IGrainStorageSerializer
{
    private readonly StateJson _json;

    /// <summary>With the upgraders of all state types; there are none yet, as every type is at its first version.</summary>
    public GrainStateSerializer() => _json = new StateJson();

    /// <inheritdoc/>
    public BinaryData Serialize<T>(T? input) => BinaryData.FromBytes(_json.Serialize(input));

    /// <inheritdoc/>
    /// <exception cref="StateUnreadableException">The record is damaged, or a newer program wrote it.</exception>
    public T? Deserialize<T>(BinaryData input) => _json.Deserialize<T>(input.ToMemory());
}
