using Caur.Pacman;
using Caur.Storage.Files;
using Caur.Storage.Provenance;
using Caur.Storage.Signing;

namespace Caur.Storage.Repositories;

/// <summary>Writes and signs the provenance of a publication's builds, beside their packages: one statement for each build, under the name of
/// each of its packages, so that it comes, is mirrored and goes with it.</summary>
internal sealed class StatementWriter(RepositoryLayout layout, GpgSigner signer, RepositoryStoreOptions options, string target)
{
    /// <summary>Writes what is missing of one build. The caller syncs the folder.</summary>
    /// <param name="origin">What the farm knows of the build.</param>
    /// <param name="packages">The packages of the build that the publication adds; they are in their place.</param>
    /// <param name="batch">Signs.</param>
    /// <param name="cancellationToken">Ends it between two files.</param>
    public async Task WriteAsync(
        BuildOrigin origin, IReadOnlyList<PlannedPackage> packages, SigningBatch batch, CancellationToken cancellationToken)
    {
        var statement = ProvenanceStatement.Write(
            origin,
            packages.Select(package => new ProvenanceSubject(package.FileName, package.Sha256)),
            target,
            packages[0].Pkgbase,
            ReadRecipe(layout.Package(packages[0].FileName), cancellationToken));
        var first = layout.Package(packages[0].FileName + RepositoryLayout.StatementSuffix);
        var signature = first + RepositoryLayout.SignatureSuffix;
        if (!await IsAsync(first, statement, cancellationToken))
        {
            File.Delete(signature);
            await using var file = AtomicFile.Begin(first);
            await file.Stream.WriteAsync(statement, cancellationToken);
            await file.CommitAsync(cancellationToken, syncFolder: false);
        }

        if (!File.Exists(signature) || !(await signer.VerifyAsync(first, signature, cancellationToken)).IsGood)
        {
            var bytes = await batch.SignAsync(first, cancellationToken);
            await using var file = AtomicFile.Begin(signature);
            file.Stream.Write(bytes);
            await file.CommitAsync(cancellationToken, syncFolder: false);
        }

        foreach (var package in packages.Skip(1))
        {
            foreach (var (from, suffix) in ((string, string)[])[(first, RepositoryLayout.StatementSuffix), (signature, RepositoryLayout.StatementSuffix + RepositoryLayout.SignatureSuffix)])
            {
                await FilePlacement.LinkOrCopyAsync(from, layout.Package(package.FileName + suffix), cancellationToken);
            }
        }
    }

    private BuildInfo? ReadRecipe(string path, CancellationToken cancellationToken)
    {
        using var archive = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        // An archive without one, or with one that cannot be read, is a package all the same.
        return PackageArchive.Read(archive, PackageParts.BuildInfo, options.Limits, cancellationToken).Value?.BuildInfo;
    }

    private static async Task<bool> IsAsync(string path, byte[] content, CancellationToken cancellationToken) =>
        new FileInfo(path) is { Exists: true } file && file.Length == content.Length
        && (await File.ReadAllBytesAsync(path, cancellationToken)).AsSpan().SequenceEqual(content);
}
