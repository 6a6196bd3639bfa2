using System.Text;
using System.Text.Unicode;

namespace Caur.Pacman;

/// <summary>
/// A .SRCINFO: what <c>makepkg --printsrcinfo</c> says of a PKGBUILD. A pkgbase section and one section for each package
/// (PKGBUILD(5); the layout is that of makepkg's srcinfo.sh).
/// </summary>
public sealed class Srcinfo
{
    /// <summary>The greatest size of a text that is read, in bytes or characters.</summary>
    public const int MaxSize = 4 * 1024 * 1024;

    private readonly SrcinfoSection _base;

    internal Srcinfo(PackageName pkgbase, PackageVersion version, SrcinfoSection @base, IReadOnlyList<SrcinfoPackage> packages)
    {
        PkgBase = pkgbase;
        Version = version;
        Packages = packages;
        _base = @base;
    }

    /// <summary>The pkgbase.</summary>
    public PackageName PkgBase { get; }

    /// <summary>The version of all packages: <c>[epoch:]pkgver-pkgrel</c>. Of a VCS package, the one that was last written down.</summary>
    public PackageVersion Version { get; }

    /// <summary>The packages in the order of the text; at least one.</summary>
    public IReadOnlyList<SrcinfoPackage> Packages { get; }

    /// <summary>The architectures of the pkgbase section.</summary>
    public IReadOnlyList<string> Architectures => Values("arch");

    /// <summary>All keys of the pkgbase section, also those that this library gives no meaning.</summary>
    public IReadOnlyCollection<string> Keys => _base.Keys;

    /// <summary>Reads the bytes of a .SRCINFO, which must be UTF-8.</summary>
    public static FormatResult<Srcinfo> Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxSize)
        {
            return FormatResult<Srcinfo>.Refused(TooLarge());
        }

        return Utf8.IsValid(utf8)
            ? Parse(Encoding.UTF8.GetString(utf8))
            : FormatResult<Srcinfo>.Refused(new FormatError(FormatErrorCode.NotUtf8, "the text is not UTF-8"));
    }

    /// <summary>Reads the text of a .SRCINFO. A refusal names every faulty line (the first hundred of them).</summary>
    public static FormatResult<Srcinfo> Parse(string text) =>
        text.Length > MaxSize ? FormatResult<Srcinfo>.Refused(TooLarge()) : new SrcinfoParser().Parse(text);

    /// <summary>
    /// The same with some of the keys only, for whoever keeps thousands in memory: everything else is as if it did not stand there. Name, version
    /// and packages stay.
    /// </summary>
    /// <param name="keys">The keys, without an architecture; their forms for architectures (<c>depends_x86_64</c>) stay too.</param>
    public Srcinfo Only(IReadOnlyCollection<string> keys)
    {
        var common = _base.Only(keys);
        return new Srcinfo(PkgBase, Version, common, [.. Packages.Select(package => package.Only(keys, common))]);
    }

    /// <summary>What every package of this pkgbase needs while it is built on an architecture, beside what it needs to run.</summary>
    public IReadOnlyList<Dependency> MakeDepends(string arch) => Dependencies("makedepends", arch);

    /// <summary>What the tests of the build need on an architecture.</summary>
    public IReadOnlyList<Dependency> CheckDepends(string arch) => Dependencies("checkdepends", arch);

    /// <summary>The depends of the pkgbase section: makepkg installs these before a build, whatever the packages override.</summary>
    public IReadOnlyList<Dependency> Depends(string arch) => Dependencies("depends", arch);

    /// <summary>The sources of a build on an architecture, as written (<c>name::git+https://...#branch=x</c>).</summary>
    public IReadOnlyList<string> Sources(string arch) => Values("source", arch);

    /// <summary>Whether the pkgbase can be built on an architecture.</summary>
    public bool SupportsArchitecture(string arch) => Supports(Architectures, arch);

    /// <summary>The package of a name, or null.</summary>
    public SrcinfoPackage? Find(PackageName name) => Packages.FirstOrDefault(package => package.Name == name);

    /// <summary>The values of any key of the pkgbase section; with an architecture, those of its own form of the key too.</summary>
    public IReadOnlyList<string> Values(string key, string? arch = null)
    {
        var common = _base.Find(key)?.Values ?? [];
        return arch is null ? common : Join(common, _base.Find($"{key}_{arch}")?.Values ?? []);
    }

    internal static bool Supports(IReadOnlyList<string> architectures, string arch) =>
        architectures.Contains(arch, StringComparer.Ordinal) || architectures.Contains("any", StringComparer.Ordinal);

    internal static IReadOnlyList<T> Join<T>(IReadOnlyList<T> common, IReadOnlyList<T> special) =>
        special.Count == 0 ? common : common.Count == 0 ? special : [.. common, .. special];

    private static FormatError TooLarge() =>
        new(FormatErrorCode.TooLarge, $"the text is larger than {MaxSize / (1024 * 1024)} MiB");

    private IReadOnlyList<Dependency> Dependencies(string key, string arch) =>
        Join(_base.Find(key)?.Dependencies ?? [], _base.Find($"{key}_{arch}")?.Dependencies ?? []);
}
