using System.Collections.Concurrent;
using Caur.Pacman;
using Caur.Storage.Files;
using Caur.Storage.Signing;

namespace Caur.Storage.Repositories;

/// <summary>Applies a plan, step by step. Each step may be the last before a crash, and each finds what an earlier run left.</summary>
internal sealed class PublicationRunner(
    RepositoryLayout layout,
    GenerationStore generations,
    GpgSigner signer,
    RepositoryStoreOptions options,
    TimeProvider time,
    IPublicationProbe? probe)
{
    public async Task<PublicationResult> RunAsync(PublicationPlan plan, CancellationToken cancellationToken)
    {
        var (current, old) = await generations.LoadCurrentAsync(cancellationToken);
        var before = generations.ReadInfo(current);
        if (before?.Publication == plan.Id)
        {
            // It became current before the crash; what follows is tidying. That it did may not have reached the disk yet.
            Libc.SyncFolder(layout.Generations);
            await PlaceLinksAsync(cancellationToken);
            return await ConfirmAsync(plan, current, cancellationToken);
        }

        if (current != plan.BaseGeneration)
        {
            var known = layout.ReadNumbers().FirstOrDefault(
                number => number < current && generations.ReadInfo(number)?.Publication == plan.Id);
            return known > 0
                ? new PublicationResult(PublicationStatus.AlreadyPublished, known, [])
                : new PublicationResult(PublicationStatus.Stale, current, [$"it was planned upon generation {plan.BaseGeneration}"]);
        }

        await AtAsync(PublicationStep.Begun, cancellationToken);
        var problems = await PlacePackagesAsync(plan, cancellationToken);
        if (problems.Count > 0)
        {
            return new PublicationResult(PublicationStatus.FilesGone, current, problems);
        }

        await AtAsync(PublicationStep.PackagesPlaced, cancellationToken);
        await PlaceSignaturesAsync(plan, cancellationToken);
        await AtAsync(PublicationStep.SignaturesPlaced, cancellationToken);

        var database = plan.Restore is { } restored
            ? await generations.LoadAsync(restored, cancellationToken)
            : old.With(await ReadEntriesAsync(plan, problems, cancellationToken), plan.Remove.Select(gone => PackageName.Parse(gone.Pkgname)));
        if (plan.Restore is not null)
        {
            problems.AddRange(Missing(layout, database));
        }

        if (problems.Count > 0)
        {
            return new PublicationResult(PublicationStatus.FilesGone, current, problems);
        }

        var info = GenerationChanges.Describe(plan, before, old, database, time.GetUtcNow(), file => File.Exists(layout.Package(file)));
        var folder = await generations.WriteAsync(database, info, cancellationToken);
        await AtAsync(PublicationStep.GenerationWritten, cancellationToken);
        generations.Settle(folder, info.Number);
        await AtAsync(PublicationStep.GenerationSynced, cancellationToken);
        await PlaceLinksAsync(cancellationToken);
        await AtAsync(PublicationStep.LinksPlaced, cancellationToken);
        await Symlinks.ReplaceAsync(layout.CurrentLink, Path.GetFileName(layout.Generation(info.Number)), cancellationToken);
        generations.Remember(info.Number, database);
        await AtAsync(PublicationStep.CurrentSwitched, cancellationToken);
        return await ConfirmAsync(plan, info.Number, cancellationToken);
    }

    /// <summary>The files and signatures that a database names and that are not there as they were.</summary>
    public static IEnumerable<string> Missing(RepositoryLayout layout, RepositoryDatabase database)
    {
        foreach (var entry in database)
        {
            var file = new FileInfo(layout.Package(entry.FileName));
            if (!file.Exists)
            {
                yield return $"{entry.FileName} is gone";
            }
            else if (file.Length != entry.ReadDescription().CompressedSize)
            {
                yield return $"{entry.FileName} is another file now";
            }
            else if (!File.Exists(file.FullName + RepositoryLayout.SignatureSuffix))
            {
                yield return $"{entry.FileName}{RepositoryLayout.SignatureSuffix} is gone";
            }
        }
    }

    private async Task<List<string>> PlacePackagesAsync(PublicationPlan plan, CancellationToken cancellationToken)
    {
        FilePlacement.CreatePublicFolder(layout.Folder);
        var problems = new List<string>();
        foreach (var package in plan.Add)
        {
            var target = layout.Package(package.FileName);
            if (await HasContentAsync(target, package, cancellationToken))
            {
                continue;
            }

            if (!File.Exists(package.Source))
            {
                problems.Add($"{package.FileName} is gone from the landing zone");
                continue;
            }

            await FilePlacement.LinkOrCopyAsync(package.Source, target, cancellationToken);
        }

        Libc.SyncFolder(layout.Folder);
        return problems;
    }

    private async Task PlaceSignaturesAsync(PublicationPlan plan, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            plan.Add,
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken },
            async (package, token) =>
            {
                var path = layout.Package(package.FileName);
                var signaturePath = path + RepositoryLayout.SignatureSuffix;
                if (File.Exists(signaturePath) && (await signer.VerifyAsync(path, signaturePath, token)).IsGood)
                {
                    return;
                }

                await using var file = AtomicFile.Begin(signaturePath);
                await file.Stream.WriteAsync(await signer.SignAsync(path, token), token);
                await file.CommitAsync(token, syncFolder: false);
            });
        Libc.SyncFolder(layout.Folder);
    }

    private async Task<IReadOnlyCollection<RepositoryEntry>> ReadEntriesAsync(
        PublicationPlan plan, List<string> problems, CancellationToken cancellationToken)
    {
        var entries = new ConcurrentBag<RepositoryEntry>();
        var changed = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            plan.Add,
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken },
            async (package, token) =>
            {
                var path = layout.Package(package.FileName);
                var result = await RepositoryEntry.FromArchiveAsync(path, cancellationToken: token);
                if (result.IsValid && result.Value.ReadDescription().Sha256Sum == package.Sha256)
                {
                    entries.Add(result.Value);
                }
                else
                {
                    // Nothing names it, and the next try takes what is in the landing zone then.
                    File.Delete(path);
                    changed.Add($"{package.FileName} has changed since it was inspected");
                }
            });
        problems.AddRange(changed);
        return entries;
    }

    private async Task PlaceLinksAsync(CancellationToken cancellationToken)
    {
        foreach (var name in layout.DatabaseNames)
        {
            await Symlinks.ReplaceAsync(
                Path.Combine(layout.Folder, name),
                $"{RepositoryLayout.GenerationsName}/{Path.GetFileName(layout.CurrentLink)}/{name}",
                cancellationToken);
        }
    }

    private async Task<PublicationResult> ConfirmAsync(PublicationPlan plan, int number, CancellationToken cancellationToken)
    {
        foreach (var package in plan.Add)
        {
            if (Directory.Exists(Path.GetDirectoryName(package.Source)))
            {
                File.Delete(package.Source);
            }
        }

        await AtAsync(PublicationStep.Confirmed, cancellationToken);
        return new PublicationResult(PublicationStatus.Published, number, []);
    }

    private ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) =>
        probe?.AtAsync(step, cancellationToken) ?? ValueTask.CompletedTask;

    private static async Task<bool> HasContentAsync(string path, PlannedPackage package, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        return file.Exists
            && file.LinkTarget is null
            && file.Length == package.Size
            && await FileHash.Sha256Async(path, cancellationToken) == package.Sha256;
    }
}
