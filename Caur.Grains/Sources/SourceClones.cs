using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Storage.Files;
using Caur.Storage.Processes;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Sources;

/// <summary>The hub's clones, one for each source repository, whoever reads it.</summary>
internal sealed class SourceClones(DataFolders folders, ProcessRunner processes, IOptions<FarmOptions> farm) : IDisposable
{
    /// <summary>Forges take any name with a token; this one all of them know.</summary>
    private const string TokenUser = "oauth2";

    private readonly ConcurrentDictionary<(string Id, string Url), KeptClone> _clones = [];

    /// <summary>Whether an address is a folder of this machine.</summary>
    public static bool IsLocal(string url) => url.StartsWith('/') || url.StartsWith('.') || url.StartsWith("file://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The clone of a source repository; nothing is fetched yet.</summary>
    public KeptClone Of(string id, string url) => _clones.GetOrAdd(
        (Names.Check(id, "source repository id"), url), key => new KeptClone(key.Id, WithToken(key.Id, key.Url), folders.Sources, processes));

    public void Dispose()
    {
        foreach (var clone in _clones.Values)
        {
            clone.Dispose();
        }
    }

    /// <summary>An address with the repository's token in it, for git alone: what builders are told has none.</summary>
    private string WithToken(string id, string url) =>
        farm.Value.SourceRepositories.GetValueOrDefault(id)?.Token is { } token
        && Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new UriBuilder(uri)
            {
                UserName = uri.UserInfo.Split(':')[0] is { Length: > 0 } user ? user : TokenUser,
                Password = Uri.EscapeDataString(token),
            }.Uri.AbsoluteUri
            : url;
}

/// <summary>One clone.</summary>
internal sealed class KeptClone : IDisposable
{
    private const string LocalName = "its folder on the hub";

    private readonly string _id;
    private readonly string _url;
    private readonly string _folder;

    /// <summary>Two that fetch at once would be in each other's way.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);

    private volatile string? _commit;

    public KeptClone(string id, string url, string folder, ProcessRunner processes)
    {
        (_id, _url, _folder) = (id, url, folder);
        Clone = new SourceClone(id, Path.Combine(folder, $"{id}.git"), url, processes);
        Reader = new CommitReader(Clone.Git);
        Remote = GitRemote.Parse(url);
    }

    public SourceClone Clone { get; }

    /// <summary>Reads it, and remembers.</summary>
    public CommitReader Reader { get; }

    /// <summary>Where it comes from.</summary>
    public GitRemote Remote { get; }

    /// <summary>The commit that was read last, since the hub started; null when none was.</summary>
    public string? Commit => _commit;

    /// <summary>Fetches, and reads a commit.</summary>
    /// <param name="commit">A commit, branch or tag; null for the newest commit of the default branch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">It cannot be had.</exception>
    public Task<SourceSnapshot> ReadAsync(string? commit, CancellationToken cancellationToken) => TellingAsync(async () =>
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            using var others = await LockAsync(cancellationToken);
            var head = await Clone.FetchAsync(cancellationToken);
            var resolved = await Clone.ResolveAsync(commit, head, cancellationToken);
            var snapshot = await Reader.ReadAsync(resolved, cancellationToken);
            _commit = resolved;
            if (Reader.FilesRead > 0)
            {
                await Clone.Git.TidyAsync(cancellationToken);
            }

            return snapshot;
        }
        finally
        {
            _turn.Release();
        }
    });

    /// <summary>Asks for the newest commit of the default branch, and fetches nothing; null when there is none.</summary>
    /// <exception cref="SourceUnavailableException">It does not answer.</exception>
    public Task<string?> LookAsync(CancellationToken cancellationToken) => TellingAsync(async () =>
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            using var others = await LockAsync(cancellationToken);
            return await Clone.LookAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    });

    /// <summary>The commit that was read last, as it was read; null when none was.</summary>
    public async Task<SourceSnapshot?> RememberedAsync(CancellationToken cancellationToken) =>
        _commit is { } commit ? await TellingAsync(() => Reader.ReadAsync(commit, cancellationToken)) : null;

    public void Dispose() => _turn.Dispose();

    /// <summary>A text without the folders of this machine, which are nothing to whoever orders builds.</summary>
    public string WithoutPaths(string text)
    {
        var folder = _url.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? _url["file://".Length..] : _url;
        if (folder.StartsWith('/') || folder.StartsWith('.'))
        {
            text = Whole(folder).Replace(Whole(_url).Replace(text, LocalName), LocalName);
        }

        return text.Replace(Path.Combine(_folder, $"{_id}.git"), "the hub's clone", StringComparison.Ordinal)
            .Replace(_folder, "the hub's clones", StringComparison.Ordinal);
    }

    /// <summary>Keeps other processes with the same data folder away from the clone.</summary>
    private async Task<FileMutex> LockAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(_folder);
            return await FileMutex.TakePatientlyAsync(
                Path.Combine(_folder, $"{_id}.git.lock"), TimeProvider.System, waits: null, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SourceUnavailableException(error.Message);
        }
    }

    private async Task<T> TellingAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (SourceUnavailableException unavailable) when (WithoutPaths(unavailable.Message) is var said && said != unavailable.Message)
        {
            throw new SourceUnavailableException(said, unavailable.Message);
        }
        catch (ProgramNotFoundException missing)
        {
            throw new SourceUnavailableException($"{missing.FileName} is not installed on the hub, which needs it to read {_id}");
        }
    }

    /// <summary>A path where it stands for itself, and not where it is a part of another word: <c>.</c> and <c>/</c> are paths too.</summary>
    private static Regex Whole(string path) => path.Any(char.IsLetterOrDigit)
        ? new Regex($@"(?<![\w.~-]){Regex.Escape(path)}(?![\w~-])", RegexOptions.CultureInvariant)
        : new Regex($@"(?<![^\s'""`(]){Regex.Escape(path)}(?![^\s'""`),:;])", RegexOptions.CultureInvariant);
}
