using System.Collections.Concurrent;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Git;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Upstream;
using Files = Caur.Pipelines.Upstream.TreeFile;
using FilesKind = Caur.Pipelines.Upstream.TreeFileKind;

namespace Caur.Pipelines.Schedules;

/// <summary>The package folders of one commit, read when somebody asks for one, and only once.</summary>
internal sealed class GitFolders(PushRepository repository, string commit) : IPackageFolders
{
    private readonly ConcurrentDictionary<string, FolderTree> _read = new(StringComparer.Ordinal);

    /// <exception cref="SourceUnavailableException">The folder holds what cannot be taken along when it changes.</exception>
    public async Task<FileTree> ReadAsync(string pkgbase, CancellationToken cancellationToken) => Checked(await TreeAsync(pkgbase, cancellationToken));

    /// <summary>All that git has of a folder.</summary>
    public async Task<FolderTree> TreeAsync(string pkgbase, CancellationToken cancellationToken)
    {
        if (!_read.TryGetValue(pkgbase, out var known))
        {
            _read[pkgbase] = known = await repository.ReadAsync(commit, pkgbase, cancellationToken);
        }

        return known;
    }

    /// <summary>What is pushed for files that an update made.</summary>
    public static FolderTree Of(FileTree files) => new(files.Files.Select(file => KeyValuePair.Create(
        file.Key,
        new FolderFile(file.Value.Kind switch { FilesKind.Executable => FileKind.Executable, FilesKind.Link => FileKind.Link, _ => FileKind.File }, file.Value.Bytes))));

    /// <summary>A folder with another <c>.CI/config</c>.</summary>
    public static FolderTree WithConfig(FolderTree folder, ReadOnlyMemory<byte> config) => With(folder, ".CI/config", new FolderFile(FileKind.File, config));

    private static FolderTree With(FolderTree folder, string path, FolderFile file) =>
        new(folder.Files.Where(one => one.Key != path).Append(KeyValuePair.Create(path, file)));

    private static FileTree Checked(FolderTree folder)
    {
        var files = new List<KeyValuePair<string, Files>>(folder.Files.Count);
        foreach (var (path, file) in folder.Files)
        {
            var checkedFile = new Files(file.Kind switch { FileKind.Executable => FilesKind.Executable, FileKind.Link => FilesKind.Link, _ => FilesKind.Plain }, file.Content);
            var fault = file.Kind == FileKind.Submodule ? $"it holds a submodule, which is not followed: {Polite.Shown.Short(path, 80)}" : FileTree.Fault(path, checkedFile);
            files.Add(fault is null ? new(path, checkedFile) : throw new SourceUnavailableException(fault));
        }

        return FileTree.Of(files);
    }
}
