namespace Caur.Pipelines.Changes;

/// <summary>
/// Whether a new version of a package folder may go to main without a look. As in the templates of infra 4.0, a change is minor when of the
/// PKGBUILD only <c>pkgver</c>, <c>_pkgver</c>, <c>pkgrel</c>, checksums and the lines that <c>CI_PKGBUILD_CHANGE_ALLOW_REGEX</c> names differ, and of
/// the other files none; <c>.SRCINFO</c> follows the PKGBUILD. Where the template's line-by-line comparison lets through what it should not,
/// this does not: a checksum that becomes <c>SKIP</c> or is of another algorithm; <c>pkgver= command</c>, which runs the command; a change
/// of nothing but backslashes, of the last line without a newline, of a NUL, of a file's mode or kind, of a file named PKGBUILD in a
/// subfolder; an allowed line that begins to run commands; a .SRCINFO that names other packages than before. And it takes layout for what it is
/// (the template formats with shfmt), <c>+</c> in versions, several checksums on a line, and every architecture's.
/// </summary>
internal static class ChangeJudge
{
    /// <summary>Compares two states of a folder.</summary>
    /// <param name="old">What is on main.</param>
    /// <param name="new">What shall be there.</param>
    /// <param name="allowRegex">The value of <c>CI_PKGBUILD_CHANGE_ALLOW_REGEX</c>: POSIX extended expressions, separated by <c>;</c>. Null for none.</param>
    public static PackageChange Judge(FolderTree old, FolderTree @new, string? allowRegex)
    {
        var (before, after) = (old.Where(IsOfUpstream), @new.Where(IsOfUpstream));
        var remarks = new List<string>();
        var allowed = Allowed(allowRegex, remarks);
        if (before.IsSame(after))
        {
            return new PackageChange(ChangeKind.None, [], remarks);
        }

        var reasons = new List<ChangeReason>();
        var isSame = true;
        foreach (var path in before.Files.Keys.Union(after.Files.Keys).Order(StringComparer.Ordinal))
        {
            var (was, now) = (before[path], after[path]);
            if (was is not null && now is not null && was.Equals(now))
            {
                continue;
            }

            if (Whole(path, was, now) is { } reason)
            {
                reasons.Add(reason);
            }
            else if (path == FolderTree.Pkgbuild)
            {
                var (objections, same) = PkgbuildComparison.Compare(before.Text(path)!, after.Text(path)!, allowed);
                reasons.AddRange(objections);
                isSame &= same;
            }
            else
            {
                reasons.AddRange(SrcinfoComparison.Compare(before.Text(path)!, after.Text(path)!));
                isSame = false;
            }
        }

        return new PackageChange(reasons.Count > 0 ? ChangeKind.Major : isSame ? ChangeKind.None : ChangeKind.Minor, reasons, remarks);
    }

    /// <summary>Whether a path comes from where the package comes from. What is the source repository's own is neither compared nor copied:
    /// <c>.CI</c>, and what git itself reads.</summary>
    public static bool IsOfUpstream(string path) => !path.Split('/').Any(part => part is ".CI" or ".gitignore");

    /// <summary>A folder with the files of its upstream, and of its own those that are not the upstream's to change.</summary>
    /// <param name="current">What is on main.</param>
    /// <param name="upstream">What was fetched.</param>
    public static FolderTree Taken(FolderTree current, FolderTree upstream) =>
        new(current.Files.Where(file => !IsOfUpstream(file.Key)).Concat(upstream.Files.Where(file => IsOfUpstream(file.Key))));

    private static ChangeReason? Whole(string path, FolderFile? was, FolderFile? now)
    {
        var what = was is null ? "added" : now is null ? "removed" : was.Kind != now.Kind ? $"was {Named(was.Kind)}, is {Named(now.Kind)}" : null;
        return what is not null ? new ChangeReason(path, null, what)
            : path is FolderTree.Pkgbuild or FolderTree.Srcinfo && now!.Kind is FileKind.File or FileKind.Executable ? null
            : new ChangeReason(path, null, "changed");
    }

    private static string Named(FileKind kind) => kind switch
    {
        FileKind.Executable => "executable",
        FileKind.Link => "a symbolic link",
        FileKind.Submodule => "a submodule",
        _ => "an ordinary file",
    };

    private static List<PosixRegex> Allowed(string? patterns, List<string> remarks)
    {
        var allowed = new List<PosixRegex>();
        foreach (var pattern in (patterns ?? "").Split(';').Where(pattern => pattern.Length > 0))
        {
            if (PosixRegex.TryParse(pattern, out var problem) is { } regex)
            {
                allowed.Add(regex);
            }
            else
            {
                remarks.Add($"CI_PKGBUILD_CHANGE_ALLOW_REGEX has '{pattern}', which allows nothing: {problem}");
            }
        }

        return allowed;
    }
}
