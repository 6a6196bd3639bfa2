namespace Caur.Pipelines.Upstream;

/// <summary>How a package folder takes over what is upstream, as the templates do it.</summary>
internal static class PackageUpdate
{
    /// <summary>What of a folder is the farm's alone: neither taken from upstream nor removed with it, at any depth.</summary>
    private static readonly string[] Kept = [".CI", ".git", ".gitignore"];

    /// <summary>
    /// Whether upstream differs: PKGBUILD or .SRCINFO. Other files do not matter alone, because a PKGBUILD holds their checksums.
    /// </summary>
    public static bool Differs(FileTree folder, FileTree upstream) =>
        !Same(folder, upstream, "PKGBUILD") || !Same(folder, upstream, ".SRCINFO");

    /// <summary>The folder with upstream's files in the place of its own, but for what is the farm's.</summary>
    public static FileTree Merge(FileTree folder, FileTree upstream) =>
        FileTree.Of(upstream.Files.Where(file => !IsKept(file.Key)).Concat(folder.Files.Where(file => IsKept(file.Key))));

    /// <summary>Why upstream is no package that could be taken; null when it can.</summary>
    /// <param name="pkgbase">The folder's name.</param>
    /// <param name="folder">What is there now. Where its .SRCINFO is of another pkgbase, which files of <c>.CI</c> change, upstream's may be too.</param>
    /// <param name="upstream">What it would become.</param>
    public static string? Refuse(string pkgbase, FileTree folder, FileTree upstream)
    {
        if (upstream.Find("PKGBUILD") is not { Kind: not TreeFileKind.Link })
        {
            return "upstream has no PKGBUILD";
        }

        if (upstream.Find(".SRCINFO") is not { } srcinfo)
        {
            return null;
        }

        var read = srcinfo.Kind == TreeFileKind.Link ? null : Pacman.Srcinfo.Parse(srcinfo.Bytes.Span);
        return read is not { IsValid: true } ? $"upstream's .SRCINFO cannot be read: {read?.Error?.ToString() ?? "it is a link"}"
            : read.Value.PkgBase.ToString() == pkgbase || read.Value.PkgBase == PkgbaseOf(folder) ? null
            : $"upstream's .SRCINFO is of pkgbase {read.Value.PkgBase}";
    }

    private static Pacman.PackageName? PkgbaseOf(FileTree folder) =>
        folder.Find(".SRCINFO") is { Kind: not TreeFileKind.Link } srcinfo && Pacman.Srcinfo.Parse(srcinfo.Bytes.Span) is { IsValid: true, Value: var read }
            ? read.PkgBase
            : null;

    private static bool IsKept(string path) => path.Split('/').Any(part => Kept.Contains(part, StringComparer.Ordinal));

    private static bool Same(FileTree left, FileTree right, string path) =>
        left.Find(path) is var a && right.Find(path) is var b && (a is null ? b is null : b is not null && a.Bytes.Span.SequenceEqual(b.Bytes.Span));
}
