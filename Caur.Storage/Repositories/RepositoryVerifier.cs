using System.Collections.Concurrent;
using Caur.Pacman;
using Caur.Storage.Files;
using Caur.Storage.Provenance;
using Caur.Storage.Signing;

namespace Caur.Storage.Repositories;

/// <summary>The answer of a verification.</summary>
/// <param name="Generation">The generation that was looked at; 0 when there is none.</param>
/// <param name="Packages">How many packages it names.</param>
/// <param name="Problems">Everything that is wrong, for people, by file name; empty when all is well.</param>
/// <param name="WithoutProvenance">How many packages have no provenance: they were not built by this farm, or before it wrote any.</param>
public sealed record RepositoryVerification(int Generation, int Packages, IReadOnlyList<string> Problems, int WithoutProvenance = 0);

/// <summary>Reads everything that the current generation names.</summary>
internal sealed class RepositoryVerifier(RepositoryLayout layout, GpgSigner signer, RepositoryStoreOptions options)
{
    public async Task<RepositoryVerification> VerifyAsync(int number, RepositoryDatabase database, CancellationToken cancellationToken)
    {
        var problems = new ConcurrentBag<string>();
        var without = 0;
        foreach (var name in number == 0 ? [] : new[] { layout.DatabaseName, layout.FilesName })
        {
            var path = Path.Combine(layout.Generation(number), name);
            if (await SignatureProblemAsync(path, cancellationToken) is { } problem)
            {
                problems.Add($"{name}: {problem}");
            }
        }

        await Parallel.ForEachAsync(
            database,
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken },
            async (entry, token) =>
            {
                if (await ProblemAsync(entry, token) is { } problem)
                {
                    problems.Add($"{entry.FileName}: {problem}");
                }

                var statement = entry.FileName + RepositoryLayout.StatementSuffix;
                if (!File.Exists(layout.Package(statement)) && !File.Exists(layout.Package(statement + RepositoryLayout.SignatureSuffix)))
                {
                    Interlocked.Increment(ref without);
                }
                else if (await StatementProblemAsync(entry, layout.Package(statement), token) is { } untrue)
                {
                    problems.Add($"{statement}: {untrue}");
                }
            });
        return new RepositoryVerification(number, database.Count, [.. problems.Order(StringComparer.Ordinal)], without);
    }

    private async Task<string?> StatementProblemAsync(RepositoryEntry entry, string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        return !file.Exists ? "the file is gone"
            : file.Length > ProvenanceStatement.MaxBytes ? "it is too large for a statement"
            : await SignatureProblemAsync(path, cancellationToken)
                ?? ProvenanceStatement.Problem(await File.ReadAllBytesAsync(path, cancellationToken), entry.FileName, entry.ReadDescription().Sha256Sum);
    }

    private async Task<string?> ProblemAsync(RepositoryEntry entry, CancellationToken cancellationToken)
    {
        var path = layout.Package(entry.FileName);
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return "the file is gone";
        }

        var said = entry.ReadDescription();
        if (file.Length != said.CompressedSize)
        {
            return $"it has {file.Length} bytes, the database says {said.CompressedSize}";
        }

        if (await FileHash.Sha256Async(path, cancellationToken) != said.Sha256Sum)
        {
            return "its SHA-256 is not the database's";
        }

        return await SignatureProblemAsync(path, cancellationToken);
    }

    private async Task<string?> SignatureProblemAsync(string path, CancellationToken cancellationToken)
    {
        var verification = await signer.VerifyAsync(path, path + RepositoryLayout.SignatureSuffix, cancellationToken);
        return verification.IsGood ? null : $"its signature is not good: {verification.Reason}";
    }
}
