using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Tests.Soak;

namespace Caur.Tests.Grains;

/// <summary>The control plane's grains on the engine: builders that work, die, forget and come back, storage that fails now and then, a
/// host that is restarted over the same database. In the end every order has one final state and every package is published once.</summary>
internal sealed class QueueGrainsScenario : ISoakScenario
{
    private static readonly string[] States = ["queue-", "build", "package", "operation-", "order-"];

    public string Name => "queue-grains";

    public async Task RunAsync(SoakRound round)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var random = round.Random;
        var builders = Enumerable.Range(0, 3).Select(i => new ScriptedBuilder(farm, $"b{i}", 2)).ToArray();
        var ordered = new HashSet<BuildId>();
        var names = 0;
        for (var step = round.IsShort ? 25 : random.Next(100, 300); step > 0; step--)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            await TryAsync(() => StepAsync(round, farm, builders, ordered, () => $"p{names++:0000}"), round);
        }

        await FinishAsync(farm, builders[0]);
        foreach (var build in ordered)
        {
            var view = (await farm.Build(build).GetAsync()).ShouldNotBeNull($"{build} has a record");
            view.State.IsFinal().ShouldBeTrue($"{build} is {view.State}: {view.Reason}");
            view.Attempts.Count(attempt => attempt.End is null).ShouldBe(0);
            (view.State == BuildState.Published).ShouldBe(farm.Publisher.Published.Count(published => published == build) == 1, $"{build} is {view.State}");
        }

        farm.Publisher.Published.ShouldBeUnique();
        round.Count("builds", ordered.Count);
        round.Count("published", farm.Publisher.Published.Count);
    }

    private static async Task StepAsync(SoakRound round, Farm farm, ScriptedBuilder[] builders, HashSet<BuildId> ordered, Func<string> name)
    {
        var random = round.Random;
        var builder = builders[random.Next(builders.Length)];
        switch (random.Next(20))
        {
            case < 4:
                await OrderAsync(round, farm, ordered, name);
                break;
            case < 7:
                await builder.JoinAsync();
                break;
            case < 12:
                await WorkAsync(random, builder);
                break;
            case < 14:
                await farm.AdvanceAsync(TimeSpan.FromSeconds(random.Next(1, 6)));
                break;
            case 14:
                // Longer than a lease: whoever does not renew loses what it has.
                await farm.AdvanceAsync(TimeSpan.FromSeconds(35));
                break;
            case 15:
                builder.Boot = Guid.NewGuid();
                builder.Running.Clear();
                round.Count("dead builders");
                break;
            case 16 or 17:
                farm.Faults.FailWrites(States[random.Next(States.Length)], random.Next(1, 3), afterwards: random.Next(2) == 0);
                round.Count("faults");
                break;
            case 18 when ordered.Count > 0:
                var build = ordered.ElementAt(random.Next(ordered.Count));
                await farm.Queue.CancelAsync(build, "not wanted");
                await farm.Queue.PromoteAsync(build);
                break;
            default:
                await farm.RestartAsync();
                round.Count("restarts");
                break;
        }
    }

    /// <summary>An order is repeated until it is answered, as a pipeline does, also by another hub.</summary>
    private static async Task OrderAsync(SoakRound round, Farm farm, HashSet<BuildId> ordered, Func<string> name)
    {
        var random = round.Random;
        var names = Enumerable.Range(0, random.Next(1, 8)).Select(_ => name()).ToList();
        var request = new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [.. names.Select((pkgbase, i) => Farm.Request(pkgbase, i > 0 && random.Next(2) == 0 ? [names[random.Next(i)]] : []))],
        };
        for (var tries = 0; tries < 5; tries++)
        {
            try
            {
                var replies = await farm.Queue.EnqueueAsync(request);
                replies.Length.ShouldBe(names.Count);
                ordered.UnionWith(replies.Select(reply => reply.Build));
                return;
            }
            catch (Exception error) when (error is not ShouldAssertException)
            {
                round.Count("repeated calls");
                if (random.Next(2) == 0)
                {
                    await farm.RestartAsync();
                }
            }
        }

        throw new InvalidOperationException("an order was not taken in five tries");
    }

    private static async Task WorkAsync(Random random, ScriptedBuilder builder)
    {
        await builder.RenewAsync();
        foreach (var offer in await builder.TakeAsync(2))
        {
            if (random.Next(6) != 0 && await builder.AcceptAsync(offer.Attempt))
            {
                builder.Running.Add(offer.Attempt);
            }
        }

        foreach (var attempt in builder.Running.ToList())
        {
            switch (random.Next(6))
            {
                case < 3:
                    await builder.UploadingAsync(attempt);
                    await builder.CompleteAsync(attempt, AttemptEnd.Built);
                    break;
                case 3:
                    await builder.CompleteAsync(attempt, random.Next(3) == 0 ? AttemptEnd.Failed : AttemptEnd.HandedBack, "so it goes");
                    break;
            }
        }
    }

    /// <summary>Calls fail while storage does; what matters is how things stand in the end.</summary>
    private static async Task TryAsync(Func<Task> step, SoakRound round)
    {
        try
        {
            await step();
        }
        catch (Exception error) when (error is not (ShouldAssertException or InvalidOperationException or OperationCanceledException))
        {
            round.Count("failed calls");
        }
    }

    /// <summary>Whatever is left is built by a builder without faults; what is held is cancelled.</summary>
    private static async Task FinishAsync(Farm farm, ScriptedBuilder builder)
    {
        farm.Faults.Clear();
        await farm.RestartAsync();
        builder.Boot = Guid.NewGuid();
        builder.Running.Clear();
        await builder.JoinAsync();
        await farm.AdvanceUntilAsync(
            async () =>
            {
                await builder.RenewAsync();
                foreach (var offer in await builder.TakeAsync(2))
                {
                    if (await builder.AcceptAsync(offer.Attempt))
                    {
                        await builder.UploadingAsync(offer.Attempt);
                        await builder.CompleteAsync(offer.Attempt, AttemptEnd.Built);
                    }
                }

                var items = (await farm.Queue.GetAsync()).Items;
                foreach (var held in items.Where(item => item.Wait == WaitReason.Held))
                {
                    await farm.Queue.CancelAsync(held.Build, "what it depends on failed");
                }

                return items.IsEmpty;
            },
            "everything is built",
            600);
    }
}
