using System.Collections.Concurrent;
using System.Diagnostics;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Tracing;
using Caur.Tests.Grains;
using GrainFarm = Caur.Tests.Grains.Farm;

namespace Caur.Tests.Telemetry;

/// <summary>The control plane's spans of builds that do not go straight to their end, and what is there when nobody listens.</summary>
public sealed class FarmSpansTests : IDisposable
{
    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;

    public FarmSpansTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Caur.Farm",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.TraceId == _trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = _spans.Enqueue,
        };
    }

    private TraceContext Caller => new($"00-{_trace}-00f067aa0ba902b7-01", "vendor=opaque");

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Spans_OfABuildThatWaitsOverARestartAndFails_AreInTheCallersTrace()
    {
        ActivitySource.AddActivityListener(_listener);
        await using var farm = await GrainFarm.StartAsync();
        var queued = farm.Clock.GetUtcNow();
        var build = await EnqueueAsync(farm, Guid.NewGuid());
        await farm.RestartAsync();

        // Nobody's call is to be under way while ten minutes pass at once.
        (await farm.Queue.FindAsync(build)).ShouldNotBeNull();
        farm.Clock.Advance(TimeSpan.FromMinutes(10));
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        farm.Clock.Advance(TimeSpan.FromSeconds(5));
        (await builder.CompleteAsync(attempt, AttemptEnd.Failed, "it does not build")).ShouldBeTrue();
        await farm.WaitForAsync(build, BuildState.Failed);
        await farm.UntilAsync(() => Task.FromResult(_spans.Count >= 3), "three spans");

        _spans.Select(span => span.OperationName).ShouldBe(["enqueue", "wait", "build"]);
        var enqueue = _spans.First();
        enqueue.ParentSpanId.ToString().ShouldBe("00f067aa0ba902b7");
        enqueue.TraceStateString.ShouldBe("vendor=opaque");
        enqueue.GetTagItem("caur.build").ShouldBe(build.ToString());
        _spans.Skip(1).ShouldAllBe(span => span.ParentSpanId == enqueue.SpanId);
        var wait = _spans.ElementAt(1);
        wait.StartTimeUtc.ShouldBe(build.QueuedAt.UtcDateTime);
        wait.Duration.ShouldBeGreaterThan(TimeSpan.FromMinutes(10));
        wait.Duration.ShouldBeLessThan(TimeSpan.FromMinutes(11));
        var whole = _spans.Last();
        whole.Status.ShouldBe(ActivityStatusCode.Error);
        whole.StatusDescription.ShouldBe("it does not build");
        whole.GetTagItem("caur.state").ShouldBe("Failed");
        whole.GetTagItem("caur.attempts").ShouldBe(1);
        whole.StartTimeUtc.ShouldBeGreaterThanOrEqualTo(queued.UtcDateTime.AddMilliseconds(-1));
    }

    [Fact]
    public async Task Enqueue_OfTheSameOperationAgain_MakesNoOtherSpan()
    {
        ActivitySource.AddActivityListener(_listener);
        await using var farm = await GrainFarm.StartAsync();
        var operation = Guid.NewGuid();
        var build = await EnqueueAsync(farm, operation);
        (await EnqueueAsync(farm, operation)).ShouldBe(build);
        await farm.EnqueueAsync("untraced");
        _spans.ShouldHaveSingleItem().OperationName.ShouldBe("enqueue");
    }

    [Fact]
    public async Task Trace_WhenNobodyListens_TravelsAsTheCallerGaveIt()
    {
        await using var farm = await GrainFarm.StartAsync();
        var build = await EnqueueAsync(farm, Guid.NewGuid());
        var untraced = await farm.EnqueueAsync("untraced");
        await farm.RestartAsync();
        var builder = new ScriptedBuilder(farm, slots: 2);
        await builder.JoinAsync();
        var offers = await builder.TakeAsync(2);
        offers.Single(offer => offer.Attempt.Build == build).Request.Trace.ShouldBe(Caller);
        offers.Single(offer => offer.Attempt.Build == untraced).Request.Trace.ShouldBeNull();
        _spans.ShouldBeEmpty();
    }

    [Fact]
    public void Parent_OfSomethingThatIsNone_IsNone()
    {
        new TraceContext("hello", null).ToParent().ShouldBe(default);
        new TraceContext(new string('0', 5000), new string('x', 5000)).ToParent().ShouldBe(default);
        TraceContext.Of(null).ShouldBeNull();
    }

    private async Task<BuildId> EnqueueAsync(GrainFarm farm, Guid operation) => (await farm.Queue.EnqueueAsync(new EnqueueRequest
    {
        Operation = operation,
        Builds = [GrainFarm.Request("traced") with { Trace = Caller }],
    }))[0].Build;
}
