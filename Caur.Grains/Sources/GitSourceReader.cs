using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Caur.Contracts.Ids;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Storage.Files;
using Caur.Storage.Processes;

namespace Caur.Grains.Sources;

/// <summary>Reads source repositories with git: one clone each, fetched anew for every reading; what was read of a file is remembered
/// until the next commit is read.</summary>
internal sealed class GitSourceReader(DataFolders folders, ProcessRunner processes) : ISourceReader
{
    private const string LocalName = "its folder on the hub";

    private readonly ConcurrentDictionary<(string Id, string Url), (SourceClone Clone, CommitReader Reader)> _clones = [];

    public async Task<SourceSnapshot> ReadAsync(string id, string url, string? commit, CancellationToken cancellationToken)
    {
        Names.Check(id, "source repository id");
        try
        {
            var (clone, reader) = _clones.GetOrAdd((id, url), _ =>
            {
                var made = new SourceClone(id, Path.Combine(folders.Sources, $"{id}.git"), url, processes);
                return (made, new CommitReader(made.Git));
            });
            var head = await clone.FetchAsync(cancellationToken);
            var resolved = await clone.ResolveAsync(commit, head, cancellationToken);
            var snapshot = await reader.ReadAsync(resolved, cancellationToken);
            if (reader.FilesRead > 0)
            {
                await clone.Git.TidyAsync(cancellationToken);
            }

            return snapshot;
        }
        catch (SourceUnavailableException unavailable) when (WithoutPaths(unavailable.Message, id, url) is var said && said != unavailable.Message)
        {
            throw new SourceUnavailableException(said, unavailable.Message);
        }
        catch (ProgramNotFoundException missing)
        {
            throw new SourceUnavailableException($"{missing.FileName} is not installed on the hub, which needs it to read {id}");
        }
    }

    /// <summary>A text without the folders of this machine, which are nothing to whoever orders builds.</summary>
    private string WithoutPaths(string text, string id, string url)
    {
        var folder = url.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? url["file://".Length..] : url;
        if (folder.StartsWith('/') || folder.StartsWith('.'))
        {
            text = Whole(folder).Replace(Whole(url).Replace(text, LocalName), LocalName);
        }

        return text.Replace(Path.Combine(folders.Sources, $"{id}.git"), "the hub's clone", StringComparison.Ordinal)
            .Replace(folders.Sources, "the hub's clones", StringComparison.Ordinal);
    }

    /// <summary>A path where it stands for itself, and not where it is a part of another word: <c>.</c> and <c>/</c> are paths too.</summary>
    private static Regex Whole(string path) => path.Any(char.IsLetterOrDigit)
        ? new Regex($@"(?<![\w.~-]){Regex.Escape(path)}(?![\w~-])", RegexOptions.CultureInvariant)
        : new Regex($@"(?<![^\s'""`(]){Regex.Escape(path)}(?![^\s'""`),:;])", RegexOptions.CultureInvariant);
}
