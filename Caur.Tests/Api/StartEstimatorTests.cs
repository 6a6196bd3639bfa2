using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using Caur.Tests.Queue;
using Caur.Tests.Support;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Api;

public sealed class StartEstimatorTests
{
    private readonly QueueHarness _queue = new();

    [Fact]
    public void Estimate_WhenOneSlotIsFree_StartsOneAfterTheOther()
    {
        Here(Profile("b1"));
        _queue.Enqueue(Taking("a", 10), Taking("b", 20), Taking("c", 5));

        // Equal in place, so the longest goes first.
        Starts().ShouldBe(["b +0", "a +20", "c +30"]);
    }

    [Fact]
    public void Estimate_WhenABuildRuns_CountsWhatIsLeftOfIt()
    {
        var builder = Here(Profile("b1"));
        _queue.Enqueue(Taking("a", 10));
        _queue.Start(builder);
        _queue.Enqueue(Taking("b", 10));
        _queue.Now += TimeSpan.FromMinutes(4);
        Here(builder);

        Starts().ShouldBe(["b +6"]);
    }

    [Fact]
    public void Estimate_WhenABuildRunsLongerThanItShould_ExpectsItsEndSoon()
    {
        var builder = Here(Profile("b1"));
        _queue.Enqueue(Taking("a", 10));
        _queue.Start(builder);
        _queue.Enqueue(Taking("b", 10));
        _queue.Now += TimeSpan.FromMinutes(30);
        Here(Profile("b1"));

        Starts().ShouldBe(["b +1"]);
    }

    [Fact]
    public void Estimate_WhenABuildDependsOnAnother_StartsWhenThatIsPublished()
    {
        Here(Profile("b1", slots: 4));
        _queue.Enqueue(Taking("app", 10) with { DependsOn = ["lib"] }, Taking("lib", 7), Taking("other", 1));

        Starts().ShouldBe(["lib +0", "other +0", "app +7"]);
        Estimate("app").Starts.ShouldBe(_queue.Now + TimeSpan.FromMinutes(7) + StartEstimator.Publication);
    }

    [Fact]
    public void Estimate_WhenBuildersDiffer_GivesEachWhatFitsIt()
    {
        Here(Profile("small", @class: "1"));
        Here(Profile("large", @class: "9"));
        _queue.Enqueue(Taking("heavy1", 10) with { BuilderClass = "5" }, Taking("heavy2", 10) with { BuilderClass = "5" }, Taking("light", 1));

        Starts().ShouldBe(["heavy1 +0", "light +0", "heavy2 +10"]);
    }

    [Fact]
    public void Estimate_WhenTheOrderWasPromoted_FollowsIt()
    {
        Here(Profile("b1"));
        _queue.Enqueue(Taking("a", 10), Taking("b", 20));
        _queue.State.Promote(_queue.State.FindPackage("a", null)!.Build, _queue.Now);

        Starts().ShouldBe(["a +0", "b +10"]);
    }

    [Fact]
    public void Estimate_WhenABuildRests_StartsAfterItsPause()
    {
        var builder = Here(Profile("b1", slots: 2));
        _queue.Enqueue(Taking("a", 10));
        _queue.Retry(_queue.Start(builder), loss: true, TimeSpan.FromMinutes(2), "the disk is full");

        Starts().ShouldBe(["a +2"]);
    }

    [Fact]
    public void Estimate_WhenTheQueueIsPaused_KnowsNothing()
    {
        Here(Profile("b1"));
        _queue.Enqueue("a");
        _queue.State.Paused = true;

        Unknown("a").ShouldContain("paused");
    }

    [Fact]
    public void Estimate_WhenNoBuilderTakesIt_KnowsNothingOfItAndOfWhatDependsOnIt()
    {
        Here(Profile("b1", @class: "1"));
        _queue.Enqueue(Taking("lib", 1) with { BuilderClass = "9" }, Taking("app", 1) with { DependsOn = ["lib"] }, Taking("other", 1));

        Unknown("lib").ShouldBe("no builder that is here takes it");
        Unknown("app").ShouldBe("it waits for lib, which no builder that is here takes");
        Estimate("other").Starts.ShouldNotBeNull();
    }

    [Fact]
    public void Estimate_WhenBuildersDrainOrCannotBuild_CountsNoSlotOfThem()
    {
        Here(Profile("drains") with { Draining = true });
        Here(Profile("unfit") with { Problem = "no image" });
        _queue.Enqueue("a");

        Unknown("a").ShouldBe("no builder that is here takes it");
    }

    [Fact]
    public void Estimate_WhenADependencyIsHeld_SaysWhich()
    {
        var builder = Here(Profile("b1", slots: 4));
        _queue.Enqueue("base");
        _queue.Enqueue("lib", "base");
        _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(builder), BuildState.Failed);

        Unknown("lib").ShouldBe("it is held until what it depends on is built again");
        Unknown("app").ShouldBe("it waits for lib, which is held");
    }

    [Fact]
    public void Estimate_WhenADependencyRunsOnABuilderThatIsLost_SaysSo()
    {
        var builder = Here(Profile("b1", slots: 4));
        _queue.Enqueue("lib");
        _queue.Enqueue("app", "lib");
        _queue.Start(builder);
        _queue.Now += QueueState.BuilderSilence + TimeSpan.FromSeconds(1);
        Here(Profile("b2"));

        Unknown("app").ShouldBe("it waits for lib, whose builder was not heard of lately");
    }

    [Fact]
    public void Estimate_WhenNothingIsKnownOfABuildBefore_IsRough()
    {
        Here(Profile("b1"));
        _queue.Enqueue(Taking("a", 7));
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue(Request("b"));
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue(Taking("c", 7));

        (Estimate("b").Rough, Estimate("c").Rough).ShouldBe((false, true));
    }

    [Fact]
    public void Estimate_WhenDependenciesFormACycle_StartsAll()
    {
        Here(Profile("b1"));
        _queue.Enqueue(Taking("a", 1) with { DependsOn = ["b"] }, Taking("b", 1) with { DependsOn = ["a"] });

        Starts().Count.ShouldBe(2);
    }

    /// <summary>What it plays is what the queue then does.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Estimate_WhenEverythingTakesAsLongAsExpected_IsWhatHappens(int seed)
    {
        var random = new Random(seed);
        BuilderProfile[] builders = [Profile("b1", slots: 2, @class: "1"), Profile("b2", slots: 1, @class: "5"), Profile("b3", slots: 3, @class: "9")];
        foreach (var builder in builders)
        {
            Here(builder);
        }

        _queue.Enqueue([.. Enumerable.Range(0, 60).Select(i => Taking($"p{i:D2}", random.Next(1, 30)) with
        {
            BuilderClass = random.Next(10).ToString(CultureInfo.InvariantCulture),
            Priority = (BuildPriority)random.Next(4),
            DependsOn = [.. Enumerable.Range(0, i).Where(_ => random.Next(20) == 0).Select(first => $"p{first:D2}")],
        })]);
        var begun = _queue.Now;
        var expected = Estimates().ToDictionary(start => start.Build.Pkgbase, start => start.Starts!.Value - begun);

        Play(builders, begun).ShouldBe(expected, ignoreOrder: true);
    }

    [Fact]
    public void Estimate_WhenTenThousandWait_TakesLittle()
    {
        foreach (var i in Enumerable.Range(0, 8))
        {
            Here(Profile($"b{i}", slots: 2));
        }

        _queue.Enqueue([.. Enumerable.Range(0, 10_000).Select(i => Taking($"p{i:D5}", 1 + (i % 30)) with { DependsOn = i < 10 ? [] : [$"p{i / 2:D5}"] })]);

        ThreadTime.Of(() => Estimates().Count(start => start.Starts is not null).ShouldBe(10_000)).ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    /// <summary>Lets builders do what they are told, each build taking what it should, and publications what they should.</summary>
    private Dictionary<string, TimeSpan> Play(BuilderProfile[] builders, DateTimeOffset begun)
    {
        var starts = new Dictionary<string, TimeSpan>();
        var ends = new PriorityQueue<(BuildAttempt Attempt, bool Published), DateTimeOffset>();
        while (true)
        {
            foreach (var builder in builders)
            {
                foreach (var offer in _queue.Take(builder, builder.Slots))
                {
                    _queue.State.Accept(offer.Attempt, _queue.Now).ShouldNotBeNull();
                    starts[offer.Attempt.Build.Pkgbase] = _queue.Now - begun;
                    ends.Enqueue((offer.Attempt, false), _queue.Now + offer.Request.EstimatedDuration);
                }
            }

            if (!ends.TryPeek(out _, out var next))
            {
                return starts;
            }

            _queue.Now = next;
            while (ends.TryPeek(out var end, out var time) && time == next)
            {
                ends.Dequeue();
                if (end.Published)
                {
                    _queue.Finish(end.Attempt.Build, BuildState.Published);
                }
                else
                {
                    _queue.State.Publish(_queue.State.Find(end.Attempt.Build)!, _queue.Now);
                    ends.Enqueue((end.Attempt, true), _queue.Now + StartEstimator.Publication);
                }
            }
        }
    }

    private static BuildRequest Taking(string pkgbase, int minutes) => Request(pkgbase) with { EstimatedDuration = TimeSpan.FromMinutes(minutes) };

    private BuilderProfile Here(BuilderProfile builder)
    {
        _queue.State.Register(builder, [], _queue.Now);
        return builder;
    }

    private IReadOnlyList<StartEstimate> Estimates() => StartEstimator.Estimate(_queue.State.PlanStarts(_queue.Now));

    private StartEstimate Estimate(string pkgbase) => Estimates().Single(start => start.Build.Pkgbase == pkgbase);

    private string Unknown(string pkgbase)
    {
        var estimate = Estimate(pkgbase);
        estimate.Starts.ShouldBeNull();
        return estimate.Reason;
    }

    /// <summary>Pkgbases with the minutes until they start, the first first.</summary>
    private List<string> Starts() =>
    [
        .. Estimates()
            .OrderBy(start => start.Starts)
            .ThenBy(start => start.Build.Pkgbase, StringComparer.Ordinal)
            .Select(start => string.Create(
                CultureInfo.InvariantCulture, $"{start.Build.Pkgbase} +{(int)(start.Starts!.Value - _queue.Now).TotalMinutes}")),
    ];
}
