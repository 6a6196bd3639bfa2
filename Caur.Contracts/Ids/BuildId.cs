using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Ids;

/// <summary>One build, <c>target/arch/pkgbase/timestamp</c>.</summary>
[GenerateSerializer, Alias("caur.BuildId"), Immutable]
[JsonConverter(typeof(ParsableJsonConverter<BuildId>))]
public readonly record struct BuildId : IParsable<BuildId>
{
    /// <summary>Makes an id of its parts, or throws <see cref="FormatException"/>.</summary>
    public BuildId(PackageKey package, long timestamp)
    {
        Package = package;
        Timestamp = timestamp >= 0 ? timestamp : throw new FormatException($"{timestamp} is no build timestamp: it counts from 1970");
    }

    /// <summary>What is built, and for which target repository.</summary>
    [Id(0)]
    public PackageKey Package { get; }

    /// <summary>When it was queued, in milliseconds since 1970, UTC; unique for its package.</summary>
    [Id(1)]
    public long Timestamp { get; }

    /// <summary>The target repository.</summary>
    public TargetId Target => Package.Target;

    /// <summary>The architecture.</summary>
    public string Arch => Package.Target.Arch;

    /// <summary>The package folder's name.</summary>
    public string Pkgbase => Package.Pkgbase;

    /// <summary><see cref="Timestamp"/> as a time.</summary>
    public DateTimeOffset QueuedAt => DateTimeOffset.FromUnixTimeMilliseconds(Timestamp);

    /// <summary>Reads <c>target/arch/pkgbase/timestamp</c>, or throws <see cref="FormatException"/>.</summary>
    public static BuildId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id)
            ? id
            : throw new FormatException($"'{s}' is no build id: target/arch/pkgbase/timestamp is wanted");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BuildId result)
    {
        result = default;
        var cut = s?.LastIndexOf('/') ?? -1;
        if (s is null || cut < 0
            || !PackageKey.TryParse(s[..cut], provider, out var package)
            || !long.TryParse(s.AsSpan(cut + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp)
            || timestamp > 253402300799999)
        {
            return false;
        }

        result = new BuildId(package, timestamp);
        return true;
    }

    /// <summary><c>target/arch/pkgbase/timestamp</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Package}/{Timestamp}");
}
