using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Caur.Tests.Engine;

/// <summary>Start and stop of the embedded engine and of its grains, beyond the conformance tests.</summary>
public sealed class EngineLifeTests : IAsyncLifetime
{
    private readonly EmbeddedEngineFixture _engine = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _engine.InitializeAsync();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Activation_ThatDoesNotEnd_FailsByNameAndTheNextCallTriesAgain()
    {
        await using var engine = new EmbeddedEngineFixture
        {
            Configure = static (_, services) => services.Configure<GrainCollectionOptions>(
                static options => options.ActivationTimeout = TimeSpan.FromSeconds(5)),
        };
        await engine.InitializeAsync();
        Life.Of("hanging").ActivationGate = "never opened";
        var call = engine.Client.GetGrain<ILifeGrain>("hanging").ActivationId();
        await Gate.Named("never opened").Reached.DefaultTimeout("the activation");
        engine.Clock.Advance(TimeSpan.FromSeconds(5.1));
        var error = await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the call"));
        error.Message.ShouldBe("OnActivateAsync of life/hanging did not end within 00:00:05.");
        Life.Of("hanging").ActivationGate = null;
        (await engine.Client.GetGrain<ILifeGrain>("hanging").ActivationId().DefaultTimeout("the next call")).ShouldNotBe(Guid.Empty);
    }

    [Fact]
    public async Task Call_BeforeTheStart_WaitsForIt()
    {
        await using var engine = new EmbeddedEngineFixture();
        var host = engine.Build();
        var call = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICallGrain>("early").Sum(1, 2).AsTask();
        call.IsCompleted.ShouldBeFalse();
        await host.StartAsync(Token);
        (await call.DefaultTimeout("the early call")).ShouldBe(3);
    }

    [Fact]
    public async Task Call_AfterTheStop_FailsByName()
    {
        await using var engine = new EmbeddedEngineFixture();
        var host = engine.Build();
        await host.StartAsync(Token);
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICallGrain>("late");
        await grain.Touch();
        await host.StopAsync(Token);
        var error = await Should.ThrowAsync<SiloUnavailableException>(() => grain.Touch());
        error.Message.ShouldContain("stopped");
        error.Message.ShouldContain("ICallGrain.Touch");
    }

    [Fact]
    public async Task Stop_WhileACallRuns_LetsItEndAndRefusesOthers()
    {
        await using var engine = new EmbeddedEngineFixture();
        var host = engine.Build();
        await host.StartAsync(Token);
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>("draining");
        var held = grain.Hold("draining");
        await Gate.Named("draining").Reached.DefaultTimeout("the call");
        var stop = host.StopAsync(Token);
        await Should.ThrowAsync<SiloUnavailableException>(() => grain.ActivationId());
        stop.IsCompleted.ShouldBeFalse();
        Gate.Named("draining").Open();
        await held.DefaultTimeout("the call's end");
        await stop.DefaultTimeout("the stop");
        Life.Of("draining").Events.ShouldBe(["activating", "activated", "held", "deactivated ShuttingDown"]);
    }

    [Fact]
    public async Task Stop_WhenACallNeverEnds_IsBounded()
    {
        await using var engine = new EmbeddedEngineFixture
        {
            Configure = static (options, _) => options.DrainTimeout = TimeSpan.FromMilliseconds(100),
        };
        var host = engine.Build();
        await host.StartAsync(Token);
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>("stuck");
        var held = grain.Hold("stuck for ever");
        await Gate.Named("stuck for ever").Reached.DefaultTimeout("the call");
        await host.StopAsync(Token).DefaultTimeout("the stop");
        await Should.ThrowAsync<SiloUnavailableException>(() => held.DefaultTimeout("its caller"));
    }

    [Fact]
    public async Task Activation_WhenItFails_FailsAllItsCallers()
    {
        var (key, gate) = ("failing for all", "failing for all");
        Life.Of(key).Failures = 1;
        Life.Of(key).ActivationGate = gate;
        var grain = _engine.Client.GetGrain<ILifeGrain>(key);
        var calls = Enumerable.Range(0, 3).Select(_ => grain.ActivationId()).ToList();
        await Gate.Named(gate).Reached.DefaultTimeout("the activation");
        Gate.Named(gate).Open();
        foreach (var call in calls)
        {
            (await Should.ThrowAsync<InvalidDataException>(() => call.DefaultTimeout("the call"))).Message.ShouldBe("this activation fails");
        }

        (await grain.ActivationId()).ShouldNotBe(Guid.Empty);
        Life.Of(key).Events.ShouldBe(["activating", "activating", "activated"]);
    }

    [Fact]
    public async Task Deactivation_WhileCallsWait_HandsThemToTheNextActivationInTheirOrder()
    {
        var grain = _engine.Client.GetGrain<ILifeGrain>("handing on");
        var held = grain.Hold("handing on");
        await Gate.Named("handing on").Reached.DefaultTimeout("the call");
        var texts = Enumerable.Range(0, 20).Select(static i => $"mark {i}").ToList();
        // Half of them wait already when the end is asked for, and half come after that.
        var marks = texts.Take(10).Select(grain.Mark).ToList();
        await grain.EndNow().DefaultTimeout("the call that ends it");
        marks.AddRange(texts.Skip(10).Select(grain.Mark));
        Gate.Named("handing on").Open();
        await held.DefaultTimeout("the call's end");
        await Task.WhenAll(marks).DefaultTimeout("the calls that waited");
        Life.Of("handing on").Events.Skip(6).ShouldBe(texts);
    }

    [Fact]
    public async Task Start_WithAStateInAnUnknownStorage_NamesIt()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(LostStateGrain)] };
        var error = await Should.ThrowAsync<InvalidOperationException>(async () => await engine.InitializeAsync());
        error.Message.ShouldContain("nowhere");
        error.Message.ShouldContain(nameof(LostStateGrain));
    }

    [Fact]
    public async Task Start_WithAClassThatIsIdleForNoLongerThanBetweenTwoLooks_NamesIt()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(HastyGrain)] };
        var error = await Should.ThrowAsync<InvalidOperationException>(async () => await engine.InitializeAsync());
        error.Message.ShouldContain(nameof(HastyGrain));
    }

    [Fact]
    public async Task Start_OnANewerSchema_IsRefusedByName()
    {
        await _engine.StopAsync();
        using (var connection = new SqliteConnection(_engine.DatabasePath, readOnly: false))
        {
            connection.Execute("UPDATE schema_version SET version=99");
        }

        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await _engine.InitializeAsync());
        error.Message.ShouldContain("schema 99");
    }

    [Fact]
    public async Task Start_OnAFileThatIsNoDatabase_IsRefusedByName()
    {
        await _engine.StopAsync();
        await File.WriteAllTextAsync(_engine.DatabasePath, new string('x', 10_000), Token);
        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await _engine.InitializeAsync());
        error.Message.ShouldContain(_engine.DatabasePath);
    }

    [Fact]
    public async Task TwoClasses_WithTheSameGrainType_AreRefused()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(CallGrain), typeof(SecondCallGrain)] };
        var error = await Should.ThrowAsync<InvalidOperationException>(async () => await engine.InitializeAsync());
        error.Message.ShouldContain(nameof(SecondCallGrain));
    }

    [Fact]
    public async Task Grain_ThatEndsItselfOnEveryActivation_FailsItsCallers()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(RestlessGrain)] };
        await engine.InitializeAsync();
        await Should.ThrowAsync<OrleansMessageRejectionException>(
            () => engine.Client.GetGrain<IRestlessGrain>("x").Ping().DefaultTimeout("the call"));
    }
}

[Alias("caur.tests.IRestlessGrain")]
public interface IRestlessGrain : IGrainWithStringKey
{
    [Alias("Ping")]
    Task Ping();
}

public sealed class RestlessGrain : Grain, IRestlessGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Ping() => Task.CompletedTask;
}

[Alias("caur.tests.IHastyGrain")]
public interface IHastyGrain : IGrainWithStringKey;

[CollectionAgeLimit(Minutes = 1)]
public sealed class HastyGrain : Grain, IHastyGrain;

[Alias("caur.tests.ILostStateGrain")]
public interface ILostStateGrain : IGrainWithStringKey;

public sealed class LostStateGrain([PersistentState("note", "nowhere")] IPersistentState<NoteState> note) : Grain, ILostStateGrain
{
    public bool Exists => note.RecordExists;
}

[Alias("caur.tests.ISecondCallGrain")]
public interface ISecondCallGrain : IGrainWithStringKey;

[GrainType("call")]
public sealed class SecondCallGrain : Grain, ISecondCallGrain;
