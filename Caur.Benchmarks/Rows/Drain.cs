using System.Collections.Concurrent;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>The builders, and when each build was handed out.</summary>
internal sealed class Drain : IDisposable
{
    public const int Builders = 8;

    private readonly CancellationTokenSource _end = new();
    private readonly List<ZeroBuilder> _builders = [];
    private readonly List<Task> _runs = [];

    public Drain(BenchFarm farm, int slots, AttemptOutcome outcome, int builders = Builders)
    {
        for (var i = 0; i < builders; i++)
        {
            _builders.Add(new ZeroBuilder(farm.NewSession(), $"builder-{i}", slots, Taken, outcome));
        }

        Task Taken(BuildOrder order)
        {
            TakenAt[order.Pkgbase] = farm.Publisher.NextStep();
            return Task.CompletedTask;
        }
    }

    public ConcurrentDictionary<string, long> TakenAt { get; } = new(StringComparer.Ordinal);

    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        _runs.AddRange(_builders.Select(builder => Task.Run(() => builder.RunAsync(_end.Token), cancellationToken)));
        await Task.WhenAll(_builders.Select(static builder => builder.Joined));
    }

    public async Task UntilAsync(Task reached, CancellationToken cancellationToken)
    {
        var first = await Task.WhenAny([reached.WaitAsync(TimeSpan.FromMinutes(10), TimeProvider.System, cancellationToken), .. _runs]);
        await first;
    }

    public async Task EndAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_runs);
    }

    public void Dispose()
    {
        _end.Dispose();
        _builders.ForEach(static builder => builder.Dispose());
    }

    /// <summary>An agent that hears nothing.</summary>
    public sealed class NoAgent : IBuilderAgent
    {
        public void WorkAvailable()
        {
        }

        public void Cancel(AttemptRef attempt, string reason)
        {
        }

        void IBuilderAgent.Drain()
        {
        }

        public void Rejoin()
        {
        }
    }
}
