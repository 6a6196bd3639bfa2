using Caur.Pacman;
using Caur.Storage.Files;

namespace Caur.Pipelines.Reading;

/// <summary>Reads the package folders that lie in a folder of this machine, committed or not.</summary>
internal static class FolderReader
{
    /// <summary>The package folders, sorted by name: every folder with a PKGBUILD whose name does not begin with a dot.</summary>
    public static async Task<IReadOnlyList<PackageFolder>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var folders = new List<PackageFolder>();
        foreach (var folder in Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(folder);
            if (!name.StartsWith('.') && File.Exists(Path.Combine(folder, "PKGBUILD")))
            {
                folders.Add(PackageFolder.Read(
                    name,
                    await TextAsync(Path.Combine(folder, ".SRCINFO"), cancellationToken),
                    await TextAsync(Path.Combine(folder, ".CI", "config"), cancellationToken),
                    Array.Exists(FolderFiles.Altering, file => File.Exists(Path.Combine(folder, file)))));
            }
        }

        return folders;
    }

    private static async Task<string?> TextAsync(string file, CancellationToken cancellationToken)
    {
        // More than any .SRCINFO has, and then it is refused for its size; nobody wants a device or a pipe read to its end.
        if (!File.Exists(file))
        {
            return null;
        }

        var target = new FileInfo(new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file);
        return target.Length > Srcinfo.MaxSize || !PathGuard.IsRegularFile(target.FullName) ? new string(' ', Srcinfo.MaxSize + 1)
            : await File.ReadAllTextAsync(target.FullName, cancellationToken);
    }
}
