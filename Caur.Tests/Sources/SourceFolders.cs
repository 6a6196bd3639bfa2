using Caur.Pacman;
using Caur.Pipelines.Reading;

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
        var folder = PackageFolder.Read(pkgbase, text, config: null);
        folder.Problem.ShouldBeNull();
        return folder;
    }

    /// <summary>A folder with the .SRCINFO of another pkgbase, whose files of <c>.CI</c> give it its own name.</summary>
    public static PackageFolder MadeFrom(string other, string pkgbase, params string[] lines) =>
        PackageFolder.Read(pkgbase, string.Join("\n", [$"pkgbase = {other}", "pkgver = 1", "pkgrel = 1", "arch = x86_64", .. lines, $"pkgname = {other}"]), null, isAltered: true);

    public static PackageFolder Broken(string pkgbase, string problem) => new(pkgbase, null, CiConfig.Empty, problem);

    public static SourceSnapshot Snapshot(params PackageFolder[] folders) =>
        new("0123456789abcdef0123456789abcdef01234567", folders.ToDictionary(folder => folder.Pkgbase));
}
