namespace Caur.Pipelines.Aur;

/// <summary>What the AUR says of a pkgbase.</summary>
/// <param name="PkgBase">The pkgbase, as the AUR's git repository is called.</param>
/// <param name="LastModified">When it was pushed to last, in seconds since 1970.</param>
/// <param name="Maintainer">Who maintains it; null for an orphan.</param>
/// <param name="CoMaintainers">Who may push to it beside the maintainer; null where the source of this does not say.</param>
internal sealed record AurPackage(string PkgBase, long LastModified, string? Maintainer, IReadOnlyList<string>? CoMaintainers)
{
    /// <summary>Everybody who may push to it; null as long as not all of them are known, so that nobody trusts one for another.</summary>
    public IReadOnlyList<string>? Maintainers => CoMaintainers is null ? null
        : Maintainer is null ? CoMaintainers
        : [Maintainer, .. CoMaintainers];
}

/// <summary>A package that is asked for.</summary>
/// <param name="PkgBase">The pkgbase.</param>
/// <param name="PkgNames">Its packages: the RPC interface knows pkgnames alone, and a pkgbase need not be one.</param>
internal sealed record AurQuery(string PkgBase, IReadOnlyList<string> PkgNames)
{
    /// <summary>The pkgname by which it is found.</summary>
    public string Name => PkgNames.Count == 0 || PkgNames.Contains(PkgBase, StringComparer.Ordinal) ? PkgBase : PkgNames[0];
}

/// <summary>The AUR at one moment, as far as it was asked for.</summary>
/// <param name="Packages">By pkgbase. What was asked for and is not in it, the AUR does not have.</param>
/// <param name="Newest">The newest time of change that was seen, of any package, in seconds since 1970: all that happened before is in here.</param>
/// <param name="Source">From where it is, for whoever reads a run's steps.</param>
internal sealed record AurSnapshot(IReadOnlyDictionary<string, AurPackage> Packages, long Newest, string Source);
