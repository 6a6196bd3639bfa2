namespace Caur.Pipelines.Reviews;

/// <summary>
/// The name of a package's branch: <c>update-NAME</c>, as the original's. Where git has no such branch (gitrevisions, git-check-ref-format(1):
/// two dots in a row, <c>.lock</c> or a dot at the end), a dot is written <c>%2E</c>; no package's name has a <c>%</c>.
/// </summary>
internal static class ReviewBranch
{
    private const string Prefix = "update-";
    private const string Dot = "%2E";
    private const string Lock = ".lock";

    public static string Of(string pkgbase)
    {
        var name = pkgbase;
        while (name.Contains("..", StringComparison.Ordinal))
        {
            name = name.Replace("..", $".{Dot}", StringComparison.Ordinal);
        }

        name = name.EndsWith('.') ? name[..^1] + Dot : name.EndsWith(Lock, StringComparison.Ordinal) ? name[..^Lock.Length] + Dot + Lock[1..] : name;
        return Prefix + name;
    }

    /// <summary>The package of a branch; null for a branch that is no package's.</summary>
    public static string? PackageOf(string branch)
    {
        if (!branch.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var name = branch[Prefix.Length..].Replace(Dot, ".", StringComparison.Ordinal);
        return Pacman.PackageName.IsValid(name) && Of(name) == branch ? name : null;
    }
}
