using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;

namespace Caur.Grains.Sources;

/// <summary>Reads source repositories. Runs off the turn.</summary>
internal interface ISourceReader
{
    /// <summary>Fetches a source repository and reads its package folders at a commit.</summary>
    /// <param name="id">The repository's id, which is also the name of its clone.</param>
    /// <param name="url">Where git fetches it from.</param>
    /// <param name="commit">A commit, branch or tag; null for the newest commit of the default branch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">Repository or commit cannot be had; the message says what to do.</exception>
    Task<SourceSnapshot> ReadAsync(string id, string url, string? commit, CancellationToken cancellationToken);

    /// <summary>The reading before this one, without fetching anything; null when there was none since the hub started.</summary>
    /// <param name="id">The repository's id.</param>
    /// <param name="url">Where git fetches it from.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">The clone is damaged.</exception>
    Task<SourceSnapshot?> RememberedAsync(string id, string url, CancellationToken cancellationToken);
}
