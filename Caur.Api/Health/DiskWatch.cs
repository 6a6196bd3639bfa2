using System.Globalization;
using Caur.Storage.Files;
using Microsoft.Extensions.Hosting;

namespace Caur.Api.Health;

/// <summary>Looks after the room on the farm's disks, so that the probes can tell of it from memory. A farm without room serves its
/// repositories and takes nothing in: it is degraded, not away.</summary>
public sealed class DiskWatch(DataFolders folders, FarmHealth health, TimeProvider clock) : BackgroundService
{
    /// <summary>With less than this nothing can be relied upon: state is written in files of some MiB.</summary>
    public const long LeastFree = 16L << 20;

    /// <summary>How soon a full disk, and one that has room again, is told.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>The first of the farm's folders that has no room, with what it has; null when all have.</summary>
    public string? FindFull() => new[]
        {
            folders.Root, Path.GetDirectoryName(folders.Database)!, folders.Landing, folders.Repositories, folders.Archive, folders.Logs,
            folders.Sources, folders.Keys,
        }
        .Distinct(StringComparer.Ordinal)
        .Select(folder => (Folder: folder, Free: DiskSpace.FreeBytes(folder)))
        .Where(disk => disk.Free < LeastFree)
        .Select(disk => string.Create(
            CultureInfo.InvariantCulture, $"the disk of {disk.Folder} is full: {disk.Free / 1024} KiB are free, make room"))
        .FirstOrDefault();

    /// <summary>The same, and has the probes tell of it from now on.</summary>
    public string? Look()
    {
        var full = FindFull();
        health.Degraded = full ?? "";
        return full;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        do
        {
            Look();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
