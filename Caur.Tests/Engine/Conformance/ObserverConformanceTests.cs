using Caur.Tests.Support;

namespace Caur.Tests.Engine.Conformance;

/// <summary>Objects outside of grains that grains call.</summary>
public abstract class ObserverConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    [Fact]
    public async Task Observer_WhenNotified_IsCalledInOrder()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        await grain.Subscribe(Client.CreateObjectReference<IWatcher>(watcher));
        for (var i = 0; i < 20; i++)
        {
            await grain.Tell($"{i}");
        }

        await watcher.SeenAsync(20);
        watcher.Texts.ShouldBe(Enumerable.Range(0, 20).Select(static i => $"{i}"));
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task Observer_CalledOneWay_HasOneCallAtATime()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        await grain.Subscribe(Client.CreateObjectReference<IWatcher>(watcher));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => grain.TellOneWay($"{i}")));
        await watcher.SeenAsync(50);
        watcher.Overlapped.ShouldBeFalse();
        watcher.Texts.Count.ShouldBe(50);
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task Observer_WhenAsked_Answers()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        await grain.Subscribe(Client.CreateObjectReference<IWatcher>(watcher));
        (await grain.Ask("hello")).ShouldBe(["hello!"]);
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task Observer_WhoseAnswerFails_IsDropped()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        await grain.Subscribe(Client.CreateObjectReference<IWatcher>(watcher));
        (await grain.Ask("fail")).ShouldBeEmpty();
        (await grain.Count()).ShouldBe(0);
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task Observer_ThatIsDeleted_LosesOneWayCallsSilently()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        var reference = Client.CreateObjectReference<IWatcher>(watcher);
        await grain.Subscribe(reference);
        Client.DeleteObjectReference<IWatcher>(reference);
        await grain.TellOneWay("lost").DefaultTimeout("the one-way call");
        await grain.Tell("lost too").DefaultTimeout("the call without result");
        (await grain.Count()).ShouldBe(1);
        watcher.Texts.ShouldBeEmpty();
    }

    [Fact]
    public async Task Observer_ThatIsDeleted_FailsWhoAwaitsIt()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        var reference = Client.CreateObjectReference<IWatcher>(watcher);
        await grain.Subscribe(reference);
        Client.DeleteObjectReference<IWatcher>(reference);
        var asked = grain.Ask("anybody there?");
        await AdvanceAsync(TimeSpan.FromSeconds(1.5));
        (await asked.DefaultTimeout("the answer")).ShouldBeEmpty();
        (await grain.Count()).ShouldBe(0);
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task Subscribe_WithTheSameReferenceAgain_IsOneSubscription()
    {
        var (grain, watcher) = (Grain<IObservedGrain>(NewKey()), new Watcher());
        var reference = Client.CreateObjectReference<IWatcher>(watcher);
        await grain.Subscribe(reference);
        await grain.Subscribe(reference);
        (await grain.Count()).ShouldBe(1);
        GC.KeepAlive(watcher);
    }

    [Fact]
    public void CreateObjectReference_OfAReference_IsRefused()
    {
        var watcher = new Watcher();
        var reference = Client.CreateObjectReference<IWatcher>(watcher);
        Should.Throw<ArgumentException>(() => Client.CreateObjectReference<IWatcher>(reference));
        Should.Throw<ArgumentException>(() => Client.DeleteObjectReference<IWatcher>(watcher));
    }

    [Fact]
    public async Task Observer_WhoseObjectWasCollected_IsGoneLikeADeletedOne()
    {
        var grain = Grain<IObservedGrain>(NewKey());
        var watcher = await SubscribeAndForgetAsync(grain);
        await Eventually(
            () =>
            {
                GC.Collect();
                return Task.FromResult(watcher.TryGetTarget(out _));
            },
            false,
            "the collection of the observer");
        await grain.TellOneWay("lost").DefaultTimeout("the one-way call");
        (await grain.Count()).ShouldBe(1);
        var asked = grain.Ask("anybody there?");
        await AdvanceAsync(TimeSpan.FromSeconds(1.5));
        (await asked.DefaultTimeout("the answer")).ShouldBeEmpty();
        (await grain.Count()).ShouldBe(0);
    }

    [Fact]
    public async Task Observer_WhoseHostIsGone_LosesOneWayCallsAndFailsWhoAwaitsIt()
    {
        var watcher = new Watcher();
        var reference = Client.CreateObjectReference<IWatcher>(watcher);
        await Engine.RestartAsync();
        var grain = Grain<IObservedGrain>(NewKey());
        await grain.Subscribe(reference);
        await grain.TellOneWay("lost").DefaultTimeout("the one-way call");
        (await grain.Count()).ShouldBe(1);
        var asked = grain.Ask("anybody there?");
        await AdvanceAsync(TimeSpan.FromSeconds(1.5));
        (await asked.DefaultTimeout("the answer")).ShouldBeEmpty();
        (await grain.Count()).ShouldBe(0);
        watcher.Texts.ShouldBeEmpty();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private async Task<WeakReference<Watcher>> SubscribeAndForgetAsync(IObservedGrain grain)
    {
        var watcher = new Watcher();
        await grain.Subscribe(Client.CreateObjectReference<IWatcher>(watcher));
        await grain.Tell("first");
        await watcher.SeenAsync(1);
        return new WeakReference<Watcher>(watcher);
    }
}
