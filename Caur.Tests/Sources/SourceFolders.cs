using Caur.Grains.Sources;
using Caur.Pacman;

namespace Caur.Tests.Sources;

/// <summary>Package folders for tests, from a .SRCINFO in short form.</summary>
internal static class SourceFolders
{
    /// <summary>A folder whose .SRCINFO has these lines behind pkgbase, version and arch; without a pkgname one of the pkgbase's name.</summary>
    public static PackageFolder Folder(string pkgbase, params string[] lines)
    {
        var hasNames = lines.Any(line => line.StartsWith("pkgname", StringComparison.Ordinal));
        var own = lines.TakeWhile(line => !line.StartsWith("pkgname", StringComparison.Ordinal)).ToList();
        IEnumerable<string> head = own.Exists(line => line.StartsWith("arch ", StringComparison.Ordinal)) ? [] : ["arch = x86_64"];
        head = own.Exists(line => line.StartsWith("pkgver ", StringComparison.Ordinal)) ? head : head.Append("pkgver = 1.0");
        var text = string.Join("\n", [$"pkgbase = {pkgbase}", "pkgrel = 1", .. head, .. lines, hasNames ? "" : $"pkgname = {pkgbase}"]);
        var parsed = Srcinfo.Parse(text);
        parsed.IsValid.ShouldBeTrue(parsed.IsValid ? "" : $"{parsed.Error}");
        return new PackageFolder(pkgbase, parsed.Value, CiConfig.Empty, null);
    }

    public static PackageFolder Broken(string pkgbase, string problem) => new(pkgbase, null, CiConfig.Empty, problem);

    public static SourceSnapshot Snapshot(params PackageFolder[] folders) =>
        new("0123456789abcdef0123456789abcdef01234567", folders.ToDictionary(folder => folder.Pkgbase));
}
