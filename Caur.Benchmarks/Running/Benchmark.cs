using Caur.Benchmarks.Rows;

namespace Caur.Benchmarks.Running;

/// <summary>One row of what the farm promises to be fast at.</summary>
internal abstract class Benchmark
{
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new DeptreeRow(),
        new OnCommitRow(),
        new DrainRow(),
        new WaitingRow(),
        new DatabaseRow("add-one-5000", 5_000, 1, 60),
        new DatabaseRow("add-one-10000", 10_000, 1, 120),
        new DatabaseRow("add-100-10000", 10_000, 100, 250),
        new DispatchRow(),
        new ContainerStartRow(),
        new UploadRow(),
        new LostBuilderRow(),
        new LeaseDelayRow(),
        new StatsRow(),
        new ScheduleRow(),
        new MetricsRow(),
        new FollowersRow(),
        new MemoryRow(),
        new IdleAgentRow(),
    ];

    /// <summary>What <c>--row</c> calls it.</summary>
    public abstract string Name { get; }

    /// <summary>What is done, for people.</summary>
    public abstract string Work { get; }

    /// <summary>Whether syncs are part of what is measured: then it is measured once more with slow ones.</summary>
    public virtual bool HasSyncs => false;

    /// <summary>Measures. Throws <see cref="BenchmarkFailedException"/> when a result is wrong.</summary>
    public abstract Task RunAsync(BenchRun run, CancellationToken cancellationToken);
}

/// <summary>What was measured did not do what it should: its time counts for nothing.</summary>
internal sealed class BenchmarkFailedException(string message) : Exception(message);
