using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.IReminderGrain")]
public interface IReminderGrain : IGrainWithStringKey, IRemindable
{
    [Alias("Register")]
    Task Register(string name, TimeSpan due, TimeSpan period);

    [Alias("Unregister")]
    Task Unregister(string name);

    [Alias("Names")]
    Task<List<string>> Names();

    [Alias("Has")]
    Task<bool> Has(string name);
}

public sealed class ReminderGrain : Grain, IReminderGrain
{
    /// <summary>The ticks of each grain, by key, with what became of them.</summary>
    public static readonly ConcurrentDictionary<string, ConcurrentQueue<(string Name, TickStatus Status)>> Ticks = new();

    /// <summary>Keys of grains whose ticks fail.</summary>
    public static readonly ConcurrentDictionary<string, bool> Failing = new();

    public static int CountOf(string key) => Ticks.TryGetValue(key, out var ticks) ? ticks.Count : 0;

    public Task Register(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task Unregister(string name) => await this.UnregisterReminder((await this.GetReminder(name))!);

    public async Task<List<string>> Names() => [.. (await this.GetReminders()).Select(static reminder => reminder.ReminderName)];

    public async Task<bool> Has(string name) => await this.GetReminder(name) is not null;

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        var key = this.GetPrimaryKeyString();
        Ticks.GetOrAdd(key, static _ => new()).Enqueue((reminderName, status));
        return Failing.ContainsKey(key) ? throw new InvalidOperationException("this tick fails") : Task.CompletedTask;
    }
}
