using System.Collections.Concurrent;
using System.Threading.Channels;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Concurrency;
using Orleans.Utilities;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.IWatcher")]
public interface IWatcher : IGrainObserver
{
    [Alias("Saw")]
    void Saw(string text);

    [OneWay]
    [Alias("SawOneWay")]
    Task SawOneWay(string text);

    [ResponseTimeout("00:00:01")]
    [Alias("Answer")]
    Task<string> Answer(string text);
}

[Alias("caur.tests.IObservedGrain")]
public interface IObservedGrain : IGrainWithStringKey
{
    [Alias("Subscribe")]
    Task Subscribe(IWatcher watcher);

    [Alias("Tell")]
    Task Tell(string text);

    [Alias("TellOneWay")]
    Task TellOneWay(string text);

    [Alias("Ask")]
    Task<List<string>> Ask(string text);

    [Alias("Count")]
    Task<int> Count();
}

public sealed class Watcher : IWatcher
{
    private readonly Channel<string> _seen = Channel.CreateUnbounded<string>();

    private int _inside;

    public ConcurrentQueue<string> Texts { get; } = new();

    /// <summary>Whether two calls were ever inside at once.</summary>
    public bool Overlapped { get; private set; }

    public void Saw(string text)
    {
        Texts.Enqueue(text);
        _seen.Writer.TryWrite(text);
    }

    public async Task SawOneWay(string text)
    {
        Overlapped |= Interlocked.Increment(ref _inside) > 1;
        await Task.Yield();
        Interlocked.Decrement(ref _inside);
        Saw(text);
    }

    public Task<string> Answer(string text) =>
        text == "fail" ? throw new InvalidOperationException("the watcher fails") : Task.FromResult($"{text}!");

    public async Task SeenAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _seen.Reader.ReadAsync().AsTask().DefaultTimeout($"call {i + 1} of {count} to the observer");
        }
    }
}

public sealed class ObservedGrain : Grain, IObservedGrain
{
    private readonly ObserverManager<IWatcher> _watchers = new(TimeSpan.FromHours(1), NullLogger.Instance);

    public Task Subscribe(IWatcher watcher)
    {
        _watchers.Subscribe(watcher, watcher);
        return Task.CompletedTask;
    }

    public Task Tell(string text)
    {
        _watchers.Notify(watcher => watcher.Saw(text));
        return Task.CompletedTask;
    }

    public Task TellOneWay(string text) => _watchers.Notify(watcher => watcher.SawOneWay(text));

    public async Task<List<string>> Ask(string text)
    {
        var answers = new List<string>();
        await _watchers.Notify(async watcher => answers.Add(await watcher.Answer(text)));
        return answers;
    }

    public Task<int> Count() => Task.FromResult(_watchers.Count);
}
