using System.Globalization;

namespace Caur.Pacman;

/// <summary>The fields of a package in a repository database, read from its <c>desc</c>. Fields that are missing are empty or 0.</summary>
public sealed class PackageDescription
{
    private readonly Dictionary<string, IReadOnlyList<string>> _sections;

    internal PackageDescription(ReadOnlySpan<byte> desc) => _sections = DescText.Parse(desc);

    /// <summary>The file name of the archive.</summary>
    public string FileName => Single("FILENAME");

    /// <summary>The pkgname.</summary>
    public string Name => Single("NAME");

    /// <summary>The pkgbase; empty when it is not written.</summary>
    public string PkgBase => Single("BASE");

    /// <summary>The version.</summary>
    public string Version => Single("VERSION");

    /// <summary>One sentence on the package.</summary>
    public string Description => Single("DESC");

    /// <summary>The groups of the package.</summary>
    public IReadOnlyList<string> Groups => Values("GROUPS");

    /// <summary>The size of the archive in bytes.</summary>
    public long CompressedSize => Number("CSIZE");

    /// <summary>The size of the installed package in bytes.</summary>
    public long InstalledSize => Number("ISIZE");

    /// <summary>The MD5 of the archive in hexadecimal.</summary>
    public string Md5Sum => Single("MD5SUM");

    /// <summary>The SHA-256 of the archive in hexadecimal.</summary>
    public string Sha256Sum => Single("SHA256SUM");

    /// <summary>The detached OpenPGP signature of the archive in base64; empty when the package is not signed.</summary>
    public string PgpSignature => Single("PGPSIG");

    /// <summary>The web page of the software.</summary>
    public string Url => Single("URL");

    /// <summary>The licenses of the package.</summary>
    public IReadOnlyList<string> Licenses => Values("LICENSE");

    /// <summary>The architecture or <c>any</c>.</summary>
    public string Architecture => Single("ARCH");

    /// <summary>When the package was built.</summary>
    public DateTimeOffset BuildDate => DateTimeOffset.FromUnixTimeSeconds(Math.Min(Number("BUILDDATE"), 253_402_300_799));

    /// <summary>Who built the package.</summary>
    public string Packager => Single("PACKAGER");

    /// <summary>What the package takes the place of in an upgrade. What is no dependency is left out, here and below.</summary>
    public IReadOnlyList<Dependency> Replaces => Dependencies("REPLACES");

    /// <summary>What cannot be installed beside the package.</summary>
    public IReadOnlyList<Dependency> Conflicts => Dependencies("CONFLICTS");

    /// <summary>What the package stands for beside its own name.</summary>
    public IReadOnlyList<Dependency> Provides => Dependencies("PROVIDES");

    /// <summary>What must be installed to run the package.</summary>
    public IReadOnlyList<Dependency> Depends => Dependencies("DEPENDS");

    /// <summary>What adds to the package when it is installed.</summary>
    public IReadOnlyList<Dependency> OptDepends => Dependencies("OPTDEPENDS");

    /// <summary>What the build needed.</summary>
    public IReadOnlyList<Dependency> MakeDepends => Dependencies("MAKEDEPENDS");

    /// <summary>What the tests of the build needed.</summary>
    public IReadOnlyList<Dependency> CheckDepends => Dependencies("CHECKDEPENDS");

    /// <summary>The values of any field by its name without percent signs.</summary>
    public IReadOnlyList<string> Values(string field) => _sections.GetValueOrDefault(field) ?? [];

    private string Single(string field) => Values(field) is [var first, ..] ? first : string.Empty;

    private long Number(string field) =>
        long.TryParse(Single(field), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private List<Dependency> Dependencies(string field)
    {
        var dependencies = new List<Dependency>();
        foreach (var value in Values(field))
        {
            if (Dependency.TryParse(value, out var dependency))
            {
                dependencies.Add(dependency);
            }
        }

        return dependencies;
    }
}
