using System.Collections.Concurrent;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Tests.Engine.Conformance;

/// <summary>
/// Turns that stay open until a test opens their gate. Gates are static, by name: both engines run the grains in the process of the tests.
/// </summary>
[Alias("caur.tests.ITurnGrain")]
public interface ITurnGrain : IGrainWithStringKey
{
    [Alias("Hold")]
    Task Hold(string gate);

    [Alias("Note")]
    Task Note(string text);

    [ReadOnly]
    [Alias("HoldReading")]
    Task HoldReading(string gate);

    [AlwaysInterleave]
    [Alias("Interleave")]
    Task<IReadOnlyList<string>> Notes();

    [AlwaysInterleave]
    [Alias("HoldInterleaving")]
    Task HoldInterleaving(string gate);

    [OneWay]
    [Alias("NoteOneWay")]
    Task NoteOneWay(string text, string gate);

    [OneWay]
    [Alias("FailOneWay")]
    Task FailOneWay(string gate);

    [Alias("CountInTurns")]
    Task<int> CountInTurns(int steps);

    [Alias("RunsOnTheActivation")]
    Task<bool> RunsOnTheActivation();

    [Alias("NoteThrough")]
    Task NoteThrough(ITurnGrain other, string text);
}

/// <summary>The same, reentrant.</summary>
[Alias("caur.tests.IReentrantTurnGrain")]
public interface IReentrantTurnGrain : ITurnGrain;

/// <summary>A gate that a turn has reached and waits at.</summary>
public sealed class Gate
{
    private static readonly ConcurrentDictionary<string, Gate> Gates = new();

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task;

    public static Gate Named(string name) => Gates.GetOrAdd(name, static _ => new Gate());

    public void Open() => _opened.TrySetResult();

    public Task PassAsync()
    {
        _reached.TrySetResult();
        return _opened.Task;
    }
}

public class TurnGrain : Grain, ITurnGrain
{
    private readonly List<string> _notes = [];
    private int _count;

    public async Task Hold(string gate)
    {
        _notes.Add($"begin {gate}");
        await Gate.Named(gate).PassAsync();
        _notes.Add($"end {gate}");
    }

    public Task HoldReading(string gate) => Hold(gate);

    public Task HoldInterleaving(string gate) => Hold(gate);

    public Task Note(string text)
    {
        _notes.Add(text);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<string>> Notes() => Task.FromResult<IReadOnlyList<string>>(_notes);

    public async Task NoteOneWay(string text, string gate)
    {
        await Gate.Named(gate).PassAsync();
        _notes.Add(text);
    }

    public Task FailOneWay(string gate)
    {
        Gate.Named(gate).PassAsync();
        throw new InvalidOperationException("nobody hears this");
    }

    public async Task<int> CountInTurns(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var before = _count;
            await Task.Yield();
            _count = before + 1;
        }

        return _count;
    }

    public Task NoteThrough(ITurnGrain other, string text) => other.Note(text);

    public async Task<bool> RunsOnTheActivation()
    {
        var scheduler = TaskScheduler.Current;
        await Task.Run(static () => { });
        return scheduler != TaskScheduler.Default && TaskScheduler.Current == scheduler;
    }
}

[Reentrant]
public sealed class ReentrantTurnGrain : TurnGrain, IReentrantTurnGrain;
