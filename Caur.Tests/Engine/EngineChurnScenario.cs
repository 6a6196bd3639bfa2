using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Soak;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;

namespace Caur.Tests.Engine;

/// <summary>
/// Callers of every kind at a few grains that come and go: turns never meet, a grain never lives twice, each call ends in exactly one
/// answer or exception, an answered call has run once, one that nobody waits for any more at most once, and a one-way call once.
/// </summary>
[SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
internal sealed class EngineChurnScenario : ISoakScenario
{
    private const int Callers = 12;

    public string Name => "engine-churn";

    public async Task RunAsync(SoakRound round)
    {
        await using var engine = new EmbeddedEngineFixture(round.Folder)
        {
            GrainClasses = [typeof(StormGrain)],
            Configure = static (options, services) =>
            {
                options.Clock = TimeProvider.System;
                services.Configure<GrainCollectionOptions>(static collection =>
                {
                    collection.CollectionQuantum = TimeSpan.FromMilliseconds(20);
                    collection.CollectionAge = TimeSpan.FromMilliseconds(30);
                });
            },
        };
        await engine.InitializeAsync();
        var storm = Storm.Of(round.Folder.Replace('/', '-'));
        var caller = new StormCallers(engine.Client, round.Folder.Replace('/', '-'), round.Random.Next(2, 12));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        end.CancelAfter(TimeSpan.FromSeconds(round.IsShort ? 1 : 15));
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(i =>
        {
            var random = round.Fork();
            return Task.Run(() => caller.RunAsync(i, random, end.Token), CancellationToken.None);
        })).WaitAsync(TimeSpan.FromMinutes(3), TimeProvider.System, CancellationToken.None);
        // Ends what was only sent, and every activation.
        await engine.StopAsync();

        storm.Broken.Distinct().ShouldBeEmpty();
        storm.Alive.Where(static alive => alive.Value != 0).ShouldBeEmpty("all have ended");
        caller.Answered.Where(call => storm.Ran.GetValueOrDefault(call) != 1).ShouldBeEmpty("what was answered ran once");
        caller.OneWay.Where(call => storm.Ran.GetValueOrDefault(call) != 1).ShouldBeEmpty("what was sent one way ran once");
        caller.GivenUp.Where(call => storm.Ran.GetValueOrDefault(call) > 1).ShouldBeEmpty("what was given up ran once at most");
        round.Count("engine calls", caller.Answered.Count + caller.OneWay.Count + caller.GivenUp.Count);
        round.Count("engine calls given up", caller.GivenUp.Count);
        round.Count("engine activations", storm.Activated.Values.Sum());
        Storm.Forget(round.Folder.Replace('/', '-'));
    }

    [SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
    private sealed class StormCallers(IClusterClient client, string name, int grains)
    {
        private readonly Watcher _watcher = new();
        private long _calls;

        public ConcurrentBag<long> Answered { get; } = [];

        public ConcurrentBag<long> OneWay { get; } = [];

        public ConcurrentBag<long> GivenUp { get; } = [];

        public async Task RunAsync(int number, Random random, CancellationToken end)
        {
            var watcher = client.CreateObjectReference<IWatcher>(_watcher);
            while (!end.IsCancellationRequested)
            {
                // Two numbers of room: a call that is passed on uses the following ones.
                var call = Interlocked.Add(ref _calls, 8);
                var grain = Grain(random.Next(grains));
                switch (random.Next(10))
                {
                    case 0:
                        OneWay.Add(call);
                        await grain.Drop(call, end: random.Next(4) == 0);
                        break;
                    case 1:
                        await EndsAsync(call, grain.WorkInTime(call, random.Next(8)), static error => error is TimeoutException);
                        break;
                    case 2:
                        using (var source = new CancellationTokenSource())
                        {
                            var waiting = grain.Wait(call, source.Token);
                            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(4)), TimeProvider.System, CancellationToken.None);
                            await source.CancelAsync();
                            await EndsAsync(call, waiting, static error => error is OperationCanceledException);
                        }

                        break;
                    case 3:
                        await EndsAsync(call, grain.Work(call, random.Next(5), fail: true, end: false), error => error is StormException && error.Message == $"{call}");
                        break;
                    case 4:
                        await EndsAsync(call, grain.Look(call, random.Next(20)));
                        break;
                    case 5:
                        await EndsAsync(call, grain.Pass(call, random.Next(20)));
                        break;
                    case 6:
                        // Upwards only, so that no two wait for each other.
                        var first = random.Next(grains);
                        await EndsAsync(call, Grain(first).Relay(call, [.. Enumerable.Range(first + 1, Math.Min(4, grains - first - 1)).Select(Grain)]));
                        break;
                    case 7 when random.Next(10) == 0:
                        await EndsAsync(call, grain.Tick(call, TimeSpan.FromMilliseconds(random.Next(1, 20))));
                        break;
                    case 8:
                        await EndsAsync(call, grain.Tell(call, watcher));
                        break;
                    case 9 when random.Next(5) == 0:
                        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(80)), TimeProvider.System, CancellationToken.None);
                        break;
                    default:
                        await EndsAsync(call, grain.Work(call, random.Next(5), fail: false, end: random.Next(10) == 0));
                        break;
                }
            }
        }

        private IStormGrain Grain(int number) => client.GetGrain<IStormGrain>($"{name}/{number}");

        private async Task EndsAsync(long call, Task<long> task, Func<Exception, bool>? mayFail = null)
        {
            try
            {
                (await task.DefaultTimeout($"the end of call {call}")).ShouldBe(call);
                Answered.Add(call);
            }
            catch (Exception error) when (task.IsCompleted && !task.IsCompletedSuccessfully && mayFail?.Invoke(error) == true)
            {
                GivenUp.Add(call);
            }
        }
    }
}
