namespace Caur.Pipelines.Pushes;

/// <summary>Messages as the template of infra 4.0 writes them today.</summary>
internal static class CommitMessage
{
    private const int MostNamed = 4;

    /// <summary><c>chore(update): a, b</c>; from five packages on <c>chore(update): packages (N)</c> with the names in the body.</summary>
    /// <param name="packages">In the order to be shown.</param>
    /// <param name="marksSkip">Whether <c>[skip ci]</c> stands behind the subject.</param>
    /// <param name="action">What the subject begins with.</param>
    /// <param name="description">What the body begins with.</param>
    public static string Of(IReadOnlyList<string> packages, bool marksSkip, string action = "chore(update)", string description = "changed")
    {
        var names = string.Join(", ", packages);
        var subject = packages.Count == 0 ? $"{action}: update packages"
            : packages.Count > MostNamed ? FormattableString.Invariant($"{action}: packages ({packages.Count})")
            : $"{action}: {names}";
        return subject + (marksSkip ? " [skip ci]" : "") + (packages.Count > MostNamed ? $"\n\n{description}: {names}" : "") + "\n";
    }
}
