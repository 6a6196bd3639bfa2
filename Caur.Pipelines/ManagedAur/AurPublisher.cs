using Caur.Pacman;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Pushes;
using Caur.Storage.Processes;

namespace Caur.Pipelines.ManagedAur;

/// <summary>What became of a package's push to the AUR.</summary>
internal enum AurState
{
    /// <summary>The AUR has it now.</summary>
    Pushed,

    /// <summary>The AUR had it already.</summary>
    Unchanged,

    /// <summary>The package is not managed, or the repository manages none.</summary>
    NotManaged,

    /// <summary>The package cannot be pushed as it is, or the AUR does not want it or us.</summary>
    Refused,

    /// <summary>The AUR cannot be reached; the next run tries again.</summary>
    Unavailable,
}

/// <summary>What became of a package's push to the AUR.</summary>
/// <param name="Pkgbase">The package.</param>
/// <param name="State">What became of it.</param>
/// <param name="Words">What to tell, without secrets.</param>
/// <param name="Commit">The AUR's newest commit; null when it is not known.</param>
internal sealed record AurOutcome(string Pkgbase, AurState State, string Words, string? Commit = null);

/// <summary>
/// Pushes managed packages to the AUR over SSH. The key lies in a file of this user's alone for as long as this object lives; the server has to
/// have a known key. Once the AUR cannot be reached, the rest of the run does not wait for it again.
/// </summary>
internal sealed class AurPublisher : IAsyncDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Branch = "refs/heads/master";

    private readonly AurOptions _options;
    private readonly ProcessRunner _processes;
    private readonly TimeProvider _time;
    private readonly string _clones;
    private readonly DirectoryInfo _secrets;
    private readonly string? _problem;
    private string? _unreachable;

    /// <param name="key">The text of <c>AUR_KEY</c>.</param>
    /// <param name="clones">The folder of the clones, one for each package.</param>
    /// <param name="options">Where and as whom.</param>
    /// <param name="processes">Runs git.</param>
    /// <param name="time">For commits and pauses.</param>
    public AurPublisher(string? key, string clones, AurOptions options, ProcessRunner processes, TimeProvider time)
    {
        (_clones, _options, _processes, _time) = (clones, options, processes, time);

        // Nobody else may enter it.
        _secrets = Directory.CreateTempSubdirectory("caur-aur-");
        if (AurKey.Read(key, out _problem) is { } text)
        {
            WritePrivate(KeyFile, text);
        }

        WritePrivate(KnownHostsFile, options.KnownHosts.Trim() + "\n");
    }

    private string KeyFile => Path.Combine(_secrets.FullName, "key");

    private string KnownHostsFile => Path.Combine(_secrets.FullName, "known_hosts");

    /// <summary>Whether a package is managed: the repository's <c>.ci/config</c> and the package's <c>.CI/config</c> both say so.</summary>
    public static bool IsManaged(CiConfig repository, CiConfig package) => repository.IsTrue("CI_MANAGE_AUR") && package.IsTrue("CI_MANAGE_AUR");

    /// <summary>Has the AUR have a package as it is here. Packages can be pushed beside each other; one of them is to be pushed once at a time.</summary>
    public async Task<AurOutcome> PushAsync(string pkgbase, FolderTree folder, CancellationToken cancellationToken)
    {
        if (!PackageName.IsValid(pkgbase))
        {
            return new AurOutcome(pkgbase, AurState.Refused, $"'{pkgbase}' is no name of a package");
        }

        if (_problem is not null)
        {
            return new AurOutcome(pkgbase, AurState.Refused, _problem);
        }

        if (AurFiles.Of(pkgbase, folder, out var problem) is not { } files)
        {
            return new AurOutcome(pkgbase, AurState.Refused, problem!);
        }

        for (var tried = 1; ; tried++)
        {
            if (Volatile.Read(ref _unreachable) is { } known)
            {
                return new AurOutcome(pkgbase, AurState.Unavailable, $"the AUR could not be reached before: {known}");
            }

            var outcome = await TryAsync(pkgbase, files, cancellationToken);
            if (outcome.State != AurState.Unavailable)
            {
                return outcome;
            }

            if (tried >= _options.Tries)
            {
                Volatile.Write(ref _unreachable, outcome.Words);
                return outcome;
            }

            await Task.Delay(_options.Pause, _time, cancellationToken);
        }
    }

    public ValueTask DisposeAsync()
    {
        _secrets.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<AurOutcome> TryAsync(string pkgbase, FolderTree files, CancellationToken cancellationToken)
    {
        const int Races = 3;
        try
        {
            var remote = GitRemote.Of($"{_options.Address.TrimEnd('/')}/{pkgbase}.git", ssh: new SshLogin(KeyFile, KnownHostsFile));
            var repository = new PushRepository(Path.Combine(_clones, $"{pkgbase}.git"), remote, _processes);
            await repository.EnsureAsync(cancellationToken);
            for (var tried = 1; ; tried++)
            {
                var outcome = await PushOnceAsync(repository, pkgbase, files, cancellationToken);
                if (outcome is not null || tried == Races)
                {
                    await repository.TidyAsync(cancellationToken);
                    return outcome ?? new AurOutcome(pkgbase, AurState.Unavailable, "somebody else pushed to it each time");
                }
            }
        }
        catch (PushException failure)
        {
            return new AurOutcome(pkgbase, failure.IsUnavailable ? AurState.Unavailable : AurState.Refused, Explained(failure.Message));
        }
    }

    /// <summary>Null when somebody else was there first.</summary>
    private async Task<AurOutcome?> PushOnceAsync(PushRepository repository, string pkgbase, FolderTree files, CancellationToken cancellationToken)
    {
        var head = (await repository.ListAsync(cancellationToken, Branch)).GetValueOrDefault(Branch);
        if (head is not null && !await repository.HasAsync(head, cancellationToken))
        {
            await repository.FetchAsync([Branch], cancellationToken);
        }

        var there = head is null ? FolderTree.Empty : await repository.ReadAsync(head, "", cancellationToken);

        // What git itself reads is the AUR's own, as the original has it.
        var changes = there.Files.Keys.Where(path => !path.StartsWith(".git", StringComparison.Ordinal)).Union(files.Files.Keys, StringComparer.Ordinal)
            .Where(path => there[path] is not { } was || files[path] is not { } now || !was.Equals(now))
            .Select(path => KeyValuePair.Create(path, files[path])).ToList();
        if (changes.Count == 0)
        {
            return new AurOutcome(pkgbase, AurState.Unchanged, "the AUR has it as it is here", head);
        }

        var commit = await repository.CommitAsync(
            new NewCommit
            {
                Parent = head,
                Identity = _options.Identity,
                Time = _time.GetUtcNow(),
                Message = AurMessage.Of(pkgbase, _options.CommitsPage, _options.RunPage),
                Changes = changes,
            },
            cancellationToken);
        var result = await repository.PushAsync([new RefChange(Branch, commit, null)], CiSkip.No, cancellationToken);
        return result.State switch
        {
            PushState.Done => new AurOutcome(pkgbase, AurState.Pushed, "pushed to the AUR", commit),
            PushState.Overtaken => null,
            PushState.Refused => new AurOutcome(pkgbase, AurState.Refused, Explained(result.Words), head),

            // It may have arrived: the next try looks first.
            _ => new AurOutcome(pkgbase, AurState.Unavailable, Explained(result.Words)),
        };
    }

    private string Explained(string words) =>
        words.Contains("Host key verification failed", StringComparison.Ordinal) ? $"the server at {_options.Address} has none of the keys that are known for it: {words}"
        : words.Contains("Permission denied", StringComparison.Ordinal) ? $"the AUR does not take the key of AUR_KEY, or not for this package: {words}"
        : words;

    private static void WritePrivate(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private });
        using var writer = new StreamWriter(file);
        writer.Write(text);
    }
}
