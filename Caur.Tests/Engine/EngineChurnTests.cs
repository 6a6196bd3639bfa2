using System.Collections.Concurrent;
using Caur.Tests.Support;
using Orleans;

namespace Caur.Tests.Engine;

/// <summary>Grains that come and go under load: no call is lost and there is never a second activation.</summary>
public sealed class EngineChurnTests
{
    [Theory]
    [InlineData(1, 40, 250)]
    [InlineData(10, 40, 250)]
    public async Task Calls_WhileGrainsDeactivate_AllRunOnOneActivationAtATime(int grains, int callers, int calls)
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(ChurnGrain)] };
        await engine.InitializeAsync();
        var run = Guid.NewGuid().ToString("N");
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < calls; i++)
            {
                var grain = engine.Client.GetGrain<IChurnGrain>($"{run}-{(caller + i) % grains}");
                await grain.Touch(end: (caller + i) % 7 == 0);
            }
        }))).DefaultTimeout("all calls");

        var keys = Enumerable.Range(0, grains).Select(i => $"{run}-{i}").ToList();
        keys.Sum(static key => ChurnGrain.Touched[key]).ShouldBe(callers * calls);
        keys.ShouldAllBe(static key => !ChurnGrain.Doubled.ContainsKey(key));
        keys.Sum(static key => ChurnGrain.Activations[key]).ShouldBeGreaterThan(grains);
    }
}

[Alias("caur.tests.IChurnGrain")]
public interface IChurnGrain : IGrainWithStringKey
{
    [Alias("Touch")]
    Task Touch(bool end);
}

public sealed class ChurnGrain : Grain, IChurnGrain
{
    public static readonly ConcurrentDictionary<string, int> Touched = new();
    public static readonly ConcurrentDictionary<string, int> Activations = new();
    public static readonly ConcurrentDictionary<string, bool> Doubled = new();

    private static readonly ConcurrentDictionary<string, int> Alive = new();

    private string Key => this.GetPrimaryKeyString();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Activations.AddOrUpdate(Key, 1, static (_, count) => count + 1);
        if (Alive.AddOrUpdate(Key, 1, static (_, count) => count + 1) > 1)
        {
            Doubled[Key] = true;
        }

        await Task.Yield();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Alive.AddOrUpdate(Key, 0, static (_, count) => count - 1);
    }

    public async Task Touch(bool end)
    {
        // Not atomic on purpose: turns of one grain may not meet here.
        var before = Touched.GetValueOrDefault(Key);
        if (end)
        {
            DeactivateOnIdle();
            await Task.Yield();
        }

        Touched[Key] = before + 1;
    }
}
