using System.Collections.Concurrent;
using Caur.Pacman;
using Caur.Storage.Files;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;

namespace Caur.Benchmarks.Rows;

/// <summary>A signed repository of many packages, as its first generation. The package files themselves are not there: nothing that is
/// measured looks at those of others.</summary>
internal static class SeededRepository
{
    public static async Task<RepositoryDatabase> MakeAsync(int packages, CancellationToken cancellationToken)
    {
        var entries = new ConcurrentBag<RepositoryEntry>();
        await Parallel.ForAsync(0, packages, cancellationToken, async (number, token) =>
        {
            // No two signatures are alike, and nothing makes one smaller.
            var signature = new byte[119];
            new Random(number).NextBytes(signature);
            entries.Add((await new GeneratedArchive(number, "1.0-1").ToEntryAsync(token)).WithSignature(signature));
        });
        return RepositoryDatabase.Empty.With(entries, []);
    }

    /// <summary>Writes it into the folder of all repositories.</summary>
    public static async Task WriteAsync(
        string repositories, string target, string arch, RepositoryDatabase database, GpgSigner signer, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(repositories, target, arch)).FullName;
        var layout = new RepositoryLayout(folder, target);
        var generations = new GenerationStore(layout, signer);
        var info = new GenerationInfo
        {
            Number = 1,
            Publication = "seed",
            Time = TimeProvider.System.GetUtcNow(),
            Key = (await signer.GetKeyAsync(cancellationToken)).Fingerprint,
            Packages = database.Count,
        };
        generations.Name(await generations.WriteAsync(database, info, cancellationToken), 1, 0);
        await Symlinks.ReplaceAsync(layout.CurrentLink, "1", cancellationToken);
    }
}
