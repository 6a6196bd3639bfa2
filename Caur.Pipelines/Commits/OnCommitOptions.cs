using System.Collections.Immutable;

namespace Caur.Pipelines.Commits;

/// <summary>What a run of the on-commit pipeline is to do.</summary>
internal sealed record OnCommitOptions
{
    /// <summary>The manual's name for the tag.</summary>
    public const string DefaultTag = "scheduled";

    /// <summary>The commit to handle, in any form that git takes.</summary>
    public string Commit { get; init; } = "HEAD";

    /// <summary>The branch whose commits are handled; null for the other side's default one.</summary>
    public string? Branch { get; init; }

    /// <summary>The tag that marks up to where everything was handed over.</summary>
    public string Tag { get; init; } = DefaultTag;

    /// <summary>For which architectures; at least one.</summary>
    public ImmutableArray<string> Architectures { get; init; } = ["x86_64"];

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>Remove also when more than a fifth of a repository's packages goes.</summary>
    public bool Force { get; init; }

    /// <summary>The id of the CI pipeline; null for none.</summary>
    public string? Pipeline { get; init; }

    /// <summary>The web page of the CI job; null for none.</summary>
    public string? Page { get; init; }

    /// <summary>Names that somebody probably meant; null for no such help.</summary>
    public Func<string, IEnumerable<string>, IReadOnlyList<string>>? Nearest { get; init; }
}
