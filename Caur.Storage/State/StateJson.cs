using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Caur.Storage.State;

/// <summary>The bytes of grain state: UTF-8 JSON <c>{"v":schema version,"s":{...}}</c>, the same in every store and for both engines.</summary>
/// <remarks>Members are camelCase, enums are their names, nulls are left out, no CLR type name is written. Unknown members are ignored,
/// so that a rollback can read what a newer program of the same schema version wrote. Because nulls are left out, a nullable member
/// must not have an initializer other than null; because older records lack newer members, a new member must not be required.</remarks>
public sealed class StateJson
{
    private readonly JsonSerializerOptions _options;
    private readonly ConcurrentDictionary<Type, int> _versions = new();
    private readonly Dictionary<(Type Type, int From), Func<JsonNode, JsonNode>> _upgraders;

    /// <summary>Makes the reader and writer of states.</summary>
    /// <param name="upgraders">How older versions become newer ones, each by one step.</param>
    /// <param name="converters">For types that the framework's converters do not cover.</param>
    public StateJson(IEnumerable<StateUpgrader>? upgraders = null, IEnumerable<JsonConverter>? converters = null)
    {
        _upgraders = (upgraders ?? []).ToDictionary(upgrader => (upgrader.Type, upgrader.From), upgrader => upgrader.Upgrade);
        _options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        };
        foreach (var converter in converters ?? [])
        {
            _options.Converters.Add(converter);
        }

        _options.MakeReadOnly(populateMissingResolver: true);
    }

    /// <summary>Writes a state.</summary>
    public byte[] Serialize<T>(T state) =>
        JsonSerializer.SerializeToUtf8Bytes(new Envelope<T> { Version = VersionOf(typeof(T)), State = state }, _options);

    /// <summary>Reads a state of this or an older version.</summary>
    /// <exception cref="StateTooNewException">A newer program wrote it.</exception>
    /// <exception cref="StateUnreadableException">It is damaged, or an upgrader is missing or failed.</exception>
    public T Deserialize<T>(ReadOnlyMemory<byte> bytes)
    {
        var name = typeof(T).Name;
        var known = VersionOf(typeof(T));
        try
        {
            // What a converter or a constructor throws when it meets damaged values is its own affair.
            // The common case is read in one pass; the version is looked at first only where it tells of work.
            var found = ReadVersion(bytes.Span, name);
            if (found > known)
            {
                throw new StateTooNewException(name, found, known);
            }

            var state = found == known
                ? JsonSerializer.Deserialize<Envelope<T>>(bytes.Span, _options)!.State
                : Upgrade<T>(bytes, found, known);
            return state ?? throw new StateUnreadableException($"the state of {name} is empty");
        }
        catch (Exception error) when (error is not (StateUnreadableException or OutOfMemoryException))
        {
            throw new StateUnreadableException($"the state of {name} cannot be read: {error.Message}", error);
        }
    }

    private static int ReadVersion(ReadOnlySpan<byte> bytes, string name)
    {
        var reader = new Utf8JsonReader(bytes);
        if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("v"u8))
                {
                    reader.Read();
                    return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version) && version > 0
                        ? version
                        : throw new StateUnreadableException($"the state of {name} has a version that is no number");
                }

                reader.Skip();
            }
        }

        throw new StateUnreadableException($"the state of {name} has no version");
    }

    private T? Upgrade<T>(ReadOnlyMemory<byte> bytes, int found, int known)
    {
        var node = JsonNode.Parse(bytes.Span)?["s"]
            ?? throw new StateUnreadableException($"the state of {typeof(T).Name} is empty");
        for (var version = found; version < known; version++)
        {
            if (!_upgraders.TryGetValue((typeof(T), version), out var upgrade))
            {
                throw new StateUnreadableException($"nothing upgrades the state of {typeof(T).Name} from version {version}");
            }

            try
            {
                node = upgrade(node);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // An upgrader that trusts its input meets a damaged record in any way it likes.
                throw new StateUnreadableException(
                    $"the state of {typeof(T).Name} cannot be upgraded from version {version}: {error.Message}", error);
            }
        }

        return node.Deserialize<T>(_options);
    }

    private int VersionOf(Type type) =>
        _versions.GetOrAdd(type, static type => type.GetCustomAttribute<StateVersionAttribute>()?.Version ?? 1);

    private sealed class Envelope<T>
    {
        [JsonPropertyName("v")]
        public required int Version { get; init; }

        [JsonPropertyName("s")]
        public required T? State { get; init; }
    }
}

/// <summary>One step from an older schema version of a state type to the next.</summary>
/// <param name="Type">The state type as it is today.</param>
/// <param name="From">The version that goes in; <paramref name="From"/> + 1 comes out.</param>
/// <param name="Upgrade">Changes the state's JSON; may return the node it was given.</param>
public sealed record StateUpgrader(Type Type, int From, Func<JsonNode, JsonNode> Upgrade)
{
    /// <summary>One step for <typeparamref name="T"/>.</summary>
    public static StateUpgrader For<T>(int from, Func<JsonNode, JsonNode> upgrade) => new(typeof(T), from, upgrade);
}
