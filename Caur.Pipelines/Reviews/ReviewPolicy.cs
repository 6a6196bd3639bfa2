namespace Caur.Pipelines.Reviews;

/// <summary>The maintainers whose packages need no review (<c>.ci/aur-maintainers</c>): a name in a line, in whatever case; a line that begins with
/// <c>#</c> is a comment. The template takes a maintainer's name for an expression, so that <c>a.b</c> passes for a trusted <c>axb</c>; here it is a name.</summary>
internal sealed class TrustedMaintainers
{
    private readonly HashSet<string> _names;

    private TrustedMaintainers(HashSet<string> names) => _names = names;

    public static TrustedMaintainers None { get; } = new([]);

    /// <summary>Reads the file; null when there is none.</summary>
    public static TrustedMaintainers Parse(string? text) => new(
        (text ?? "").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').ToHashSet(StringComparer.OrdinalIgnoreCase));

    /// <summary>Those of some maintainers who are not in the list.</summary>
    public IReadOnlyList<string> Strangers(IEnumerable<string> maintainers) => [.. maintainers.Where(name => !_names.Contains(name.Trim()))];
}

/// <summary>Where a change of a package comes from.</summary>
internal enum ChangeOrigin
{
    /// <summary>The AUR, whichever address it is fetched from.</summary>
    Aur,

    /// <summary>nvchecker's version in a PKGBUILD of our own.</summary>
    Nvchecker,

    /// <summary>Any other repository, a GitLab project's tags, the package's own <c>update.sh</c>.</summary>
    Other,
}

/// <summary>What becomes of a change.</summary>
/// <param name="NeedsReview">True for a branch and a request, false for main.</param>
/// <param name="Reason">Why, in a sentence that may be shown to anybody as it is: names from outside stand in it as code only.</param>
internal sealed record ReviewDecision(bool NeedsReview, string Reason);

/// <summary>Who has to look at a change, by the settings of <c>.ci/config</c>.</summary>
/// <param name="HumanReview"><c>CI_HUMAN_REVIEW</c>.</param>
/// <param name="NvcheckerReview"><c>CI_NVCHECKER_REVIEW</c>.</param>
/// <param name="Trusted">Whose packages pass.</param>
internal sealed record ReviewPolicy(bool HumanReview, bool NvcheckerReview, TrustedMaintainers Trusted)
{
    private const int MostNames = 20;

    /// <summary>Decides as the template does.</summary>
    /// <param name="kind">What the change is.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <param name="maintainers">Maintainer and co-maintainers in the AUR; null when they are not known, empty for an orphan.</param>
    public ReviewDecision Decide(Changes.ChangeKind kind, ChangeOrigin origin, IReadOnlyCollection<string>? maintainers)
    {
        if (origin == ChangeOrigin.Nvchecker && NvcheckerReview)
        {
            return new ReviewDecision(true, "the version comes from nvchecker, and CI_NVCHECKER_REVIEW is true");
        }

        if (kind != Changes.ChangeKind.Major)
        {
            return new ReviewDecision(false, "the change is minor");
        }

        if (!HumanReview)
        {
            return new ReviewDecision(false, "CI_HUMAN_REVIEW is not true");
        }

        if (origin != ChangeOrigin.Aur)
        {
            return new ReviewDecision(false, "it does not come from the AUR, whose maintainers alone are looked at");
        }

        if (maintainers is null || maintainers.Count == 0)
        {
            return new ReviewDecision(true, maintainers is null ? "who keeps it in the AUR could not be learnt" : "nobody keeps it in the AUR");
        }

        var strangers = Trusted.Strangers(maintainers);
        return strangers.Count == 0
            ? new ReviewDecision(false, "everybody who keeps it in the AUR is trusted")
            : new ReviewDecision(true, $"not everybody who keeps it in the AUR is trusted: {string.Join(", ", strangers.Take(MostNames).Select(name => Markdown.Code(name, 100)))}");
    }
}
