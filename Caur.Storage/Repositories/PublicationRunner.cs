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
    IReadOnlyDictionary<string, RepositoryEntry> inspected,
    IPublicationProbe? probe)
{
    public async Task<PublicationResult> RunAsync(PublicationPlan plan, CancellationToken cancellationToken)
    {
        var (current, old) = await generations.LoadCurrentAsync(cancellationToken, evenSetBack: plan.Number is not null);
        var before = generations.ReadInfo(current);
        if (before?.Publication == plan.Id)
        {
            // It became current before the crash; what follows is tidying. That it did may not have reached the disk yet.
            generations.SyncNames();
            await PlaceLinksAsync(cancellationToken);
            return await ConfirmAsync(plan, current, cancellationToken);
        }

        if (current != plan.BaseGeneration)
        {
            return Overtaken(plan, current);
        }

        var key = await CheckKeyAsync(before, cancellationToken);
        await AtAsync(PublicationStep.Begun, cancellationToken);
        var problems = await PlacePackagesAsync(plan, cancellationToken);
        if (problems.Count > 0)
        {
            return new PublicationResult(PublicationStatus.FilesGone, current, problems);
        }

        await AtAsync(PublicationStep.PackagesPlaced, cancellationToken);
        using var signatures = signer.BeginBatch();
        await PlaceSignaturesAsync(plan, signatures, cancellationToken);
        await AtAsync(PublicationStep.SignaturesPlaced, cancellationToken);
        await PlaceStatementsAsync(plan, signatures, cancellationToken);

        var database = plan.Restore is { } restored
            ? await RestoreAsync(restored, problems, cancellationToken)
            : old.With(await ReadEntriesAsync(plan, problems, cancellationToken), plan.Remove.Select(gone => PackageName.Parse(gone.Pkgname)));

        if (problems.Count > 0)
        {
            return new PublicationResult(PublicationStatus.FilesGone, current, problems);
        }

        var info = GenerationChanges.Describe(
            plan, before, old, database, key.Fingerprint, time.GetUtcNow(), file => File.Exists(layout.Package(file)));
        var folder = await generations.WriteAsync(database, info, cancellationToken);
        await AtAsync(PublicationStep.GenerationWritten, cancellationToken);
        if (!generations.Name(folder, info.Number, plan.BaseGeneration))
        {
            return Overtaken(plan, layout.ReadCurrent());
        }

        await AtAsync(PublicationStep.GenerationNamed, cancellationToken);
        generations.SyncNames();
        await AtAsync(PublicationStep.GenerationSynced, cancellationToken);
        await PlaceLinksAsync(cancellationToken);
        await AtAsync(PublicationStep.LinksPlaced, cancellationToken);
        if (layout.ReadCurrent() is var newest && newest != plan.BaseGeneration)
        {
            if (info.Number > newest && generations.ReadInfo(info.Number)?.Publication == plan.Id)
            {
                generations.Discard(info.Number);
            }

            return Overtaken(plan, newest);
        }

        await Symlinks.ReplaceAsync(
            layout.CurrentLink, Path.GetFileName(layout.Generation(info.Number)), cancellationToken, syncFolder: false);
        generations.Remember(info.Number, database);
        await AtAsync(PublicationStep.CurrentSwitched, cancellationToken);
        generations.SyncNames();
        await AtAsync(PublicationStep.CurrentSynced, cancellationToken);
        return await ConfirmAsync(plan, info.Number, cancellationToken);
    }

    /// <summary>Another generation than the plan's base is current: this publication's own, or one that the plan knows nothing of.</summary>
    private PublicationResult Overtaken(PublicationPlan plan, int current)
    {
        var known = layout.ReadNumbers().FirstOrDefault(
            number => number <= current && generations.TryReadInfo(number, out _)?.Publication == plan.Id);
        return known > 0
            ? new PublicationResult(PublicationStatus.AlreadyPublished, known, [])
            : new PublicationResult(PublicationStatus.Stale, current, [$"it was planned upon generation {plan.BaseGeneration}"]);
    }

    /// <summary>Clients trust the key that signed what they have: another one is taken only from an operator who names it.</summary>
    private async Task<GpgKey> CheckKeyAsync(GenerationInfo? before, CancellationToken cancellationToken)
    {
        var earlier = before?.Key ?? "";
        GpgKey key;
        try
        {
            key = await signer.GetKeyAsync(cancellationToken);
        }
        catch (GpgException none) when (none.Problem == GpgProblem.NoKey && earlier.Length > 0 && !signer.IsKeyChosen)
        {
            throw signer.GoneException(earlier, none);
        }

        return earlier.Length == 0 || earlier == key.Fingerprint || signer.IsKeyChosen
            ? key
            : throw new GpgException(
                GpgProblem.OtherKey,
                $"{layout.Target} was signed by the key {earlier} until now, and gpg's home has {key.Fingerprint} instead: bring the old key "
                + $"back, or set CAUR_SIGNING_KEY={key.Fingerprint} once clients trust the new one");
    }

    /// <summary>The database of the generation that comes back, with its files in their place: those that left since then are fetched
    /// from the archive.</summary>
    private async Task<RepositoryDatabase> RestoreAsync(int number, List<string> problems, CancellationToken cancellationToken)
    {
        var database = await generations.LoadAsync(number, cancellationToken);
        var former = new FormerFiles(layout, options.ArchiveFolder);
        foreach (var entry in database)
        {
            if (await former.BringBackAsync(entry, cancellationToken) is { } problem)
            {
                problems.Add(problem);
            }
        }

        Libc.SyncFolder(layout.Folder);
        return database;
    }

    private async Task<List<string>> PlacePackagesAsync(PublicationPlan plan, CancellationToken cancellationToken)
    {
        FilePlacement.CreatePublicFolder(layout.Folder);
        var gone = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            plan.Add,
            new ParallelOptions { MaxDegreeOfParallelism = options.WritesAtOnce, CancellationToken = cancellationToken },
            async (package, token) =>
            {
                var target = layout.Package(package.FileName);
                if (await HasContentAsync(target, package, token))
                {
                    return;
                }

                if (!Libc.IsRegularFile(package.Source))
                {
                    gone.Add($"{package.FileName} is gone from the landing zone");
                    return;
                }

                await FilePlacement.LinkOrCopyAsync(package.Source, target, token);
                await AtAsync(PublicationStep.PackageNamed, token);
            });
        Libc.SyncFolder(layout.Folder);
        return [.. gone.Order(StringComparer.Ordinal)];
    }

    private async Task PlaceSignaturesAsync(PublicationPlan plan, SigningBatch signatures, CancellationToken cancellationToken)
    {
        await Parallel.ForEachAsync(
            plan.Add,
            new ParallelOptions { MaxDegreeOfParallelism = options.WritesAtOnce, CancellationToken = cancellationToken },
            async (package, token) =>
            {
                var path = layout.Package(package.FileName);
                var signaturePath = path + RepositoryLayout.SignatureSuffix;
                if (File.Exists(signaturePath) && (await signer.VerifyAsync(path, signaturePath, token)).IsGood)
                {
                    return;
                }

                var signature = await signatures.SignAsync(path, token);
                await using var file = AtomicFile.Begin(signaturePath);
                file.Stream.Write(signature);
                await file.CommitAsync(token, syncFolder: false);
                await AtAsync(PublicationStep.SignatureNamed, token);
            });
        Libc.SyncFolder(layout.Folder);
    }

    /// <summary>Before clients see the packages: whoever insists on provenance never meets one without.</summary>
    private async Task PlaceStatementsAsync(PublicationPlan plan, SigningBatch signatures, CancellationToken cancellationToken)
    {
        var writer = new StatementWriter(layout, signer, options, $"{layout.Target}/{Path.GetFileName(layout.Folder)}");
        var packages = plan.Add.ToLookup(package => package.Build, StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            plan.Origins.Where(origin => packages.Contains(origin.Build)),
            new ParallelOptions { MaxDegreeOfParallelism = options.WritesAtOnce, CancellationToken = cancellationToken },
            async (origin, token) =>
            {
                await writer.WriteAsync(origin, [.. packages[origin.Build]], signatures, token);
                await AtAsync(PublicationStep.StatementNamed, token);
            });
        Libc.SyncFolder(layout.Folder);
        await AtAsync(PublicationStep.StatementsPlaced, cancellationToken);
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
                if (await ReadEntryAsync(path, package, token) is { } entry)
                {
                    entries.Add(entry);
                }
                else
                {
                    // Nothing names it, and the next try takes what is in the landing zone then.
                    File.Delete(path);
                    foreach (var companion in RepositoryLayout.Companions)
                    {
                        File.Delete(path + companion);
                    }

                    changed.Add($"{package.FileName} has changed since it was inspected");
                }
            });
        problems.AddRange(changed);
        return entries;
    }

    /// <summary>The entry of a placed package with its signature; null when it is not what was inspected. An archive that this process
    /// inspected is hashed and not unpacked again.</summary>
    private async Task<RepositoryEntry?> ReadEntryAsync(string path, PlannedPackage package, CancellationToken cancellationToken)
    {
        if (inspected.TryGetValue(package.FileName, out var known) && known.ReadDescription().Sha256Sum == package.Sha256)
        {
            return await FileHash.Sha256Async(path, cancellationToken) == package.Sha256
                ? known.WithSignature(await File.ReadAllBytesAsync(path + RepositoryLayout.SignatureSuffix, cancellationToken))
                : null;
        }

        var result = await RepositoryEntry.FromArchiveAsync(path, options.Limits, cancellationToken);
        return result.IsValid && result.Value.ReadDescription().Sha256Sum == package.Sha256 ? result.Value : null;
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
        return Libc.IsRegularFile(path)
            && file.Length == package.Size
            && await FileHash.Sha256Async(path, cancellationToken) == package.Sha256;
    }
}
