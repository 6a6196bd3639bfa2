using Caur.Builder;
using Caur.Builder.Agents;
using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Protocol.Builders;
using Caur.Tests.Builder.Engines;
using Caur.Tests.Link;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Builder.Agents;

/// <summary>What a builder that cannot run builds does about it, and with the builds.</summary>
public sealed class BuilderFitnessTests : IAsyncDisposable
{
    private const string Image = """{"Id":"sha256:00","RepoDigests":[],"RepoTags":[]}""";

    private readonly BuilderOptions _options = new();
    private readonly ManualTimeProvider _time = new();
    private readonly FakeEngine _engine = new();
    private EngineClient? _client;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        _client?.Dispose();
        return _engine.DisposeAsync();
    }

    [Fact]
    public async Task Lost_WhenTheSameBuildComesBackAfterALookThatFoundNothing_CountsAndTheNextLookIsLater()
    {
        var fitness = await CreateAsync();

        fitness.Lost("create timed out", null, "a").ShouldBeTrue();
        (await fitness.CheckAsync(Token)).ShouldBeTrue("the engine answers");
        fitness.Lost("create timed out", null, "a").ShouldBeFalse();

        (await fitness.CheckAsync(Token)).ShouldBeFalse("a look that was wrong is not believed at once");
        fitness.Problem.ShouldBe("create timed out");
        _time.Advance(_options.TakeEvery * 2);
        (await fitness.CheckAsync(Token)).ShouldBeTrue();
        fitness.Lost("create timed out", null, "b").ShouldBeTrue("another build has not been here");
        _time.Advance(_options.TakeEvery * 2);
        (await fitness.CheckAsync(Token)).ShouldBeFalse("the pause grows until a build begins");
    }

    [Fact]
    public async Task Lost_WhenABuildBeganSince_LooksAtOnceAgain()
    {
        var fitness = await CreateAsync();
        fitness.Lost("away", null, "a");
        (await fitness.CheckAsync(Token)).ShouldBeTrue();
        fitness.Began();
        fitness.Lost("away", null, "b");

        (await fitness.CheckAsync(Token)).ShouldBeTrue();
    }

    [Fact]
    public async Task LostUnseen_WhateverTheLookFinds_WaitsLongerEachTimeUntilABuildEndsOtherwise()
    {
        var fitness = await CreateAsync();
        var first = await PauseAsync("a");
        first.ShouldBeGreaterThan(_options.TakeEvery, "a look finds nothing wrong, and is not believed");

        fitness.Began();
        var second = await PauseAsync("b", "c");
        second.ShouldBe(first * 2, "one that only began says nothing, and those that ran beside it count once");
        fitness.Began();
        fitness.LostUnseen("full", "a").ShouldBeFalse("it was handed back already");
        _time.Advance(second * 2);
        (await fitness.CheckAsync(Token)).ShouldBeTrue();

        fitness.Began();
        fitness.Ended();
        (await PauseAsync("d")).ShouldBe(first);

        async Task<TimeSpan> PauseAsync(params string[] builds)
        {
            builds.ShouldAllBe(build => fitness.LostUnseen("full", build));
            fitness.Problem.ShouldBe("full");
            var pause = await UntilFitAsync(fitness);
            fitness.Problem.ShouldBeEmpty();
            return pause;
        }
    }

    [Fact]
    public async Task LostUnseen_WhenSomethingElseIsWrongToo_IsNotOverWithThat()
    {
        var fitness = await CreateAsync();
        fitness.Lost("away", null, "a");
        fitness.LostUnseen("full", "b");

        (await fitness.CheckAsync(Token)).ShouldBeFalse();
        fitness.Problem.ShouldBe("full");
    }

    [Fact]
    public async Task Check_WhenTheClockWasSetBack_DoesNotWaitForIt()
    {
        var time = new ShiftedTime();
        var fitness = await CreateAsync(time);
        fitness.Lost("create timed out", null, "a");
        (await fitness.CheckAsync(Token)).ShouldBeTrue();
        fitness.Lost("create timed out", null, "a");

        time.SetClock(TimeSpan.FromDays(-1));
        time.Forward(_options.TakeEvery * 2);

        (await fitness.CheckAsync(Token)).ShouldBeTrue();
    }

    [Fact]
    public async Task Check_WhenSomethingElseIsLostMeanwhile_DoesNotCallTheBuilderFit()
    {
        var fitness = await CreateAsync();
        fitness.Lost("no image old", "old", "a");
        _engine.Answer = _ =>
        {
            fitness.Lost("no image new", "new", "b");
            return (200, Image);
        };

        (await fitness.CheckAsync(Token)).ShouldBeFalse();
        fitness.Problem.ShouldBe("no image new");
    }

    [Fact]
    public async Task ForgetImage_WhenTheEngineIsTheProblem_KeepsIt()
    {
        var fitness = await CreateAsync();
        fitness.Lost("away", null, "a");
        fitness.ForgetImage();

        fitness.Problem.ShouldBe("away");
    }

    [Fact]
    public async Task ForgetImage_WhenTheEnginesDiskWasFullToo_KeepsThatPause()
    {
        var fitness = await CreateAsync();
        fitness.LostUnseen("full", "a");
        var first = await UntilFitAsync(fitness);
        fitness.Lost("no image", "image", "b");
        fitness.ForgetImage();
        fitness.Problem.ShouldBeEmpty();

        fitness.LostUnseen("full", "c");

        (await UntilFitAsync(fitness)).ShouldBeGreaterThanOrEqualTo(first);
    }

    [Fact]
    public async Task Rejoin_WhenTheImageWasMissing_AsksForTheImageOfTheNextOrder()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        var misspelt = farm.Order("exit 13") with { Image = $"127.0.0.1:1/caur-test/{Guid.NewGuid():N}:image" };
        farm.Session.Give(misspelt);
        (await farm.Session.ResultAsync(misspelt.Attempt)).Outcome.ShouldBe(AttemptOutcome.HandedBack);
        await farm.Session.UntilAsync(s => s.Hellos.Any(hello => hello.Problem.Length > 0), "it says that it cannot run builds");

        farm.Session.Agent!.Rejoin();
        var corrected = farm.Order("exit 13");
        farm.Session.Give(corrected);

        (await farm.Session.ResultAsync(corrected.Attempt)).Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt);
        farm.Session.Hellos[^1].Problem.ShouldBeEmpty();
    }

    [Fact]
    public async Task Run_WhenNoContainerCanBeMadeThoughTheEngineAnswers_IsHandedBackOnceAndThenCounts()
    {
        await using var farm = await AgentFixture.CreateAsync();
        _engine.Answer = request => request switch
        {
            _ when request.StartsWith("POST ", StringComparison.Ordinal) => (0, ""),
            _ when request.Contains("/images/", StringComparison.Ordinal) => (200, Image),
            _ when request.StartsWith("GET ", StringComparison.Ordinal) => (200, "[]"),
            _ => (404, """{"message":"No such container"}"""),
        };
        _client = await _engine.StartAsync();
        await using var agent = await farm.StartAsync(options => options.Engine.Address = _engine.Address);
        var first = farm.Order("exit 13");
        var second = first with { Attempt = first.Attempt with { Number = 2 } };
        farm.Session.Give(first);
        (await farm.Session.ResultAsync(first.Attempt)).Outcome.ShouldBe(AttemptOutcome.HandedBack);
        farm.Session.Give(second);

        (await farm.Session.ResultAsync(second.Attempt)).Outcome.ShouldBe(AttemptOutcome.SystemError);
        (await farm.Session.UntilAsync(s => s.Hellos.LastOrDefault(hello => hello.Problem.Length > 0), "it says that it cannot run builds"))
            .Problem.ShouldContain("container engine");
    }

    /// <summary>Looks until that finds nothing wrong.</summary>
    /// <returns>How long that took.</returns>
    private async Task<TimeSpan> UntilFitAsync(BuilderFitness fitness)
    {
        var pause = TimeSpan.Zero;
        for (; !await fitness.CheckAsync(Token); pause += _options.TakeEvery)
        {
            pause.ShouldBeLessThan(TimeSpan.FromHours(1));
            _time.Advance(_options.TakeEvery);
        }

        return pause;
    }

    private async Task<BuilderFitness> CreateAsync(TimeProvider? time = null)
    {
        _client = await _engine.StartAsync();
        var images = new ImageStore(_client, _options.Images, time ?? _time, NullLogger<ImageStore>.Instance);
        return new BuilderFitness(_client, images, _options, time ?? _time);
    }
}
