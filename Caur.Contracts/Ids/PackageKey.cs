using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Ids;

/// <summary>One pkgbase in one target repository, <c>target/arch/pkgbase</c>: what is queued at most once.</summary>
[GenerateSerializer, Alias("caur.PackageKey"), Immutable]
[JsonConverter(typeof(ParsableJsonConverter<PackageKey>))]
public readonly record struct PackageKey : IParsable<PackageKey>
{
    /// <summary>Makes a key of its parts, or throws <see cref="FormatException"/>.</summary>
    public PackageKey(TargetId target, string pkgbase)
    {
        Target = target;
        Pkgbase = Names.Check(pkgbase, "pkgbase");
    }

    /// <summary>Where the packages go.</summary>
    [Id(0)]
    public TargetId Target { get; }

    /// <summary>The package folder's name.</summary>
    [Id(1)]
    public string Pkgbase { get; }

    /// <summary>Reads <c>target/arch/pkgbase</c>, or throws <see cref="FormatException"/>.</summary>
    public static PackageKey Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var key) ? key : throw new FormatException($"'{s}' is no package key: target/arch/pkgbase is wanted");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out PackageKey result)
    {
        result = default;
        if (s?.Split('/') is not [var name, var arch, var pkgbase]
            || !Names.IsValid(name) || !Names.IsValidArch(arch) || !Names.IsValid(pkgbase))
        {
            return false;
        }

        result = new PackageKey(new TargetId(name, arch), pkgbase);
        return true;
    }

    /// <summary><c>target/arch/pkgbase</c>.</summary>
    public override string ToString() => $"{Target}/{Pkgbase}";
}
