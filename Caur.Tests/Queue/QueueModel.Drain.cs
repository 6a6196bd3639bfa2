using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

internal sealed partial class QueueModel
{
    private static readonly TimeSpan Round = TimeSpan.FromHours(1);

    /// <summary>How long it takes until even a build of a mass rebuild stands before a manual one that comes new.</summary>
    private static readonly int RoundsToAge = (int)(TimeSpan.FromHours(12) / Round) + 1;

    /// <summary>Goes on with builders that succeed at everything, while as many urgent builds arrive as the builders can build. Whatever
    /// waits and is not held is offered within a number of rounds that those before it explain, whatever arrives.</summary>
    public void Drain()
    {
        _queue.State.Paused = false;
        RenewAll();
        var open = Waiting().Where(build => !IsHeld(build) && Takers(build).Any()).ToHashSet();

        // What waits for builds that no builder fits waits with reason, also when what it waits for is out on an offer that will lapse.
        while (open.RemoveWhere(build => _queue.State.Find(build)!.WaitsFor
            .Any(first => first.Durable.State == BuildState.Waiting && !open.Contains(first.Build))) > 0)
        {
        }

        // In the worst case one slot is the only one that fits them all; what was begun comes on top, and what rests.
        var rounds = RoundsToAge + Queued + 20;
        for (var round = 0; open.Count > 0; round++)
        {
            round.ShouldBeLessThan(rounds, $"{open.Count} builds starve, such as {open.First()}: {_queue.View(open.First()).Explanation}");
            _queue.Now += Round;
            RenewAll();
            Sweep();
            _active.ToList().ForEach(attempt => Finish(attempt, _queue.State.Find(attempt.Build)!.Durable.Ending?.State ?? BuildState.Published));
            TakeInClosed();
            LiftIgnored();

            // Somebody had wanted the end of what still ran: that holds what depends on it.
            open.RemoveWhere(build => _queue.State.Find(build) is not null && IsHeld(build));
            Arrive(7);
            for (var i = 0; i < 5; i++)
            {
                TakeInOrder(Builder(i), 2);
            }

            foreach (var attempt in _offered.ToList())
            {
                open.Remove(attempt.Build);
                Accept(new Random(0));
            }

            open.RemoveWhere(build => _ended.Contains(build));
        }

        LiftIgnored();
        Check();
    }

    /// <summary>Urgent builds of packages that nothing depends on, as many as there are slots.</summary>
    private void Arrive(int number) => Order(Guid.NewGuid(), [.. Enumerable.Range(0, number).Select(i => Request($"new{_names++}") with
    {
        Priority = BuildPriority.Manual,
        BuilderClass = i == 0 ? "named" : i < 3 ? "5" : null,
    })]);

    private bool IsHeld(BuildId build) =>
        _heldBy[build].Count > 0 || WaitsForHeld(_queue.State.Find(build)!, []);
}
