using System.Diagnostics;
using Caur.Benchmarks.Peers;
using Caur.Benchmarks.Running;

namespace Caur.Benchmarks.Rows;

/// <summary>An archive from a builder into the landing zone.</summary>
internal sealed class UploadRow : Benchmark
{
    public override string Name => "upload";

    public override string Work => "an archive of 512 MiB from a builder to the hub over the loopback: in pieces, hashed, synced";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var ours = run.Add("in pieces through the gateway", "MB/s");
        run.Note("Both ends are one process. Its SHA-256 is worked out when it came, from the file; sftp hashes nothing, encrypts, and is told to sync the file too.");
        var (archive, path) = await LargeArchive.MakeAsync(run.NewFolder(), run.Size(512, 8), cancellationToken);
        await using var farm = await BenchFarm.StartAsync(run.NewFolder());
        await using var link = await farm.LinkAsync("north", cancellationToken);
        var besideIt = run.Peers ? await SftpPeer.PrepareAsync(run, ours, path, cancellationToken) : static () => Task.CompletedTask;
        for (var i = 0; i < run.Repeat; i++)
        {
            // A build of its own for each: what is there is not sent again.
            await farm.EnqueueAsync([new GeneratedFolder($"large-{i}", [], [])]);
            var order = (await link.TakeAsync(1, cancellationToken)).Single();
            BenchRun.Check(await link.AcceptAsync(order.Attempt, cancellationToken), "the build was not accepted");
            var cpu = CpuTime.Now();
            var began = Stopwatch.GetTimestamp();
            var reply = await link.UploadAsync(order.Attempt, archive, _ => new(File.OpenRead(path)), cancellationToken);
            var took = Stopwatch.GetElapsedTime(began);
            BenchRun.Check(reply.Stored, $"the archive was not stored: {reply.Reason}");
            run.Take(ours, archive.Size / 1e6 / took.TotalSeconds, CpuTime.Now() - cpu);
            await besideIt();
        }
    }
}
