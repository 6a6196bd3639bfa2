using Caur.Silo.Ssh;

namespace Caur.Silo.Web;

/// <summary>What <c>caur web</c> was told.</summary>
internal sealed record WebSettings
{
    /// <summary>The hub's address; its path ends with a slash.</summary>
    public required Uri Server { get; init; }

    /// <summary>The port on all addresses; 0 takes a free one.</summary>
    public required int WebPort { get; init; }

    /// <summary>Where the cache is, and nothing else.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>The way to the hub; null for the plain one.</summary>
    public SshRoute? Route { get; init; }

    /// <summary>The environment.</summary>
    public required Func<string, string?> Variable { get; init; }
}
