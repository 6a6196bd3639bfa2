using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Caur.Benchmarks.Running;
using Caur.Builder.Logs;
using Caur.Protocol.Builders;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Benchmarks.Rows;

/// <summary>Lines of a build on the screens of those who look on.</summary>
internal sealed class FollowersRow : Benchmark
{
    public override string Name => "followers";

    public override string Work => "a container's output to a follower's screen, 200 followers";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var followers = run.Size(200, 10);
        var lines = run.Size(100, 10);
        var p99 = run.Add("p99, from the container's line to its receipt", "ms", goal: Goal.AtMost(100));
        var p50 = run.Add("p50", "ms");
        run.Note("The line goes into the agent's pump, through the session, the log's grain and file, and over HTTP to each follower.");
        await using var farm = await BenchFarm.StartAsync(run.NewFolder());
        var session = farm.NewSession();
        await session.HelloAsync(
            new BuilderHello { Name = "builder", Instance = "0", BootId = Guid.NewGuid(), Architectures = [BenchFarm.Arch], Slots = 1 },
            new Drain.NoAgent(),
            cancellationToken);
        for (var i = 0; i < run.Repeat; i++)
        {
            var build = (await farm.EnqueueAsync([new GeneratedFolder($"popular-{i}", [], [])]))[0].Build;
            var order = (await session.TakeAsync(1, cancellationToken)).Single();
            BenchRun.Check(await session.AcceptAsync(order.Attempt, cancellationToken), "the build was not accepted");
            var path = string.Create(CultureInfo.InvariantCulture, $"/api/logs/{build.Pkgbase}/{build.Timestamp}");
            var received = new ConcurrentBag<double>();
            var sent = new ConcurrentDictionary<int, long>();
            using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = followers + 1 }) { BaseAddress = farm.Url };
            var present = new CountdownEvent(followers);
            await using (var pump = new LogPump(
                session, order.Attempt, new LogOptions(), TimeProvider.System, NullLogger<LogPump>.Instance))
            {
                await pump.WriteAsync("begin\n"u8.ToArray(), cancellationToken);
                var cpu = CpuTime.Now();
                var reading = Enumerable.Range(0, followers).Select(_ => Task.Run(
                    async () =>
                    {
                        using var stream = new StreamReader(await http.GetStreamAsync(path, cancellationToken));
                        while (await stream.ReadLineAsync(cancellationToken) is { } text)
                        {
                            if (text == "begin")
                            {
                                present.Signal();
                            }
                            else if (text.StartsWith("line ", StringComparison.Ordinal) && int.Parse(text[5..], CultureInfo.InvariantCulture) is var number)
                            {
                                received.Add(Stopwatch.GetElapsedTime(sent[number]).TotalMilliseconds);
                            }
                        }
                    },
                    cancellationToken)).ToList();
                await Task.Run(() => present.Wait(cancellationToken), cancellationToken);
                for (var number = 0; number < lines; number++)
                {
                    sent[number] = Stopwatch.GetTimestamp();
                    await pump.WriteAsync(Encoding.ASCII.GetBytes($"line {number}\n"), cancellationToken);
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
                }

                await pump.CompleteAsync(cancellationToken);
                await session.CompleteAsync(new AttemptResult { Attempt = order.Attempt, Outcome = AttemptOutcome.AlreadyBuilt }, cancellationToken);
                await Task.WhenAll(reading);
                BenchRun.Check(received.Count == followers * lines, $"{received.Count} lines were received of {followers * lines}");
                var times = received.Order().ToList();
                run.Take(p99, times[times.Count * 99 / 100], CpuTime.Now() - cpu);
                run.Take(p50, times[times.Count / 2]);
            }
        }
    }
}
