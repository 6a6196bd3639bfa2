namespace Caur.Pacman;

/// <summary>
/// One package of a <see cref="Srcinfo"/> with its effective values: what its own section says, and for what that leaves out, what
/// the pkgbase section says. A key that stands empty in the package's section makes the value empty. A key and its form for an
/// architecture (<c>depends</c>, <c>depends_x86_64</c>) are overridden one by one, and both count for that architecture.
/// </summary>
public sealed class SrcinfoPackage
{
    private readonly SrcinfoSection _base;
    private readonly SrcinfoSection _own;

    internal SrcinfoPackage(PackageName name, SrcinfoSection @base, SrcinfoSection own)
    {
        Name = name;
        _base = @base;
        _own = own;
    }

    /// <summary>The pkgname.</summary>
    public PackageName Name { get; }

    /// <summary>The architectures that the package can be built for, or <c>any</c>.</summary>
    public IReadOnlyList<string> Architectures => Values("arch");

    /// <summary>One sentence on the package; empty when there is none.</summary>
    public string Description => Single("pkgdesc");

    /// <summary>The web page of the software; empty when there is none.</summary>
    public string Url => Single("url");

    /// <summary>The groups that the package belongs to.</summary>
    public IReadOnlyList<string> Groups => Values("groups");

    /// <summary>The licenses of the package.</summary>
    public IReadOnlyList<string> Licenses => Values("license");

    /// <summary>What must be installed to run the package on an architecture.</summary>
    public IReadOnlyList<Dependency> Depends(string arch) => Dependencies("depends", arch);

    /// <summary>What adds to the package when it is installed, with the reason.</summary>
    public IReadOnlyList<Dependency> OptDepends(string arch) => Dependencies("optdepends", arch);

    /// <summary>What must be installed to run the tests of this package; usually a value of the pkgbase.</summary>
    public IReadOnlyList<Dependency> CheckDepends(string arch) => Dependencies("checkdepends", arch);

    /// <summary>What the package stands for beside its own name.</summary>
    public IReadOnlyList<Dependency> Provides(string arch) => Dependencies("provides", arch);

    /// <summary>What cannot be installed beside the package.</summary>
    public IReadOnlyList<Dependency> Conflicts(string arch) => Dependencies("conflicts", arch);

    /// <summary>What the package takes the place of in an upgrade.</summary>
    public IReadOnlyList<Dependency> Replaces(string arch) => Dependencies("replaces", arch);

    /// <summary>Whether the package can be built for an architecture; a package of <c>any</c> can for each.</summary>
    public bool SupportsArchitecture(string arch) => Srcinfo.Supports(Architectures, arch);

    /// <summary>The effective values of any key, such as <c>options</c>; with an architecture, those of its own form of the key too.</summary>
    public IReadOnlyList<string> Values(string key, string? arch = null)
    {
        var common = Effective(key).Values;
        return arch is null ? common : Srcinfo.Join(common, Effective($"{key}_{arch}").Values);
    }

    internal SrcinfoPackage Only(IReadOnlyCollection<string> keys, SrcinfoSection common) => new(Name, common, _own.Only(keys));

    private string Single(string key) => Values(key) is [.., var last] ? last : string.Empty;

    private IReadOnlyList<Dependency> Dependencies(string key, string arch) =>
        Srcinfo.Join(Effective(key).Dependencies, Effective($"{key}_{arch}").Dependencies);

    private SrcinfoField Effective(string key) => _own.Find(key) ?? _base.Find(key) ?? SrcinfoField.Empty;
}
