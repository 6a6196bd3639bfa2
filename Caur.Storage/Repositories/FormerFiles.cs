using Caur.Pacman;
using Caur.Storage.Files;

namespace Caur.Storage.Repositories;

/// <summary>The files of a generation that is to come back: still in the repository's folder, or in the archive.</summary>
internal sealed class FormerFiles(RepositoryLayout layout, string? archiveFolder)
{
    /// <summary>What keeps a database from coming back: files and signatures that are nowhere as they were.</summary>
    public IEnumerable<string> Missing(RepositoryDatabase database) => database.Select(Problem).OfType<string>();

    /// <summary>Sees to it that a package and its signature are in the repository's folder. The caller syncs the folder.</summary>
    /// <returns>Why they cannot be; null when they are.</returns>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public async Task<string?> BringBackAsync(RepositoryEntry entry, CancellationToken cancellationToken)
    {
        if (Problem(entry) is { } problem)
        {
            return problem;
        }

        if (!IsPackage(layout.Package(entry.FileName), entry))
        {
            var archived = Archived(entry.FileName)!;
            if (await FileHash.Sha256Async(archived, cancellationToken) != entry.ReadDescription().Sha256Sum)
            {
                return $"{entry.FileName} is another file in the archive now";
            }

            await FilePlacement.LinkOrCopyAsync(archived, layout.Package(entry.FileName), cancellationToken);
        }

        var signature = entry.FileName + RepositoryLayout.SignatureSuffix;
        if (!File.Exists(layout.Package(signature)))
        {
            await FilePlacement.LinkOrCopyAsync(Archived(signature)!, layout.Package(signature), cancellationToken);
        }

        // Not every package has provenance: what there is of it comes back too.
        foreach (var name in RepositoryLayout.Companions.Skip(1).Select(suffix => entry.FileName + suffix))
        {
            if (!File.Exists(layout.Package(name)) && Archived(name) is { } archived && File.Exists(archived))
            {
                await FilePlacement.LinkOrCopyAsync(archived, layout.Package(name), cancellationToken);
            }
        }

        return null;
    }

    private string? Problem(RepositoryEntry entry)
    {
        var file = layout.Package(entry.FileName);
        if (!IsPackage(file, entry) && !(Archived(entry.FileName) is { } archived && IsPackage(archived, entry)))
        {
            return $"{entry.FileName} is {(File.Exists(file) ? "another file now" : "gone")}";
        }

        var signature = entry.FileName + RepositoryLayout.SignatureSuffix;
        return File.Exists(layout.Package(signature)) || File.Exists(Archived(signature)) ? null : $"{signature} is gone";
    }

    private string? Archived(string fileName) => archiveFolder is null ? null : PathGuard.Join(archiveFolder, fileName);

    private static bool IsPackage(string path, RepositoryEntry entry) =>
        Libc.IsRegularFile(path) && new FileInfo(path).Length == entry.ReadDescription().CompressedSize;
}
