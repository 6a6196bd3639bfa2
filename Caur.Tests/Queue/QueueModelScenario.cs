using Caur.Tests.Soak;

namespace Caur.Tests.Queue;

/// <summary>Long histories of queues with hundreds of builds beside the model.</summary>
internal sealed class QueueModelScenario : ISoakScenario
{
    public string Name => "queue-model";

    public async Task RunAsync(SoakRound round)
    {
        var steps = round.IsShort ? 300 : round.Random.Next(2_000, 6_000);
        var packages = round.IsShort ? 20 : round.Random.Next(20, 600);
        var model = new QueueModel(packages, withCycles: round.Random.Next(2) == 0);
        for (var done = 0; done < steps; done += 100)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            model.Run([.. Enumerable.Range(0, 100).Select(_ => round.Random.Next())], checkEvery: 20);
            round.Count("steps", 100);
            await Task.Yield();
        }

        round.Count("builds in the queue at the end", model.Queued);
        model.Drain();
        round.Count("queues drained");
    }
}
