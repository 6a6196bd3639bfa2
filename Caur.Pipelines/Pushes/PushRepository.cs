using System.Globalization;
using System.Text;
using Caur.Pipelines.Changes;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Pushes;

/// <summary>git or the other side failed in a way that trying again may not mend.</summary>
/// <param name="message">What happened, without any secret.</param>
/// <param name="isUnavailable">Whether the other side could not be reached, so that later may be better.</param>
internal sealed class PushException(string message, bool isUnavailable = false) : Exception(message)
{
    public bool IsUnavailable => isUnavailable;
}

/// <summary>A bare clone from which commits are made and pushed. No work tree, no index: nothing of a repository ever lies about as files.</summary>
internal sealed class PushRepository(string folder, GitRemote remote, ProcessRunner processes)
{
    private const int LargestAnswer = 256 << 20;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public GitRemote Remote => remote;

    /// <summary>False once the other side has said that it knows no push options.</summary>
    public bool TakesOptions { get; private set; } = true;

    /// <summary>How the other side is asked to start no CI, where it does not take the way that was wanted.</summary>
    public CiSkip SkipFor(CiSkip wanted) => wanted == CiSkip.PushOption && !TakesOptions ? CiSkip.Marker : wanted;

    /// <summary>Makes the folder a clone if it is none yet.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(folder, "HEAD")))
        {
            Directory.CreateDirectory(folder);
            await RequireAsync(["init", "--quiet", "--bare", "--template=", "."], cancellationToken);
        }
    }

    /// <summary>What the other side has: branches and tags by their full names, with their commits.</summary>
    /// <exception cref="PushException">It cannot be listed.</exception>
    public async Task<IReadOnlyDictionary<string, string>> ListAsync(CancellationToken cancellationToken, params string[] patterns)
    {
        var result = await RunAsync(["ls-remote", "--refs", "--", remote.Url, .. patterns], cancellationToken);
        if (!result.Succeeded)
        {
            throw Failed("cannot be listed", result);
        }

        return result.OutputText.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t', 2)).Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[1], parts => parts[0], StringComparer.Ordinal);
    }

    /// <summary>The other side's default branch, without <c>refs/heads/</c>; null when it names none.</summary>
    /// <exception cref="PushException">It cannot be listed.</exception>
    public async Task<string?> DefaultBranchAsync(CancellationToken cancellationToken)
    {
        var result = await RunAsync(["ls-remote", "--symref", "--", remote.Url, "HEAD"], cancellationToken);
        if (!result.Succeeded)
        {
            throw Failed("cannot be listed", result);
        }

        // ref: refs/heads/main TAB HEAD
        const string Start = "ref: refs/heads/";
        return result.OutputText.Split('\n').FirstOrDefault(line => line.StartsWith(Start, StringComparison.Ordinal)) is { } line ? line[Start.Length..].Split('\t')[0] : null;
    }

    /// <summary>The folders at the root of a commit with the ids of their trees.</summary>
    public async Task<IReadOnlyDictionary<string, string>> FoldersAsync(string commit, CancellationToken cancellationToken)
    {
        var result = await RequireAsync(["ls-tree", "-d", "-z", commit], cancellationToken);
        return result.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t', 2)).Where(parts => parts.Length == 2 && parts[0].StartsWith("040000 ", StringComparison.Ordinal))
            .ToDictionary(parts => parts[1], parts => parts[0].Split(' ')[2], StringComparer.Ordinal);
    }

    /// <summary>Fetches all history, where there is only its end, as in the clone of a CI job.</summary>
    /// <returns>False when there is all of it.</returns>
    public async Task<bool> DeepenAsync(string name, CancellationToken cancellationToken)
    {
        if ((await RequireAsync(["rev-parse", "--is-shallow-repository"], cancellationToken)).OutputText.Trim() != "true")
        {
            return false;
        }

        var result = await RunAsync(
            ["fetch", "--quiet", "--no-tags", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules", "--unshallow", "--", remote.Url, $"+{name}:refs/caur/{Guid.NewGuid():N}"],
            cancellationToken);
        return result.Succeeded ? true : throw Failed("cannot be fetched", result);
    }

    /// <summary>Fetches commits that are not there yet, by the names under which the other side has them.</summary>
    /// <exception cref="PushException">They cannot be fetched.</exception>
    public async Task FetchAsync(IEnumerable<string> refs, CancellationToken cancellationToken)
    {
        var result = await RunAsync(
            ["fetch", "--quiet", "--no-tags", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules", "--", remote.Url, .. refs.Select(name => $"+{name}:refs/caur/{Guid.NewGuid():N}")],
            cancellationToken);
        if (!result.Succeeded)
        {
            throw Failed("cannot be fetched", result);
        }
    }

    /// <summary>Whether a commit is there.</summary>
    public async Task<bool> HasAsync(string commit, CancellationToken cancellationToken) =>
        (await RunAsync(["cat-file", "-e", $"{commit}^{{commit}}"], cancellationToken)).Succeeded;

    /// <summary>Which of some commits or tags are not there.</summary>
    public async Task<IReadOnlySet<string>> MissingAsync(IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        // <id> SP <type> LF, or <id> SP missing LF
        var result = await RequireAsync(
            ["cat-file", "--batch-check=%(objectname) %(objecttype)"], cancellationToken, Encoding.ASCII.GetBytes(string.Concat(ids.Select(id => id + "\n"))));
        return result.OutputText.Split('\n').Where(line => line.EndsWith(" missing", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The id of what stands at a path in a commit; null when nothing does.</summary>
    public async Task<string?> IdAsync(string commit, string path, CancellationToken cancellationToken)
    {
        var result = await RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{commit}:{path}"], cancellationToken);
        return result.Succeeded ? result.OutputText.Trim() : null;
    }

    /// <summary>Where two histories part; null when they have nothing in common.</summary>
    public async Task<string?> MergeBaseAsync(string left, string right, CancellationToken cancellationToken)
    {
        var result = await RunAsync(["merge-base", left, right], cancellationToken);
        return result.Succeeded ? result.OutputText.Trim() : null;
    }

    /// <summary>The commits of a range, newest first.</summary>
    public async Task<IReadOnlyList<CommitFacts>> LogAsync(IReadOnlyList<string> range, CancellationToken cancellationToken)
    {
        var result = await RequireAsync(["log", "-z", "--no-show-signature", "--format=%H%x01%P%x01%ae%x01%ce%x01%s", "--max-count=1000", .. range, "--"], cancellationToken);
        return
        [
            .. result.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\x01'))
                .Where(parts => parts.Length == 5)
                .Select(parts => new CommitFacts(parts[0], parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries), parts[2], parts[3], parts[4])),
        ];
    }

    /// <summary>The newest commit up to another whose message has a line; null when there is none.</summary>
    /// <param name="head">Where it begins.</param>
    /// <param name="line">The line: letters, digits, blanks, colons and hyphens.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<string?> FindAsync(string head, string line, CancellationToken cancellationToken)
    {
        var result = await RequireAsync(["log", "--max-count=1", "--no-show-signature", "--format=%H", "--extended-regexp", $"--grep=^{line}$", head, "--"], cancellationToken);
        return result.OutputText.Trim() is { Length: > 0 } commit ? commit : null;
    }

    /// <summary>The files that differ between two commits.</summary>
    public async Task<IReadOnlyList<string>> DiffAsync(string old, string @new, CancellationToken cancellationToken)
    {
        var result = await RequireAsync(["diff-tree", "-r", "-z", "--name-only", "--no-renames", old, @new, "--"], cancellationToken);
        return result.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The files below a path of a commit.</summary>
    public async Task<FolderTree> ReadAsync(string commit, string path, CancellationToken cancellationToken)
    {
        if (await IdAsync(commit, path, cancellationToken) is not { } tree)
        {
            return FolderTree.Empty;
        }

        return await LoadAsync(await RunAsync(["ls-tree", "-r", "-z", tree], cancellationToken), cancellationToken);
    }

    /// <summary>Some files of a commit, by their paths from the root; those that it has.</summary>
    public async Task<FolderTree> FilesAsync(string commit, IEnumerable<string> paths, CancellationToken cancellationToken) =>
        await LoadAsync(await RequireAsync(["ls-tree", "-r", "-z", "--full-tree", commit, "--", .. paths], cancellationToken), cancellationToken);

    private async Task<FolderTree> LoadAsync(ProcessResult listed, CancellationToken cancellationToken)
    {
        var entries = listed.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => (Head: line[..line.IndexOf('\t', StringComparison.Ordinal)].Split(' '), Path: line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..])).ToList();
        var files = new Dictionary<string, FolderFile>(StringComparer.Ordinal);
        var blobs = entries.Where(entry => entry.Head[1] == "blob").Select(entry => entry.Head[2]).ToList();
        var result = await RequireAsync(["cat-file", "--batch"], cancellationToken, Encoding.ASCII.GetBytes(string.Concat(blobs.Select(blob => blob + "\n"))));
        var rest = result.Output;
        foreach (var (head, name) in entries)
        {
            if (head[1] != "blob")
            {
                files[name] = new FolderFile(FileKind.Submodule, Encoding.ASCII.GetBytes(head[2]));
                continue;
            }

            var line = rest.Span.IndexOf((byte)'\n');
            var length = int.Parse(Encoding.ASCII.GetString(rest.Span[..line]).Split(' ')[2], CultureInfo.InvariantCulture);
            files[name] = new FolderFile(head[0] switch { "100755" => FileKind.Executable, "120000" => FileKind.Link, _ => FileKind.File }, rest.Slice(line + 1, length).ToArray());
            rest = rest[(line + 1 + length + 1)..];
        }

        return new FolderTree(files);
    }

    /// <summary>Makes a commit.</summary>
    /// <returns>Its id, under which it is there until the next tidying.</returns>
    public async Task<string> CommitAsync(NewCommit commit, CancellationToken cancellationToken)
    {
        // A name of its own: whoever works beside us makes commits too.
        var name = $"refs/caur/{Guid.NewGuid():N}";
        await RequireAsync(["fast-import", "--quiet", "--force", "--date-format=raw"], cancellationToken, commit.Stream(name));
        return (await RequireAsync(["rev-parse", "--verify", "--end-of-options", name], cancellationToken)).OutputText.Trim();
    }

    /// <summary>Pushes all or nothing.</summary>
    public async Task<PushResult> PushAsync(IReadOnlyList<RefChange> changes, CiSkip skip, CancellationToken cancellationToken)
    {
        var result = await RunAsync(
            [
                "push", "--porcelain", "--no-verify", "--no-follow-tags",

                // The AUR takes one branch at a time and need not know what this means.
                .. changes.Count > 1 ? (string[])["--atomic"] : [],
                .. skip == CiSkip.PushOption ? (string[])["--push-option=ci.skip"] : [],
                .. changes.Where(change => change.Replaces is not null).Select(change => $"--force-with-lease={change.Name}:{change.Replaces}"),
                "--", remote.Url, .. changes.Select(change => $"{change.Commit}:{change.Name}"),
            ],
            cancellationToken);
        if (result.Succeeded)
        {
            return new PushResult(PushState.Done, "");
        }

        if (skip == CiSkip.PushOption && result.Error.Contains("does not support push options", StringComparison.Ordinal))
        {
            TakesOptions = false;
            return new PushResult(PushState.NoOptions, Explained(result));
        }

        // <flag> TAB <from>:<to> TAB <summary> (<reason>)
        var refused = result.OutputText.Split('\n').Where(line => line.StartsWith('!')).Select(line => line.Split('\t')).Where(parts => parts.Length >= 3).ToList();
        var words = Explained(result);

        // Two pushes at the same moment: the server says of the one that it cannot lock what the other has just moved.
        return refused.Exists(parts => IsRace(parts[2])) || (words.Contains("cannot lock ref", StringComparison.Ordinal) && words.Contains("but expected", StringComparison.Ordinal))
            ? new PushResult(PushState.Overtaken, words)
            : refused.Count > 0
                ? new PushResult(PushState.Refused, $"{string.Join("; ", refused.Select(parts => remote.Cleared($"{parts[1]} {parts[2]}")))}: {words}")
                : new PushResult(result.TimedOut || IsUnavailable(words) ? PushState.Unavailable : PushState.Refused, words);
    }

    /// <summary>Forgets the names under which commits were kept.</summary>
    public async Task TidyAsync(CancellationToken cancellationToken)
    {
        var names = await RunAsync(["for-each-ref", "--format=delete %(refname)", "refs/caur/"], cancellationToken);
        if (names.Succeeded && names.Output.Length > 0)
        {
            await RunAsync(["update-ref", "--stdin"], cancellationToken, names.Output);
        }
    }

    private static bool IsRace(string summary) =>
        summary.Contains("fetch first", StringComparison.Ordinal) || summary.Contains("non-fast-forward", StringComparison.Ordinal)
        || summary.Contains("stale info", StringComparison.Ordinal) || summary.Contains("cannot lock ref", StringComparison.Ordinal)
        || summary.Contains("incorrect old value", StringComparison.Ordinal) || summary.Contains("reference already exists", StringComparison.Ordinal)
        || summary.Contains("failed to update ref", StringComparison.Ordinal);

    private static bool IsUnavailable(string words) =>
        words.Contains("Could not resolve host", StringComparison.Ordinal) || words.Contains("Could not resolve hostname", StringComparison.Ordinal)
        || words.Contains("Failed to connect", StringComparison.Ordinal) || words.Contains("Connection refused", StringComparison.Ordinal)
        || words.Contains("Connection timed out", StringComparison.Ordinal) || words.Contains("Connection reset", StringComparison.Ordinal)
        || words.Contains("Connection closed", StringComparison.Ordinal) || words.Contains("hung up unexpectedly", StringComparison.Ordinal)
        || words.Contains("early EOF", StringComparison.Ordinal) || words.Contains("Network is unreachable", StringComparison.Ordinal)
        || words.Contains("No route to host", StringComparison.Ordinal) || words.Contains("RPC failed", StringComparison.Ordinal)
        || words.Contains("error: 5", StringComparison.Ordinal) || words.Contains("error: 429", StringComparison.Ordinal);

    private PushException Failed(string what, ProcessResult result)
    {
        var words = Explained(result);
        return new PushException($"{remote.Url} {what}: {words}", result.TimedOut || IsUnavailable(words));
    }

    /// <summary>What git said, and what it means where that does not show.</summary>
    private string Explained(ProcessResult result)
    {
        var words = remote.Cleared(Words(result));
        return words.Contains("could not read Username", StringComparison.Ordinal) || words.Contains("Authentication failed", StringComparison.Ordinal)
            || words.Contains("error: 403", StringComparison.Ordinal) || words.Contains("error: 401", StringComparison.Ordinal)
            ? $"it does not take the token, or wants one and there is none ({words})"
            : words;
    }

    private async Task<ProcessResult> RequireAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default)
    {
        var result = await RunAsync(arguments, cancellationToken, input);
        return result.Succeeded ? result : throw new PushException($"git {arguments[0]} failed: {remote.Cleared(Words(result))}");
    }

    private Task<ProcessResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default) =>
        processes.RunAsync(
            new ProcessRequest
            {
                FileName = "git",
                Arguments = arguments,
                WorkingFolder = folder,
                Environment = remote.Variables(),
                Input = input,
                MaxOutput = LargestAnswer,
                Timeout = Limit,
            },
            cancellationToken);

    private static string Words(ProcessResult result) => Git.GitRepository.Words(result);
}

/// <summary>What is known of a commit.</summary>
internal sealed record CommitFacts(string Id, IReadOnlyList<string> Parents, string AuthorEmail, string CommitterEmail, string Subject);

/// <summary>A branch or tag that shall stand elsewhere.</summary>
/// <param name="Name">In full: <c>refs/heads/main</c>.</param>
/// <param name="Commit">Where; empty to remove it.</param>
/// <param name="Replaces">Where it has to stand until then, empty for nowhere; null for a branch that may only go forward.</param>
internal sealed record RefChange(string Name, string Commit, string? Replaces);

/// <summary>How a push ended.</summary>
internal enum PushState
{
    /// <summary>All was taken.</summary>
    Done,

    /// <summary>Somebody else was there first; nothing was taken.</summary>
    Overtaken,

    /// <summary>The other side does not want it; nothing was taken.</summary>
    Refused,

    /// <summary>No answer: all or nothing was taken.</summary>
    Unavailable,

    /// <summary>The other side knows no push options; nothing was taken. It is not asked so again.</summary>
    NoOptions,
}

/// <summary>How a push ended.</summary>
/// <param name="State">How.</param>
/// <param name="Words">What git said, without secrets.</param>
internal sealed record PushResult(PushState State, string Words);
