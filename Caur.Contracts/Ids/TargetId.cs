using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Ids;

/// <summary>A target repository: <c>name/arch</c>.</summary>
[GenerateSerializer, Alias("caur.TargetId"), Immutable]
[JsonConverter(typeof(ParsableJsonConverter<TargetId>))]
public readonly record struct TargetId : IParsable<TargetId>
{
    /// <summary>Makes an id of its parts, or throws <see cref="FormatException"/>.</summary>
    public TargetId(string name, string arch)
    {
        Name = Names.Check(name, "repository name");
        Arch = Names.IsValidArch(arch)
            ? arch
            : throw new FormatException($"'{arch}' is no architecture: letters, digits and @ _ + - are allowed, a hyphen at the start is not");
    }

    /// <summary>The repository's name as in pacman.conf.</summary>
    [Id(0)]
    public string Name { get; }

    /// <summary>The architecture of its folder.</summary>
    [Id(1)]
    public string Arch { get; }

    /// <summary>Reads <c>name/arch</c>, or throws <see cref="FormatException"/>.</summary>
    public static TargetId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException($"'{s}' is no target repository: name/arch is wanted");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out TargetId result)
    {
        result = default;
        if (s?.Split('/') is not [var name, var arch] || !Names.IsValid(name) || !Names.IsValidArch(arch))
        {
            return false;
        }

        result = new TargetId(name, arch);
        return true;
    }

    /// <summary><c>name/arch</c>.</summary>
    public override string ToString() => $"{Name}/{Arch}";
}
