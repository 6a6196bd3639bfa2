using Caur.Pacman;
using Caur.Tests.Soak;

namespace Caur.Tests.Pacman;

/// <summary>
/// Random changes with repo-add and repo-remove and with this library: both databases hold the same after each. Some long rounds end
/// with many changes in a database of 20,000 packages.
/// </summary>
internal sealed class RepoAddScenario : ISoakScenario
{
    public string Name => "formats-repo-add";

    public async Task RunAsync(SoakRound round)
    {
        var folder = Directory.CreateDirectory(Path.Combine(round.Folder, "small")).FullName;
        var reference = new ReferenceRepository(folder);
        var ours = RepositoryDatabase.Empty;
        for (var step = 0; step < (round.IsShort ? 4 : 15); step++)
        {
            ours = await StepAsync(round, folder, reference, ours);
            var packages = await ReferenceRepository.WriteAsync(ours, DatabaseKind.Packages);
            var files = await ReferenceRepository.WriteAsync(ours, DatabaseKind.Files);
            (await TarMember.ContentsAsync(packages, files, round.Cancelled)).ShouldBe(await TarMember.ContentsAsync(
                await File.ReadAllBytesAsync(reference.DatabasePath, round.Cancelled), await File.ReadAllBytesAsync(reference.FilesPath, round.Cancelled), round.Cancelled));
            switch (round.Random.Next(4))
            {
                // Each goes on with what the other wrote.
                case 0:
                    ours = await reference.ReadAsync();
                    break;
                case 1:
                    await File.WriteAllBytesAsync(reference.DatabasePath, packages, round.Cancelled);
                    await File.WriteAllBytesAsync(reference.FilesPath, files, round.Cancelled);
                    break;
            }
        }

        if (!round.IsShort && round.Random.Next(3) == 0)
        {
            await ChangeLargeAsync(round);
        }
    }

    private static async Task<RepositoryDatabase> StepAsync(SoakRound round, string folder, ReferenceRepository reference, RepositoryDatabase ours)
    {
        var random = round.Random;
        if (ours.Count > 1 && random.Next(4) == 0)
        {
            var removed = ours.Select(entry => entry.Name).Where(_ => random.Next(3) == 0).DefaultIfEmpty(ours.First().Name).ToArray();
            await reference.RemoveAsync([.. removed.Select(name => name.ToString())]);
            round.Count("packages removed", removed.Length);
            return ours.With([], removed);
        }

        var paths = new List<string>();
        var entries = new List<RepositoryEntry>();
        for (var left = random.Next(5) == 0 ? random.Next(5, 12) : random.Next(1, 4); left > 0; left--)
        {
            var path = await OddPackages.Next(random).WriteAsync(folder);
            if (paths.Contains(path))
            {
                // The file that was written last is what both would see.
                entries.RemoveAt(paths.IndexOf(path));
                paths.Remove(path);
            }

            if (random.Next(2) == 0)
            {
                var signature = new byte[random.Next(1, 700)];
                random.NextBytes(signature);
                await File.WriteAllBytesAsync(path + ".sig", signature, round.Cancelled);
            }

            paths.Add(path);
            entries.Add((await RepositoryEntry.FromArchiveAsync(path, cancellationToken: round.Cancelled)).GetRequired());
        }

        await reference.AddAsync([.. paths]);
        round.Count("packages added", paths.Count);
        return ours.With(entries, []);
    }

    private static async Task ChangeLargeAsync(SoakRound round)
    {
        const int Many = 20_000;
        var folder = Directory.CreateDirectory(Path.Combine(round.Folder, "large")).FullName;
        var ours = RepositoryDatabase.Empty.With(await SyntheticRepository.EntriesAsync(Many, round.Cancelled), []);
        var reference = new ReferenceRepository(folder);
        await File.WriteAllBytesAsync(reference.DatabasePath, await ReferenceRepository.WriteAsync(ours, DatabaseKind.Packages), round.Cancelled);
        await File.WriteAllBytesAsync(reference.FilesPath, await ReferenceRepository.WriteAsync(ours, DatabaseKind.Files), round.Cancelled);

        var paths = new List<string>();
        var entries = new List<RepositoryEntry>();
        foreach (var number in Enumerable.Range(0, 60).Select(_ => round.Random.Next(Many + 1_000)).Distinct())
        {
            var package = SyntheticRepository.Package(number) with { Version = $"{round.Random.Next(3)}:{round.Random.Next(30)}-{round.Random.Next(1, 5)}" };
            paths.Add(await package.WriteAsync(folder));
            entries.Add((await RepositoryEntry.FromArchiveAsync(paths[^1], cancellationToken: round.Cancelled)).GetRequired());
        }

        await reference.AddAsync([.. paths]);
        ours = ours.With(entries, []);
        var removed = Enumerable.Range(0, 20).Select(_ => PackageName.Parse(SyntheticRepository.Name(round.Random.Next(Many)))).Distinct().ToArray();
        await reference.RemoveAsync([.. removed.Select(name => name.ToString())]);
        ours = ours.With([], removed);
        var (packages, files) = await ReferenceRepository.WriteAsync(ours, folder, CompressionFormat.Gzip);
        await LargeRepositoryTests.ShouldHoldTheSameAsync(packages, reference.DatabasePath, ours.Count, 2);
        await LargeRepositoryTests.ShouldHoldTheSameAsync(files, reference.FilesPath, ours.Count, 3);
        round.Count("packages added", paths.Count);
        round.Count("packages removed", removed.Length);
        round.Count("packages compared", ours.Count);
    }
}
