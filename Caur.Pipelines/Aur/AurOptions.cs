namespace Caur.Pipelines.Aur;

/// <summary>Where the AUR is, and how it is asked.</summary>
internal sealed record AurOptions
{
    /// <summary>The metadata of all packages; every few minutes a new one. The <c>-ext-</c> form holds co-maintainers too, at five times the size.</summary>
    public Uri Metadata { get; init; } = new("https://aur.archlinux.org/packages-meta-v1.json.gz");

    /// <summary>The RPC interface's folder, version 5.</summary>
    public Uri Rpc { get; init; } = new("https://aur.archlinux.org/rpc/v5/");

    /// <summary>Where a package's git repository is; <c>{0}</c> stands for the pkgbase.</summary>
    public string GitUrl { get; init; } = "https://aur.archlinux.org/{0}.git";

    /// <summary>The branch in it; <c>{0}</c> stands for the pkgbase, as in the mirror that holds all packages as branches. Null for the default one.</summary>
    public string? GitBranch { get; init; }

    /// <summary>How many packages are asked for by RPC; for more, the metadata are loaded. Default: 300, which are two requests.</summary>
    public int MostByRpc { get; init; } = 300;

    /// <summary>The longest URL of a request, in characters: the AUR refuses from about 4,400 on. Default: 4,000.</summary>
    public int LongestUrl { get; init; } = 4000;

    /// <summary>The names in one request. Default: 150.</summary>
    public int MostNames { get; init; } = 150;

    /// <summary>What the metadata may unpack to, in bytes. Default: 1 GiB (they have about 60 MB).</summary>
    public long MostUnpacked { get; init; } = 1L << 30;

    /// <summary>The AUR, or a mirror with the same paths.</summary>
    /// <param name="address">Without a slash at the end.</param>
    public static AurOptions At(string address) => new()
    {
        Metadata = new Uri($"{address}/packages-meta-v1.json.gz"),
        Rpc = new Uri($"{address}/rpc/v5/"),
        GitUrl = $"{address}/{{0}}.git",
    };

    /// <summary>The hosts that <c>CI_AUR_PROXY</c> is for.</summary>
    public IEnumerable<string> Hosts =>
        new[] { Metadata, Rpc, Uri.TryCreate(GitUrl.Replace("{0}", "x", StringComparison.Ordinal), UriKind.Absolute, out var git) ? git : Rpc }
            .Select(uri => uri.IdnHost)
            .Distinct(StringComparer.OrdinalIgnoreCase);
}
