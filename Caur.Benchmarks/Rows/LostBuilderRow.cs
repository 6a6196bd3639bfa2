using System.Diagnostics;
using Caur.Benchmarks.Running;
using Caur.Contracts.Builds;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>A builder dies without a word.</summary>
internal sealed class LostBuilderRow : Benchmark
{
    public override string Name => "lost-builder";

    public override string Work => "a killed builder is noticed, and nothing else waits";

    public override async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await LinkedAsync(run, cancellationToken);
        var noticed = run.Add("in the hub's process, silent: until it is shown as lost", "s");
        var given = run.Add("until its build is handed to another", "s");
        var meanwhile = run.Add("the longest that another builder's build took meanwhile", "ms");
        run.Known("manager, today's; the whole queue stands still for as long", "s", 26);
        run.Note("In the hub's process the builder is a session whose agent stops: there is no link whose end could be seen, so its silence tells.");
        for (var i = 0; i < run.Repeat; i++)
        {
            // In a quick run the farm's time runs faster: what it waits for is told all the same.
            var clock = run.Quick ? new FastClock(10) : null;
            await OnceAsync(run, clock ?? TimeProvider.System, (noticed, given, meanwhile), cancellationToken);
        }
    }

    /// <summary>Builders that are processes, over the link, building in containers.</summary>
    private static async Task LinkedAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var killed = run.Add("a 'caur builder' over the link, kill -9: until it is shown as lost", "s", goal: Goal.AtMost(5));
        if (run.Quick)
        {
            run.Take(killed, await LinkedBuilders.IdleAsync(run, cancellationToken));
            run.Note("In a quick run the builder over the link has nothing to build: no container is needed.");
            return;
        }

        var (engine, whyNot) = await LinkedBuilders.EngineAsync(cancellationToken);
        if (engine is null)
        {
            run.CannotMeasure("builder processes over the link that build", whyNot);
            run.Take(killed, await LinkedBuilders.IdleAsync(run, cancellationToken));
            return;
        }

        var frozen = run.Add("the same, frozen (SIGSTOP)", "s", goal: Goal.AtMost(5));
        var given = run.Add("until its build is another's: when its lease ends", "s");
        var before = run.Add("another builder's build before, order to end", "s");
        var meanwhile = run.Add("the longest one meanwhile", "s");
        using (engine)
        {
            var farm = new LinkedBuilders(run, engine);
            var source = await farm.SourceAsync(cancellationToken);
            for (var i = 0; i < Math.Min(3, run.Repeat); i++)
            {
                foreach (var (kill, line) in ((bool, Line)[])[(true, killed), (false, frozen)])
                {
                    var seen = await farm.OnceAsync(source, kill, cancellationToken);
                    run.Take(line, seen.Lost);
                    run.Take(before, seen.Before);
                    run.Take(meanwhile, seen.Meanwhile);
                    run.Take(given, seen.Given);
                }
            }
        }
    }

    private static async Task OnceAsync(
        BenchRun run, TimeProvider clock, (Line Noticed, Line Given, Line Meanwhile) lines, CancellationToken cancellationToken)
    {
        var poll = TimeSpan.FromMilliseconds(run.Size(20, 200));
        await using var farm = await BenchFarm.StartAsync(run.NewFolder(), clock);

        // It takes one build, and is never heard of again.
        var victim = farm.NewSession();
        var hello = new BuilderHello { Name = "victim", Instance = "0", BootId = Guid.NewGuid(), Architectures = [BenchFarm.Arch], Slots = 1 };
        await victim.HelloAsync(hello, new Drain.NoAgent(), cancellationToken);
        await farm.EnqueueAsync([new GeneratedFolder("the-victims", [], [])]);
        var order = (await victim.TakeAsync(1, cancellationToken)).Single();
        BenchRun.Check(await victim.AcceptAsync(order.Attempt, cancellationToken), "the victim's build was not accepted");
        await victim.RenewAsync([order.Attempt], cancellationToken);
        var died = clock.GetTimestamp();

        var again = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var other = new ZeroBuilder(
            farm.NewSession(),
            "other",
            1,
            taken =>
            {
                if (taken.Pkgbase == "the-victims")
                {
                    again.TrySetResult(clock.GetElapsedTime(died));
                }

                return Task.CompletedTask;
            },
            AttemptOutcome.AlreadyBuilt);
        using var end = new CancellationTokenSource();
        var building = Task.Run(() => other.RunAsync(end.Token), cancellationToken);
        await other.Joined;

        // Others' builds come and go meanwhile.
        TimeSpan? noticed = null;
        var slowest = TimeSpan.Zero;
        for (var number = 0; !again.Task.IsCompleted || noticed is null; number++)
        {
            BenchRun.Check(clock.GetElapsedTime(died) < TimeSpan.FromMinutes(3), "nobody noticed");
            var started = Stopwatch.GetTimestamp();
            var queued = (await farm.EnqueueAsync([new GeneratedFolder($"another-{number}", [], [])]))[0].Build;
            while ((await farm.Build(queued).GetAsync())?.State.IsFinal() != true)
            {
                BenchRun.Check(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1), "another builder's build stood still");
                await Task.Delay(TimeSpan.FromMilliseconds(run.Size(1, 10)), TimeProvider.System, cancellationToken);
            }

            var took = Stopwatch.GetElapsedTime(started);
            slowest = took > slowest ? took : slowest;
            var seen = (await farm.Queue.GetAsync()).Builders.FirstOrDefault(builder => builder.Profile.Builder.Name == "victim");
            noticed ??= seen is null or { Lost: true } ? clock.GetElapsedTime(died) : null;
            await Task.Delay(poll, TimeProvider.System, cancellationToken);
        }

        run.Take(lines.Noticed, noticed.Value.TotalSeconds);
        run.Take(lines.Given, (await again.Task).TotalSeconds);
        run.Take(lines.Meanwhile, slowest.TotalMilliseconds);
        await end.CancelAsync();
        await building;
    }

    /// <summary>The system's time, several times as fast.</summary>
    private sealed class FastClock(int factor) : TimeProvider
    {
        private readonly DateTimeOffset _begin = System.GetUtcNow();
        private readonly long _started = System.GetTimestamp();

        public override long TimestampFrequency => System.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => _begin + (System.GetElapsedTime(_started) * factor);

        public override long GetTimestamp() => _started + ((System.GetTimestamp() - _started) * factor);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new FastTimer(factor, System.CreateTimer(callback, state, Scaled(dueTime, factor), Scaled(period, factor)));

        private static TimeSpan Scaled(TimeSpan time, int factor) => time > TimeSpan.Zero ? time / factor : time;

        private sealed class FastTimer(int factor, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(Scaled(dueTime, factor), Scaled(period, factor));

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
