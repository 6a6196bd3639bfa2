using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Ids;

/// <summary>One agent: <c>name/instance</c>. Several instances may share a name.</summary>
[GenerateSerializer, Alias("caur.BuilderId"), Immutable]
[JsonConverter(typeof(ParsableJsonConverter<BuilderId>))]
public readonly record struct BuilderId : IParsable<BuilderId>
{
    /// <summary>Makes an id of its parts, or throws <see cref="FormatException"/>.</summary>
    public BuilderId(string name, string instance)
    {
        Name = Names.Check(name, "builder name");
        Instance = Names.Check(instance, "builder instance");
    }

    /// <summary>The builder's name, <c>BUILDER_HOSTNAME</c>.</summary>
    [Id(0)]
    public string Name { get; }

    /// <summary>Which agent of that name.</summary>
    [Id(1)]
    public string Instance { get; }

    /// <summary>Reads <c>name/instance</c>, or throws <see cref="FormatException"/>.</summary>
    public static BuilderId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is no builder: name/instance is wanted");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BuilderId result)
    {
        result = default;
        if (s?.Split('/') is not [var name, var instance] || !Names.IsValid(name) || !Names.IsValid(instance))
        {
            return false;
        }

        result = new BuilderId(name, instance);
        return true;
    }

    /// <summary><c>name/instance</c>.</summary>
    public override string ToString() => $"{Name}/{Instance}";
}
