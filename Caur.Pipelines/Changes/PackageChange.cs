namespace Caur.Pipelines.Changes;

/// <summary>What a change of a package folder is.</summary>
internal enum ChangeKind
{
    /// <summary>Nothing, or the layout alone.</summary>
    None,

    /// <summary>Version, release and checksums, and what the package's own expression allows.</summary>
    Minor,

    /// <summary>Anything else.</summary>
    Major,
}

/// <summary>Why a change is major.</summary>
/// <param name="Path">The file.</param>
/// <param name="Line">The line in the new file, or where it would stand; null for the file as a whole.</param>
/// <param name="Text">What, in a sentence's words; may hold words of the file.</param>
internal sealed record ChangeReason(string Path, int? Line, string Text)
{
    public override string ToString() => Line is null ? $"{Path}: {Text}" : FormattableString.Invariant($"{Path}:{Line}: {Text}");
}

/// <summary>What was found about a change.</summary>
/// <param name="Kind">Whether it is minor.</param>
/// <param name="Reasons">Why it is major; empty otherwise.</param>
/// <param name="Remarks">What whoever keeps the package should know, for example that its expression cannot be read.</param>
internal sealed record PackageChange(ChangeKind Kind, IReadOnlyList<ChangeReason> Reasons, IReadOnlyList<string> Remarks);
