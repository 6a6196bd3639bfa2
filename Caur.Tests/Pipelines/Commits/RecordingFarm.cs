using System.Collections.Immutable;
using Caur.Pipelines.Hosting;

namespace Caur.Tests.Pipelines.Commits;

/// <summary>A farm that remembers what was handed over to it, and, as a farm does, what an operation was answered.</summary>
internal sealed class RecordingFarm : IFarm
{
    private readonly Dictionary<Guid, ScheduleOutcome> _known = [];
    private long _timestamp = 1000;

    public FarmNames Names { get; set; } = new(["chaotic-aur"], [new FarmTargetName("chaotic-aur", ["x86_64", "aarch64"])]);

    /// <summary>What a call fails with, asked before each; null when it does not.</summary>
    public Func<string, Exception?> Fault { get; set; } = _ => null;

    /// <summary>What others do before a call, and before its answer.</summary>
    public Func<string, Task> Meanwhile { get; set; } = _ => Task.CompletedTask;

    /// <summary>What is published, by pkgbase.</summary>
    public Dictionary<string, string[]> Published { get; } = [];

    /// <summary>What is refused, by pkgbase.</summary>
    public Dictionary<string, string> Refused { get; } = [];

    public List<ScheduleOrder> Schedules { get; } = [];

    public List<KeepOrder> Keeps { get; } = [];

    /// <summary>The builds that were queued, without those that an operation queued before.</summary>
    public List<string> Queued { get; } = [];

    public Task<FarmNames> DescribeAsync(CancellationToken cancellationToken) => AnswerAsync("names", () => Names);

    public Task<ScheduleOutcome> ScheduleAsync(ScheduleOrder order, CancellationToken cancellationToken) => AnswerAsync("schedule", () =>
    {
        Schedules.Add(order);
        if (!_known.TryGetValue(order.Operation, out var outcome))
        {
            var builds = order.Packages.Where(one => !Refused.ContainsKey(one.Pkgbase))
                .ToImmutableDictionary(one => one.Pkgbase, one => $"{order.TargetRepository}/{order.Arch}/{one.Pkgbase}/{_timestamp++}");
            Queued.AddRange(builds.Keys.Order(StringComparer.Ordinal));
            outcome = _known[order.Operation] = new ScheduleOutcome(
                builds, Refused.Where(pair => order.Packages.Any(one => one.Pkgbase == pair.Key)).ToImmutableDictionary(), []);
        }

        return outcome;
    });

    public Task<RemovalOutcome> KeepAsync(KeepOrder order, CancellationToken cancellationToken) => AnswerAsync("keep", () =>
    {
        Keeps.Add(order);
        var gone = Published.Where(pair => !order.Pkgbases.Contains(pair.Key)).ToList();
        if (!order.DryRun)
        {
            gone.ForEach(pair => Published.Remove(pair.Key));
        }

        return new RemovalOutcome(gone.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.ToImmutableArray()), null);
    });

    private async Task<T> AnswerAsync<T>(string call, Func<T> answer)
    {
        // The answer may be lost after it was done, too.
        await FailAsync(call);
        var result = answer();
        await FailAsync($"{call} done");
        return result;
    }

    private async Task FailAsync(string call)
    {
        await Meanwhile(call);
        if (Fault(call) is { } fault)
        {
            throw fault;
        }
    }
}
