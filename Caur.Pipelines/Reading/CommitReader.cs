using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Git;

namespace Caur.Pipelines.Reading;

/// <summary>Reads the package folders of one repository's commits. What was read of a file is kept by its object id until the next commit is
/// read, so that a commit costs what it changed, and an unchanged one next to nothing.</summary>
internal sealed class CommitReader(GitRepository git)
{
    private readonly BlobReader _blobs = new(git);
    private volatile Known _known = new();

    /// <summary>Reads the files themselves; for limits.</summary>
    internal BlobReader Blobs { init => _blobs = value; }

    /// <summary>How many files the last reading had to read, because they were new to it.</summary>
    internal int FilesRead { get; private set; }

    /// <summary>Reads a commit.</summary>
    /// <param name="commit">The commit, in full.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">The repository is damaged.</exception>
    public async Task<SourceSnapshot> ReadAsync(string commit, CancellationToken cancellationToken)
    {
        var known = _known;
        if (known.Snapshot is { } last && last.Commit == commit)
        {
            FilesRead = 0;
            return last;
        }

        var tree = (await git.RequireAsync(["rev-parse", "--verify", "--end-of-options", $"{commit}^{{tree}}"], cancellationToken)).OutputText.Trim();
        if (known.Tree == tree)
        {
            FilesRead = 0;
            return known.Snapshot! with { Commit = commit };
        }

        var listing = await ListAsync(commit, cancellationToken);
        var next = new Known();
        FilesRead = await ReadFilesAsync(listing.Folders.Values.Append(listing.Settings), known, next, cancellationToken);
        var snapshot = Judge(commit, listing, listing.Folders, next);
        _known = next with { Tree = tree, Snapshot = snapshot };
        return snapshot;
    }

    /// <summary>Reads some folders of a commit, for whoever reads once; of the others only the names are known then.</summary>
    /// <param name="commit">The commit, in full.</param>
    /// <param name="wanted">Given all names, says which are to be read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<SourceSnapshot> ReadSomeAsync(
        string commit, Func<IReadOnlyCollection<string>, IEnumerable<string>> wanted, CancellationToken cancellationToken)
    {
        var listing = await ListAsync(commit, cancellationToken);
        var names = listing.Folders.Keys.ToHashSet(StringComparer.Ordinal);
        var some = wanted(names).Where(names.Contains).Distinct(StringComparer.Ordinal)
            .ToDictionary(name => name, name => listing.Folders[name], StringComparer.Ordinal);
        var read = new Known();
        FilesRead = await ReadFilesAsync(some.Values.Append(listing.Settings), _known, read, cancellationToken);
        return Judge(commit, listing, some, read) with { Names = names };
    }

    private static SourceSnapshot Judge(string commit, Listing listing, Dictionary<string, FolderFiles> folders, Known read)
    {
        var packages = new Dictionary<string, PackageFolder>(folders.Count, StringComparer.Ordinal);
        foreach (var (name, files) in folders)
        {
            packages[name] = PackageFolder.Of(
                name,
                files.Pkgbuild is { Kind: TreeFileKind.Plain } pkgbuild ? read.Pkgbuilds[pkgbuild.Blob] : PkgbuildFile.NoFile,
                files.Srcinfo is not { } srcinfo ? SrcinfoFile.Missing
                    : srcinfo.Kind == TreeFileKind.Plain ? read.Srcinfos[srcinfo.Blob] : SrcinfoFile.NoFile,
                ConfigOf(files, read),
                files.Alter);
        }

        return new SourceSnapshot(commit, packages) { Config = ConfigOf(listing.Settings, read), NotFollowed = listing.NotFollowed };
    }

    private static ConfigFile ConfigOf(FolderFiles files, Known known) =>
        files.Config is not { } config ? ConfigFile.Missing : config.Kind == TreeFileKind.Plain ? known.Configs[config.Blob] : ConfigFile.NoFile;

    private async Task<Listing> ListAsync(string commit, CancellationToken cancellationToken)
    {
        var folders = new Dictionary<string, FolderFiles>(StringComparer.Ordinal);
        var settings = new FolderFiles();
        var notFollowed = new List<string>();
        await TreeFile.ListAsync(
            git,
            commit,
            (folder, path, kind, oid) =>
            {
                if (folder.IsEmpty)
                {
                    if (kind != TreeFileKind.Plain && path[0] != '.')
                    {
                        notFollowed.Add(GitText.Clean(Encoding.UTF8.GetString(path)));
                    }
                }
                else if (folder[0] != '.')
                {
                    if (FolderFiles.IsRead(path))
                    {
                        var name = Encoding.UTF8.GetString(folder);
                        if (!folders.TryGetValue(name, out var files))
                        {
                            folders[name] = files = new FolderFiles();
                        }

                        files.Add(path, TreeFile.Of(kind, oid));
                    }
                }
                else if (folder.SequenceEqual(".ci"u8) && path.SequenceEqual("config"u8))
                {
                    settings.Config = TreeFile.Of(kind, oid);
                }
            },
            cancellationToken);

        foreach (var name in folders.Where(folder => folder.Value.Pkgbuild is null).Select(folder => folder.Key).ToList())
        {
            folders.Remove(name);
        }

        return new Listing(folders, settings, notFollowed);
    }

    /// <summary>Takes over what is known, and reads the rest.</summary>
    /// <returns>How many were read.</returns>
    private async Task<int> ReadFilesAsync(IEnumerable<FolderFiles> folders, Known known, Known next, CancellationToken cancellationToken)
    {
        var (pkgbuilds, srcinfos, configs) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var files in folders)
        {
            TakeOver(files.Pkgbuild, known.Pkgbuilds, next.Pkgbuilds, pkgbuilds);
            TakeOver(files.Srcinfo, known.Srcinfos, next.Srcinfos, srcinfos);
            TakeOver(files.Config, known.Configs, next.Configs, configs);
        }

        // In one call, for which git starts once; which kind a file is, is known by its id.
        var all = new HashSet<string>([.. pkgbuilds, .. srcinfos, .. configs], StringComparer.Ordinal);
        if (all.Count == 0)
        {
            return 0;
        }

        await _blobs.ReadAsync(
            all,
            Srcinfo.MaxSize,
            (blob, content) =>
            {
                if (pkgbuilds.Contains(blob))
                {
                    next.Pkgbuilds[blob] = content is { Length: <= PkgbuildFile.MaxSize } text ? PkgbuildFile.Read(text.Span) : PkgbuildFile.TooLarge;
                }

                if (srcinfos.Contains(blob))
                {
                    next.Srcinfos[blob] = content is { } text ? SrcinfoFile.Read(Encoding.UTF8.GetString(text.Span)) : SrcinfoFile.TooLarge;
                }

                if (configs.Contains(blob))
                {
                    next.Configs[blob] = content is { } text ? ConfigFile.Read(text.Span) : ConfigFile.TooLarge;
                }
            },
            cancellationToken);
        return all.Count;
    }

    private static void TakeOver<T>(TreeFile? file, Dictionary<string, T> known, Dictionary<string, T> next, HashSet<string> unknown)
    {
        if (file is not { Kind: TreeFileKind.Plain, Blob: var blob })
        {
            return;
        }

        if (known.TryGetValue(blob, out var value))
        {
            next[blob] = value;
        }
        else
        {
            unknown.Add(blob);
        }
    }

    /// <summary>Which files a commit has.</summary>
    private sealed record Listing(Dictionary<string, FolderFiles> Folders, FolderFiles Settings, IReadOnlyList<string> NotFollowed);

    /// <summary>What was read of the last commit.</summary>
    private sealed record Known
    {
        public string? Tree { get; init; }

        public SourceSnapshot? Snapshot { get; init; }

        public Dictionary<string, PkgbuildFile> Pkgbuilds { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, SrcinfoFile> Srcinfos { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, ConfigFile> Configs { get; } = new(StringComparer.Ordinal);
    }
}
