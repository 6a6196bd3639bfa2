using System.Diagnostics;
using Caur.Benchmarks.Running;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Benchmarks.Rows;

/// <summary>What one builder brings, and another's lease.</summary>
internal sealed class LeaseDelayRow : Benchmark
{
    public override string Name => "lease-delay";

    public override string Work => "a renewal over a link while another builder floods its log, and while it uploads 2 GiB";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var idle = run.Add("p99, nothing else", "ms");
        var flooded = run.Add("p99, beside a log flood", "ms", goal: Goal.AtMost(100));
        var uploaded = run.Add("p99, beside an upload", "ms", goal: Goal.AtMost(100));
        var rate = run.Add("the upload meanwhile", "MB/s");
        run.Note("Hub, both agents' ends of their links and what they send are one process: they have the processors among them.");
        var renewals = run.Size(1_000, 20);
        for (var i = 0; i < run.Repeat; i++)
        {
            var (archive, content) = await LargeArchive.MakeAsync(run.NewFolder(), run.Size(2_048, 16), cancellationToken);
            await using var farm = await BenchFarm.StartAsync(run.NewFolder());
            await using var quiet = await farm.LinkAsync("quiet", cancellationToken);
            await using var loud = await farm.LinkAsync("loud", cancellationToken);
            await farm.EnqueueAsync([.. Enumerable.Range(0, 4).Select(number => new GeneratedFolder($"loud-{number}", [], []))]);
            var attempts = new List<AttemptRef>();
            while (attempts.Count < 4)
            {
                foreach (var order in await loud.TakeAsync(4, cancellationToken))
                {
                    BenchRun.Check(await loud.AcceptAsync(order.Attempt, cancellationToken), "a build was not accepted");
                    attempts.Add(order.Attempt);
                }
            }

            await RenewAsync(quiet, renewals / 10, cancellationToken);
            run.Take(idle, await RenewAsync(quiet, renewals, cancellationToken));

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var floods = attempts.Select(attempt => Task.Run(() => FloodAsync(loud, attempt, stop.Token, cancellationToken), cancellationToken)).ToList();
            var beside = await RenewAsync(quiet, renewals, cancellationToken);
            await stop.CancelAsync();
            await Task.WhenAll(floods);
            run.Take(flooded, beside);

            await loud.RenewAsync(attempts, cancellationToken);
            var began = Stopwatch.GetTimestamp();
            var upload = Task.Run(() => loud.UploadAsync(attempts[0], archive, _ => new(File.OpenRead(content)), cancellationToken), cancellationToken);
            var times = new List<double>();
            while (!upload.IsCompleted || times.Count == 0)
            {
                times.Add(await RenewOnceAsync(quiet, cancellationToken));
                if (times.Count % 200 == 0)
                {
                    // Its own leases go on meanwhile.
                    await loud.RenewAsync(attempts, cancellationToken);
                }
            }

            BenchRun.Check((await upload).Stored, $"the archive was not stored: {(await upload).Reason}");
            run.Take(rate, archive.Size / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds);
            run.Take(uploaded, P99(times));
        }
    }

    private static async Task<double> RenewAsync(LinkSession session, int renewals, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (var i = 0; i < renewals; i++)
        {
            times.Add(await RenewOnceAsync(session, cancellationToken));
        }

        return P99(times);
    }

    private static async Task<double> RenewOnceAsync(LinkSession session, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        BenchRun.Check((await session.RenewAsync([], cancellationToken)).Known, "the builder is not known any more");
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static double P99(List<double> times)
    {
        times.Sort();
        return times.Count == 0 ? 0 : times[times.Count * 99 / 100];
    }

    private static async Task FloodAsync(LinkSession session, AttemptRef attempt, CancellationToken stop, CancellationToken cancellationToken)
    {
        var bytes = new byte[LinkProtocol.MaxLogBytes];
        for (var offset = 0L; !stop.IsCancellationRequested; offset += bytes.Length)
        {
            var reply = await session.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = 0, Offset = offset, Bytes = bytes }, cancellationToken);
            BenchRun.Check(reply.NextOffset == offset + bytes.Length, "a piece of a log was not taken");
        }
    }
}
