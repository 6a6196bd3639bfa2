using System.Collections.Immutable;
using Caur.Pipelines.Commits;

namespace Caur.Pipelines.Manual;

/// <summary>What somebody's own run on a source repository goes by.</summary>
internal sealed record ManualOptions
{
    /// <summary>The branch; null for the other side's default one.</summary>
    public string? Branch { get; init; }

    /// <summary>The tag that marks up to where everything was handed over.</summary>
    public string Tag { get; init; } = OnCommitOptions.DefaultTag;

    /// <summary>For which architectures; at least one.</summary>
    public ImmutableArray<string> Architectures { get; init; } = ["x86_64"];

    /// <summary>Only say what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>The id of the CI pipeline; null for none.</summary>
    public string? Pipeline { get; init; }

    /// <summary>What is the same when a job is repeated because it was ended; null for a run that nobody repeats.</summary>
    public string? RunId { get; init; }

    /// <summary>The web page of the CI job; null for none.</summary>
    public string? Page { get; init; }

    /// <summary>Names that somebody probably meant; null for no such help.</summary>
    public Func<string, IEnumerable<string>, IReadOnlyList<string>>? Nearest { get; init; }
}
