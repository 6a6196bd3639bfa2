using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Pacman;
using Caur.Pipelines.Changes;

namespace Caur.Pipelines.ManagedAur;

/// <summary>
/// Which files of a package folder belong in the AUR: as in the template, <c>PKGBUILD</c>, <c>.SRCINFO</c>, <c>.nvchecker.toml</c>, and the local
/// sources, install scripts and change logs that the .SRCINFO names. Everything else, <c>.CI</c> above all, stays here.
/// </summary>
internal static partial class AurFiles
{
    private const string Nvchecker = ".nvchecker.toml";

    /// <summary>The AUR takes no larger file (aurweb's default <c>max-blob-size</c>).</summary>
    private const int LargestFile = 256_000;

    /// <summary>The files to be pushed.</summary>
    /// <returns>Null, with what is wrong in <paramref name="problem"/>, when the AUR would refuse them or they cannot be told.</returns>
    public static FolderTree? Of(string pkgbase, FolderTree folder, out string? problem)
    {
        problem = null;
        if (folder.Text(FolderTree.Pkgbuild) is null)
        {
            problem = "it has no PKGBUILD";
            return null;
        }

        if (folder[FolderTree.Srcinfo] is not { Kind: FileKind.File or FileKind.Executable } srcinfo)
        {
            problem = "it has no .SRCINFO, which says what belongs in the AUR";
            return null;
        }

        var parsed = Srcinfo.Parse(srcinfo.Content.Span);
        if (!parsed.IsValid)
        {
            problem = $"its .SRCINFO cannot be read: {parsed.Errors[0]}";
            return null;
        }

        if (parsed.Value.PkgBase.ToString() != pkgbase)
        {
            problem = $"its .SRCINFO is that of {parsed.Value.PkgBase}, which the AUR would refuse";
            return null;
        }

        var named = Local(folder.Text(FolderTree.Srcinfo)!).Append(FolderTree.Pkgbuild).Append(FolderTree.Srcinfo).Append(Nvchecker).ToHashSet(StringComparer.Ordinal);
        var files = folder.Where(path => named.Contains(path) && ChangeJudge.IsOfUpstream(path));
        problem = files.Files.Select(file => Fault(file.Key, file.Value)).FirstOrDefault(fault => fault is not null);
        return problem is null ? files : null;
    }

    private static string? Fault(string path, FolderFile file) =>
        path.Contains('/', StringComparison.Ordinal) ? $"'{path}' is in a folder, which the AUR refuses"
        : file.Kind is FileKind.Link or FileKind.Submodule ? $"'{path}' is no ordinary file"
        : file.Content.Length > LargestFile ? string.Create(CultureInfo.InvariantCulture, $"'{path}' has {file.Content.Length} bytes, and the AUR takes {LargestFile}")
        : null;

    private static IEnumerable<string> Local(string srcinfo) =>
        srcinfo.Split('\n').Select(line => Named().Match(line)).Where(match => match.Success).Select(match => match.Groups["value"].Value)
            .Select(value => value.IndexOf("::", StringComparison.Ordinal) is var at and >= 0 ? value[(at + 2)..] : value)
            .Where(value => value.Length > 0 && !value.Contains("://", StringComparison.Ordinal));

    [GeneratedRegex(@"^\s*(source(_[A-Za-z0-9_]+)?|install|changelog)\s*=\s*(?<value>\S.*?)\s*$")]
    private static partial Regex Named();
}
