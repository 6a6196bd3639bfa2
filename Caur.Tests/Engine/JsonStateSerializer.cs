using System.Text.Json;
using Orleans.Storage;

namespace Caur.Tests.Engine;

/// <summary>State as JSON, for the engine's own tests. A value that refuses to be written makes it throw.</summary>
internal sealed class JsonStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(input));

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input)!;
}
