using Caur.Pipelines.Reading;

namespace Caur.Grains.Sources;

/// <summary>Reads source repositories with git: one clone each, fetched anew for every reading; what was read of a file is remembered
/// until the next commit is read.</summary>
internal sealed class GitSourceReader(SourceClones clones) : ISourceReader
{
    public Task<SourceSnapshot> ReadAsync(string id, string url, string? commit, CancellationToken cancellationToken) =>
        clones.Of(id, url).ReadAsync(commit, cancellationToken);

    public Task<SourceSnapshot?> RememberedAsync(string id, string url, CancellationToken cancellationToken) =>
        clones.Of(id, url).RememberedAsync(cancellationToken);
}
