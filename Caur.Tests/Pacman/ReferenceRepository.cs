using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>A repository that repo-add and repo-remove keep, and what bsdtar finds in databases.</summary>
internal sealed class ReferenceRepository(string folder, string extension = "tar.gz")
{
    public string DatabasePath => Path.Combine(folder, $"ref.db.{extension}");

    public string FilesPath => Path.Combine(folder, $"ref.files.{extension}");

    public async Task AddAsync(params string[] packages) => await RunAsync("repo-add", packages);

    public async Task RemoveAsync(params string[] names) => await RunAsync("repo-remove", names);

    public async Task<RepositoryDatabase> ReadAsync()
    {
        await using var packages = File.OpenRead(DatabasePath);
        await using var files = File.OpenRead(FilesPath);
        return (await RepositoryDatabase.ReadAsync(packages, files)).GetRequired();
    }

    /// <summary>The members of both databases, by <c>db/folder/desc</c> and the like.</summary>
    public async Task<SortedDictionary<string, string>> UnpackAsync() => await UnpackAsync(DatabasePath, FilesPath);

    /// <summary>Writes a database as this library does and unpacks it with bsdtar.</summary>
    public static async Task<SortedDictionary<string, string>> UnpackAsync(RepositoryDatabase database, CompressionFormat format)
    {
        using var folder = new TempFolder();
        var (packages, files) = await WriteAsync(database, folder.Path, format);
        return await UnpackAsync(packages, files);
    }

    public static async Task<(string Packages, string Files)> WriteAsync(
        RepositoryDatabase database, string folder, CompressionFormat format, string name = "ours")
    {
        var paths = (Path.Combine(folder, name + ".db"), Path.Combine(folder, name + ".files"));
        await File.WriteAllBytesAsync(paths.Item1, await WriteAsync(database, DatabaseKind.Packages, format));
        await File.WriteAllBytesAsync(paths.Item2, await WriteAsync(database, DatabaseKind.Files, format));
        return paths;
    }

    public static async Task<byte[]> WriteAsync(
        RepositoryDatabase database, DatabaseKind kind, CompressionFormat format = CompressionFormat.Gzip)
    {
        using var bytes = new MemoryStream();
        await database.WriteAsync(bytes, kind, format);
        return bytes.ToArray();
    }

    private static async Task<SortedDictionary<string, string>> UnpackAsync(string packages, string files)
    {
        using var folder = new TempFolder();
        var members = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (kind, path) in new[] { ("db", packages), ("files", files) })
        {
            (await Tool.RunAsync("bsdtar", "-xf", path, "-C", folder.Folder(kind))).Succeeded();
            foreach (var file in Directory.EnumerateFiles(folder[kind], "*", SearchOption.AllDirectories))
            {
                members.Add(Path.GetRelativePath(folder.Path, file), await File.ReadAllTextAsync(file));
            }
        }

        return members;
    }

    private async Task RunAsync(string tool, string[] arguments)
    {
        var scratch = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        (await Tool.RunAsync(tool, ["-q", DatabasePath, .. arguments], folder, null, ("TMPDIR", scratch))).Succeeded();
    }
}
