using System.Globalization;
using Caur.Benchmarks.Running;
using Caur.Pacman;
using Caur.Storage.Processes;
using Caur.Storage.Repositories;

namespace Caur.Benchmarks.Rows;

/// <summary>Packages come into a signed repository.</summary>
internal sealed class DatabaseRow(string name, int packages, int added, int limit) : Benchmark
{
    private const string Target = "farm";
    private const string Arch = "x86_64";
    private const string Memory = "/dev/shm";

    public override string Name => name;

    public override string Work => string.Create(
        CultureInfo.InvariantCulture, $"add {(added == 1 ? "one package" : $"{added} packages")} to a signed repository of {packages:#,0}");

    public override bool HasSyncs => true;

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var size = run.Size(packages, 50);
        var count = Math.Min(added, run.Size(added, 5));
        run.Progress("making the repository");
        await using var key = await SigningKey.MakeAsync(cancellationToken);
        var database = await SeededRepository.MakeAsync(size, cancellationToken);
        var repositories = run.NewFolder();
        await SeededRepository.WriteAsync(repositories, Target, Arch, database, key.Signer, cancellationToken);
        using var store = new RepositoryStore(repositories, Target, Arch, key.Signer, TimeProvider.System);

        var apply = run.Add("inspect, sign, place, database and files database, signed and synced", "ms", goal: Goal.AtMost(limit));
        var sizes = run.Options.SyncsAreSlow ? null : run.Add("size of .db and .files together", "KiB");
        var repoAdd = run.Peers && !run.Options.SyncsAreSlow ? AddPeer(run, size, count, (apply, sizes!)) : null;

        // The first round is for what is compiled and read on the way.
        for (var round = 0; round <= run.Repeat; round++)
        {
            var folder = run.NewFolder();
            var archives = new List<OfferedArchive>();
            for (var i = 0; i < count; i++)
            {
                archives.Add(await Archive(size, i, round).WriteAsync(folder, cancellationToken));
            }

            var request = Request(size, round, archives);
            if (round == 0)
            {
                await PublishAsync(store, request, cancellationToken);
            }
            else
            {
                await run.TimeAsync(apply, () => PublishAsync(store, request, cancellationToken));

                // One after another, so that both meet the machine as it is at the time.
                repoAdd = repoAdd is { } peer && await RepoAddAsync(run, key, database, (size, count, round), peer, cancellationToken) ? repoAdd : null;
            }
        }

        var current = Path.Combine(store.Folder, ".gen", store.CurrentGeneration.ToString(CultureInfo.InvariantCulture));
        var ours = Size(current, $"{Target}.db.tar.gz") + Size(current, $"{Target}.files.tar.gz");
        if (sizes is not null)
        {
            run.Take(sizes, ours / 1024.0);
        }

        BenchRun.Check((await store.ReadAsync(cancellationToken)).Count == size + count, "the repository has another number of packages");
    }

    private static GeneratedArchive Archive(int size, int number, int round) =>
        new(size + number, string.Create(CultureInfo.InvariantCulture, $"1.{round}-1"));

    private static PublicationRequest Request(int size, int round, List<OfferedArchive> archives) => new()
    {
        Id = $"round-{round}",
        Builds =
        [
            .. archives.Select((archive, i) => new BuildToPublish
            {
                Build = $"{Target}/{Arch}/{i}/{round}",
                Pkgbase = new GeneratedArchive(size + i, "").Name,
                Archives = [archive],
            }),
        ],
    };

    private static async Task PublishAsync(RepositoryStore store, PublicationRequest request, CancellationToken cancellationToken)
    {
        var proposal = await store.PlanAsync(request, cancellationToken);
        BenchRun.Check(proposal.Plan is not null, $"nothing was planned: {string.Join("; ", proposal.Problems)}");
        var result = await store.ApplyAsync(proposal.Plan!, cancellationToken);
        BenchRun.Check(result.Status == PublicationStatus.Published, $"the publication is {result.Status}: {string.Join("; ", result.Problems)}");
    }

    private static (Line Time, Line Size)? AddPeer(BenchRun run, int size, int count, (Line Time, Line Size) ours)
    {
        if (!Directory.Exists(Memory))
        {
            run.CannotMeasure("repo-add", $"there is no {Memory} to work in");
            return null;
        }

        var one = run.Add("repo-add -s, all packages in one call, its own folder in memory", "ms", LineKind.Peer);
        var sizes = run.Add("size of repo-add's .db and .files together", "KiB", LineKind.Peer);
        run.Compare(ours.Time, one);
        run.Compare(ours.Size, sizes);
        run.Note("repo-add: the packages are signed before its time begins, and it syncs nothing. Caur's time has both.");
        run.Known($"repo-add on a quiet machine, {size:#,0} packages", "ms", count > 1 ? 5_300 : size > 7_000 ? 2_000 : 1_050);
        return (one, sizes);
    }

    /// <summary>The same with repo-add, once; false when it is not there.</summary>
    private static async Task<bool> RepoAddAsync(
        BenchRun run,
        SigningKey key,
        RepositoryDatabase database,
        (int Size, int Count, int Round) what,
        (Line Time, Line Size) lines,
        CancellationToken cancellationToken)
    {
        using var memory = new BenchFolder(Memory);
        var folder = run.NewFolder();
        await WriteAsync(folder, database, key, cancellationToken);
        var names = new List<string>();
        for (var i = 0; i < what.Count; i++)
        {
            // Made once more: what was offered to Caur is Caur's.
            var archive = await Archive(what.Size, i, what.Round).WriteAsync(folder, cancellationToken);
            await key.Signer.SignDetachedAsync(archive.Path, cancellationToken);
            names.Add(archive.FileName);
        }

        ProcessResult? done = null;
        try
        {
            await run.TimeAsync(lines.Time, async () => done = await new ProcessRunner(TimeProvider.System).RunAsync(
                new ProcessRequest
                {
                    FileName = "repo-add",
                    Arguments = ["-q", "-s", "-k", key.Fingerprint, $"{Target}.db.tar.gz", .. names],
                    WorkingFolder = folder,
                    Environment = new Dictionary<string, string?> { ["TMPDIR"] = memory.Path, ["GNUPGHOME"] = key.Home },
                    Timeout = TimeSpan.FromMinutes(10),
                },
                cancellationToken));
        }
        catch (ProgramNotFoundException missing)
        {
            run.CannotMeasure("repo-add", missing.Message);
            return false;
        }

        BenchRun.Check(done!.Succeeded, $"repo-add ended with {done.ExitCode}: {done.Error}");
        if (what.Round == run.Repeat)
        {
            run.Take(lines.Size, (Size(folder, $"{Target}.db.tar.gz") + Size(folder, $"{Target}.files.tar.gz")) / 1024.0);
        }

        return true;
    }

    private static async Task WriteAsync(string folder, RepositoryDatabase database, SigningKey key, CancellationToken cancellationToken)
    {
        foreach (var (kind, name) in new[] { (DatabaseKind.Packages, "db"), (DatabaseKind.Files, "files") })
        {
            var path = Path.Combine(folder, $"{Target}.{name}.tar.gz");
            await using (var file = File.Create(path))
            {
                await database.WriteAsync(file, kind, CompressionFormat.Gzip, cancellationToken);
            }

            await key.Signer.SignDetachedAsync(path, cancellationToken);
        }
    }

    private static long Size(string folder, string name) => new FileInfo(Path.Combine(folder, name)).Length;
}
