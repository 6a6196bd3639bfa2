using System.Globalization;

namespace Caur.Pacman;

/// <summary>
/// The .PKGINFO of a package archive: what makepkg wrote about the package (the keys of makepkg's write_pkginfo).
/// </summary>
public sealed class PackageInfo
{
    private const string File = ".PKGINFO";

    private PackageInfo(KeyValueText text)
    {
        Text = text;
        Name = Required<PackageName>(
            "pkgname", FormatErrorCode.InvalidName, value => PackageName.TryParse(value, out var name) ? name : null);
        PkgBase = Optional<PackageName>(
            "pkgbase", FormatErrorCode.InvalidName, value => PackageName.TryParse(value, out var name) ? name : null);
        Version = Required<PackageVersion>(
            "pkgver", FormatErrorCode.InvalidVersion, ReadVersion);
        Architecture = Optional("arch", FormatErrorCode.InvalidValue, ReadArchitecture)?.Text ?? string.Empty;
        InstalledSize = Optional("size", FormatErrorCode.InvalidValue, ReadNumber) ?? 0;
        BuildDate = DateTimeOffset.FromUnixTimeSeconds(Optional("builddate", FormatErrorCode.InvalidValue, ReadTime) ?? 0);
        Depends = Dependencies("depend");
        OptDepends = Dependencies("optdepend");
        MakeDepends = Dependencies("makedepend");
        CheckDepends = Dependencies("checkdepend");
        Provides = Dependencies("provides");
        Conflicts = Dependencies("conflict");
        Replaces = Dependencies("replaces");
    }

    /// <summary>The pkgname.</summary>
    public PackageName Name { get; }

    /// <summary>The pkgbase, or null in packages of a makepkg that did not write it.</summary>
    public PackageName? PkgBase { get; }

    /// <summary>The version, with pkgrel.</summary>
    public PackageVersion Version { get; }

    /// <summary>The architecture or <c>any</c>; empty when none is written.</summary>
    public string Architecture { get; }

    /// <summary>The bytes that the package takes when installed.</summary>
    public long InstalledSize { get; }

    /// <summary>When the package was built; the start of 1970 when that is not written.</summary>
    public DateTimeOffset BuildDate { get; }

    /// <summary>One sentence on the package; empty when there is none.</summary>
    public string Description => Single("pkgdesc");

    /// <summary>The web page of the software; empty when there is none.</summary>
    public string Url => Single("url");

    /// <summary>Who built the package; empty when that is not written.</summary>
    public string Packager => Single("packager");

    /// <summary>What must be installed to run the package.</summary>
    public IReadOnlyList<Dependency> Depends { get; }

    /// <summary>What adds to the package when it is installed, with the reason.</summary>
    public IReadOnlyList<Dependency> OptDepends { get; }

    /// <summary>What the build needed.</summary>
    public IReadOnlyList<Dependency> MakeDepends { get; }

    /// <summary>What the tests of the build needed.</summary>
    public IReadOnlyList<Dependency> CheckDepends { get; }

    /// <summary>What the package stands for beside its own name.</summary>
    public IReadOnlyList<Dependency> Provides { get; }

    /// <summary>What cannot be installed beside the package.</summary>
    public IReadOnlyList<Dependency> Conflicts { get; }

    /// <summary>What the package takes the place of in an upgrade.</summary>
    public IReadOnlyList<Dependency> Replaces { get; }

    internal KeyValueText Text { get; }

    /// <summary>Reads the bytes of a .PKGINFO.</summary>
    public static FormatResult<PackageInfo> Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return FormatResult<PackageInfo>.Of(Read(utf8));
        }
        catch (FormatFaultException fault)
        {
            return FormatResult<PackageInfo>.Refused(fault.Error);
        }
    }

    /// <summary>All values of a key as .PKGINFO names it (<c>license</c>, <c>group</c>, <c>backup</c>, ...), without empty ones.</summary>
    public IReadOnlyList<string> Values(string key) => Text.Values(key);

    internal static PackageInfo Read(ReadOnlySpan<byte> utf8) => new(KeyValueText.Parse(utf8, File));

    /// <summary>pacman takes an entry of a database apart at its last two dashes, so a version must have its own.</summary>
    private static PackageVersion? ReadVersion(string value) =>
        PackageVersion.TryParse(value, out var version) && version.PkgRel is not null ? version : null;

    private static ArchitectureName? ReadArchitecture(string value) =>
        value.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? new ArchitectureName(value) : null;

    private static long? ReadNumber(string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static long? ReadTime(string value) => ReadNumber(value) is { } time && time <= 253_402_300_799 ? time : null;

    private string Single(string key) => Text.Last(key)?.Value ?? string.Empty;

    private List<Dependency> Dependencies(string key)
    {
        var dependencies = new List<Dependency>();
        foreach (var line in Text.Lines)
        {
            if (line.Key == key && line.Value.Length > 0)
            {
                dependencies.Add(Dependency.TryParse(line.Value, out var dependency)
                    ? dependency
                    : throw Fault(FormatErrorCode.InvalidDependency, line));
            }
        }

        return dependencies;
    }

    private T Required<T>(string key, FormatErrorCode code, Func<string, T?> read)
        where T : struct =>
        Optional(key, code, read) ?? throw new FormatFaultException(FormatErrorCode.MissingKey, $"{File} has no {key}");

    private T? Optional<T>(string key, FormatErrorCode code, Func<string, T?> read)
        where T : struct =>
        Text.Last(key) is not { Value.Length: > 0 } line ? null : read(line.Value) ?? throw Fault(code, line);

    private static FormatFaultException Fault(FormatErrorCode code, KeyValueLine line) =>
        new(new FormatError(code, $"{FormatError.Quote(line.Value)} cannot be the {line.Key} of a package", line.Number));

    private readonly record struct ArchitectureName(string Text);
}
