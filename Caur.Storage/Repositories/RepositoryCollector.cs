using Caur.Storage.Files;

namespace Caur.Storage.Repositories;

/// <summary>What a collection removed.</summary>
/// <param name="Generations">The numbers of generations.</param>
/// <param name="Files">Package files, without their signatures.</param>
public sealed record CollectionReport(IReadOnlyList<int> Generations, IReadOnlyList<string> Files);

/// <summary>Removes what no client can be waiting for any more.</summary>
internal sealed class RepositoryCollector(
    RepositoryLayout layout, GenerationStore generations, RepositoryStoreOptions options, IPublicationProbe? probe)
{
    /// <summary>How long a temporary file or folder may be somebody's unfinished work.</summary>
    private static readonly TimeSpan UnfinishedFor = TimeSpan.FromHours(1);

    public async Task<CollectionReport> CollectAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (current, database) = await generations.LoadCurrentAsync(cancellationToken);
        if (current == 0)
        {
            return new CollectionReport([], []);
        }

        var newest = ReadCurrent(current);
        AtomicFile.Sweep(layout.Folder, now - UnfinishedFor);
        AtomicFile.Sweep(layout.Generations, now - UnfinishedFor);
        var kept = KeptGenerations(current, now);
        var removed = layout.ReadNumbers().Where(number => !kept.ContainsKey(number)).ToList();
        await AtAsync(CollectionStep.Decided, cancellationToken);
        foreach (var number in removed)
        {
            if (generations.Hide(number) is { } hidden)
            {
                await AtAsync(CollectionStep.GenerationHidden, cancellationToken);
                Directory.Delete(hidden, recursive: true);
            }
        }

        var needed = NeededFiles(kept, newest, database.Select(entry => entry.FileName));
        var retired = newest.Retired.ToDictionary(file => file.File, file => file.Since, StringComparer.Ordinal);
        var files = new List<string>();
        foreach (var file in PackageFiles().Where(file => !needed.Contains(file)))
        {
            // What no generation ever named came with a publication that was given up.
            var since = retired.TryGetValue(file, out var left) ? left : LastWrite(file);
            if (since + options.FileGrace <= now)
            {
                await RemoveAsync(file, now, cancellationToken);
                files.Add(file);
            }
        }

        CollectArchive(now);
        await AtAsync(CollectionStep.Collected, cancellationToken);
        return new CollectionReport(removed, files);
    }

    /// <summary>The files that the kept generations name, or may name.</summary>
    /// <exception cref="RepositoryDamagedException">The record of the current generation cannot be read.</exception>
    public HashSet<string> NeededFiles(int current, IEnumerable<string> currentFiles, DateTimeOffset now) =>
        current == 0 ? [.. currentFiles] : NeededFiles(KeptGenerations(current, now), ReadCurrent(current), currentFiles);

    /// <summary>Every kept generation but the oldest says which files left with it: those and the current ones are all that any kept
    /// generation names, and no old database has to be read. Where one cannot say it any more, it may be whatever left.</summary>
    private static HashSet<string> NeededFiles(
        SortedDictionary<int, GenerationInfo?> kept, GenerationInfo current, IEnumerable<string> currentFiles) =>
        kept.Values.Any(generation => generation is null)
            ? [.. currentFiles, .. current.Retired.Select(file => file.File)]
            : [.. currentFiles, .. kept.Skip(1).SelectMany(generation => generation.Value!.Left)];

    private GenerationInfo ReadCurrent(int current) =>
        generations.ReadInfo(current) ?? throw new RepositoryDamagedException(current, "its record is missing");

    /// <summary>From the current generation down: as many as are wanted, and those whose place another took not long ago, within the
    /// bound. Without gaps, but for what followed a generation to which the repository had been set back. One that cannot be read counts, and is kept no shorter than the one that followed it.</summary>
    private SortedDictionary<int, GenerationInfo?> KeptGenerations(int current, DateTimeOffset now)
    {
        var kept = new SortedDictionary<int, GenerationInfo?>();
        DateTimeOffset? supersededAt = null;
        GenerationInfo? info;
        for (var number = current; number > 0; number = Math.Min(number - 1, info?.After ?? number))
        {
            info = generations.TryReadInfo(number, out var damage);
            if ((info is null && damage is null)
                || kept.Count >= Math.Max(options.KeepGenerations, options.MostGenerations)
                || (kept.Count >= options.KeepGenerations && supersededAt + options.GenerationGrace <= now))
            {
                break;
            }

            kept[number] = info;
            supersededAt = info?.Time ?? supersededAt;
        }

        return kept;
    }

    /// <summary>Everything in the folder that is a package or was left of one.</summary>
    private HashSet<string> PackageFiles() => Directory.Exists(layout.Folder)
        ? [.. new DirectoryInfo(layout.Folder).EnumerateFiles("*.pkg.tar*")
            .Where(file => file.LinkTarget is null && PathGuard.IsSafeName(file.Name))
            .Select(file => RepositoryLayout.PackageOf(file.Name))]
        : [];

    private DateTimeOffset LastWrite(string fileName)
    {
        var file = new FileInfo(layout.Package(fileName));
        var signature = new FileInfo(file.FullName + RepositoryLayout.SignatureSuffix);
        // The signature is ours and young even when the file came long ago.
        return signature.Exists && (!file.Exists || signature.LastWriteTimeUtc > file.LastWriteTimeUtc)
            ? signature.LastWriteTimeUtc
            : file.LastWriteTimeUtc;
    }

    private async Task RemoveAsync(string fileName, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var name in RepositoryLayout.Companions.Select(suffix => fileName + suffix).Prepend(fileName))
        {
            var path = layout.Package(name);
            if (!File.Exists(path))
            {
                continue;
            }

            if (options.ArchiveFolder is not null)
            {
                FilePlacement.CreatePublicFolder(options.ArchiveFolder);
                var target = Path.Combine(options.ArchiveFolder, name);
                await FilePlacement.LinkOrCopyAsync(path, target, cancellationToken);
                Libc.SyncFolder(options.ArchiveFolder);
                // The time in the archive counts from here.
                File.SetLastWriteTimeUtc(target, now.UtcDateTime);
                await AtAsync(CollectionStep.FileArchived, cancellationToken);
            }

            File.Delete(path);
            await AtAsync(CollectionStep.FileRemoved, cancellationToken);
        }
    }

    private ValueTask AtAsync(CollectionStep step, CancellationToken cancellationToken) =>
        probe?.AtAsync(step, cancellationToken) ?? ValueTask.CompletedTask;

    private void CollectArchive(DateTimeOffset now)
    {
        if (options.ArchiveFolder is null || !Directory.Exists(options.ArchiveFolder))
        {
            return;
        }

        AtomicFile.Sweep(options.ArchiveFolder, now - UnfinishedFor);
        foreach (var file in new DirectoryInfo(options.ArchiveFolder).EnumerateFiles("*.pkg.tar*"))
        {
            if (file.LastWriteTimeUtc + options.ArchiveFor <= now.UtcDateTime)
            {
                file.Delete();
            }
        }
    }
}
