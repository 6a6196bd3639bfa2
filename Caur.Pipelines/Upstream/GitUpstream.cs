using System.Globalization;
using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Upstream;

/// <summary>A package as it is upstream.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Files">All its files.</param>
internal sealed record UpstreamPackage(string Commit, FileTree Files);

/// <summary>What of somebody's repository is taken.</summary>
internal sealed record UpstreamLimits
{
    /// <summary>The files of a package. Default: 2,000.</summary>
    public int MaxFiles { get; init; } = 2000;

    /// <summary>The size of one file in bytes. Default: 16 MiB.</summary>
    public long MaxFileBytes { get; init; } = 16 << 20;

    /// <summary>The size of all files in bytes. Default: 64 MiB.</summary>
    public long MaxBytes { get; init; } = 64 << 20;
}

/// <summary>Reads the newest commit of other people's git repositories, whole, into memory. Nothing of it is checked out or run.</summary>
/// <param name="folder">Where clones lie while they are read; each goes afterwards.</param>
/// <param name="git">Runs it.</param>
/// <param name="pacer">Keeps it polite.</param>
/// <param name="options">How polite.</param>
/// <param name="limits">What is taken.</param>
internal sealed class GitUpstream(string folder, GitCommand git, HostPacer pacer, PoliteOptions options, UpstreamLimits limits)
{
    private readonly TwoTries _tries = new(pacer, options);

    /// <summary>Clones the newest commit.</summary>
    /// <param name="url">An address that <see cref="GitUrlRules"/> allows.</param>
    /// <param name="branch">The branch; null for the default one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<Answer<UpstreamPackage>> CloneAsync(string url, string? branch, CancellationToken cancellationToken) =>
        _tries.RunAsync(GitUrlRules.HostOf(url), "clone", token => TryAsync(url, branch, token), cancellationToken);

    /// <summary>The newest commit, without anything of it.</summary>
    /// <param name="url">An address that <see cref="GitUrlRules"/> allows.</param>
    /// <param name="reference">The whole name of what is asked for: <c>HEAD</c> or <c>refs/heads/NAME</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<Answer<string>> NewestAsync(string url, string reference, CancellationToken cancellationToken) =>
        _tries.RunAsync(
            GitUrlRules.HostOf(url),
            "git ls-remote",
            async token =>
            {
                Directory.CreateDirectory(folder);
                var listed = await git.RunAsync(folder, url, ["ls-remote", "--", url, reference], token);
                if (!listed.Succeeded)
                {
                    return Attempt<string>.Failed(GitCommand.Words(listed), GitCommand.IsOfHost(listed));
                }

                // <oid> TAB <name>; a pattern matches at the end of names, so that refs/heads/x also lists refs/remotes/a/refs/heads/x.
                foreach (var line in listed.OutputText.Split('\n'))
                {
                    if (line.Split('\t') is [var oid, var name] && name == reference && IsObjectId(oid))
                    {
                        return Attempt<string>.Of(oid);
                    }
                }

                return Attempt<string>.Refused($"{Shown.Short(url)} has no {Shown.Short(reference, 80)}");
            },
            cancellationToken);

    internal static bool IsObjectId(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    private async Task<Attempt<UpstreamPackage>> TryAsync(string url, string? branch, CancellationToken cancellationToken)
    {
        var clone = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName())).FullName;
        try
        {
            string[] which = branch is null ? [] : [$"--branch={branch}"];
            var cloned = await git.RunAsync(
                folder,
                url,
                ["clone", "--quiet", "--bare", "--depth=1", "--single-branch", "--no-tags", "--template=", .. which, "--", url, clone],
                cancellationToken);
            return cloned.Succeeded
                ? await ReadAsync(clone, cancellationToken)
                : Attempt<UpstreamPackage>.Failed(
                    GitCommand.Words(cloned).Replace(clone, "the clone", StringComparison.Ordinal), GitCommand.IsOfHost(cloned));
        }
        finally
        {
            Directory.Delete(clone, recursive: true);
        }
    }

    private async Task<Attempt<UpstreamPackage>> ReadAsync(string clone, CancellationToken cancellationToken)
    {
        var head = await git.RunAsync(clone, null, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], cancellationToken);
        if (!head.Succeeded)
        {
            return Attempt<UpstreamPackage>.Refused("it has no commit yet");
        }

        var commit = head.OutputText.Trim();
        var listed = await git.RunAsync(clone, null, ["ls-tree", "-r", "-l", "-z", commit], cancellationToken);
        if (!listed.Succeeded)
        {
            return Attempt<UpstreamPackage>.Failed(GitCommand.Words(listed));
        }

        if (Select(listed.OutputText, out var entries) is { } fault)
        {
            return Attempt<UpstreamPackage>.Refused(fault);
        }

        var blobs = await git.RunAsync(
            clone, null, ["cat-file", "--batch"], cancellationToken, BatchOutput.Request(entries.Select(entry => entry.Oid)));
        if (!blobs.Succeeded)
        {
            return Attempt<UpstreamPackage>.Failed(GitCommand.Words(blobs));
        }

        return Unpack(commit, entries, blobs.Output);
    }

    /// <summary>The files of a tree, or why it is refused.</summary>
    private string? Select(string listing, out List<Entry> entries)
    {
        entries = [];
        var total = 0L;
        foreach (var line in listing.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            // <mode> SP <type> SP <oid> SP <size, padded> TAB <path>
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var path = line[(tab + 1)..];
            if (line[..tab].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var mode, "blob", var oid, var size])
            {
                return $"it holds a submodule: {Shown.Short(path, 80)}";
            }

            var bytes = long.Parse(size, CultureInfo.InvariantCulture);
            total += bytes;
            if (bytes > limits.MaxFileBytes || total > limits.MaxBytes || entries.Count == limits.MaxFiles)
            {
                return entries.Count == limits.MaxFiles
                    ? string.Create(CultureInfo.InvariantCulture, $"it holds more than {limits.MaxFiles} files")
                    : string.Create(CultureInfo.InvariantCulture, $"it is too large: {Shown.Short(path, 80)} has {bytes} bytes, {total} with what stands before it");
            }

            if (!FileTree.IsSafe(path))
            {
                return $"it holds a file of an unsafe name: {Shown.Short(path, 80)}";
            }

            entries.Add(new Entry(path, oid, mode switch { "100755" => TreeFileKind.Executable, "120000" => TreeFileKind.Link, _ => TreeFileKind.Plain }));
        }

        return null;
    }

    private static Attempt<UpstreamPackage> Unpack(string commit, List<Entry> entries, ReadOnlyMemory<byte> output)
    {
        var files = new List<KeyValuePair<string, TreeFile>>(entries.Count);
        foreach (var entry in entries)
        {
            if (BatchOutput.Next(ref output) is not { } bytes)
            {
                return Attempt<UpstreamPackage>.Failed($"git does not give {Shown.Short(entry.Path, 80)}");
            }

            var file = new TreeFile(entry.Kind, bytes);
            if (FileTree.Fault(entry.Path, file) is { } fault)
            {
                return Attempt<UpstreamPackage>.Refused(fault);
            }

            files.Add(new(entry.Path, file));
        }

        return Attempt<UpstreamPackage>.Of(new UpstreamPackage(commit, FileTree.Of(files)));
    }

    private readonly record struct Entry(string Path, string Oid, TreeFileKind Kind);
}
