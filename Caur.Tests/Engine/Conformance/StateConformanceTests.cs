using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Engine.Conformance;

/// <summary>Persistent state: read before activation, written before the answer, guarded by versions.</summary>
public abstract class StateConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    [Fact]
    public async Task State_OfANewGrain_IsAnEmptyObjectWithoutRecord()
    {
        var view = await Grain<IStateGrain>(NewKey()).View();
        view.ShouldBe(new StateView());
    }

    [Fact]
    public async Task State_WhenWritten_IsReadBeforeTheNextActivation()
    {
        var key = NewKey();
        var before = await Grain<IStateGrain>(key).Activation();
        await Grain<IStateGrain>(key).Write("kept");
        await Engine.RestartAsync();
        (await Grain<IStateGrain>(key).TextAtActivation()).ShouldBe("kept");
        (await Grain<IStateGrain>(key).View()).Exists.ShouldBeTrue();
        (await Grain<IStateGrain>(key).Activation()).ShouldNotBe(before);
    }

    [Fact]
    public async Task State_WhenNotWritten_IsLostWithTheActivation()
    {
        var key = NewKey();
        await Grain<IStateGrain>(key).Write("kept");
        await Grain<IStateGrain>(key).Remember("not kept");
        await Engine.RestartAsync();
        (await Grain<IStateGrain>(key).View()).Text.ShouldBe("kept");
    }

    [Fact]
    public async Task ReadState_AfterAChangeInMemory_DropsTheChange()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("stored");
        await grain.Remember("only in memory");
        (await grain.Reread()).Text.ShouldBe("stored");
    }

    [Fact]
    public async Task WriteState_WhenRepeated_ChangesTheVersionEachTime()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("one");
        var first = await grain.View();
        await grain.Write("two");
        var second = await grain.View();
        first.Etag.ShouldNotBeNullOrEmpty();
        second.Etag.ShouldNotBe(first.Etag);
        second.Text.ShouldBe("two");
    }

    [Fact]
    public async Task ClearState_WhenARecordExists_RemovesItAndEmptiesTheState()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("gone");
        await grain.Clear();
        var view = await grain.View();
        view.Exists.ShouldBeFalse();
        view.Text.ShouldBeNull();
        (await grain.Reread()).Exists.ShouldBeFalse();
        await grain.Write("again");
        (await grain.Reread()).Text.ShouldBe("again");
    }

    [Fact]
    public async Task State_InTwoStorages_IsKeptApart()
    {
        var key = NewKey();
        var grain = Grain<IStateGrain>(key);
        await grain.Write("default");
        await grain.WriteNamed("named");
        await Engine.RestartAsync();
        grain = Grain<IStateGrain>(key);
        (await grain.View()).Text.ShouldBe("default");
        (await grain.ViewOfNamed()).Text.ShouldBe("named");
    }

    [Fact]
    public async Task WriteState_WhenAnotherWroteMeanwhile_ThrowsAndDeactivates()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("first");
        var before = await grain.Activation();
        await Should.ThrowAsync<InconsistentStateException>(() => grain.WriteStale("stale"));
        (await grain.Activation()).ShouldNotBe(before);
        (await grain.TextAtActivation()).ShouldBe("overtaken");
        await grain.Write("goes on");
    }

    [Fact]
    public async Task Deactivation_AfterAConflict_HasTheConflictAsItsReason()
    {
        var key = NewKey();
        await Grain<IStateGrain>(key).Write("first");
        await Should.ThrowAsync<InconsistentStateException>(() => Grain<IStateGrain>(key).WriteStale("stale"));
        await Grain<IStateGrain>(key).View();
        StateGrain.Ends[key].ReasonCode.ShouldBe(DeactivationReasonCode.ApplicationError);
    }

    [Fact]
    public async Task ClearState_WhenAnotherWroteMeanwhile_ThrowsAndLeavesTheRecord()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("first");
        var before = await grain.Activation();
        await Should.ThrowAsync<InconsistentStateException>(() => grain.ClearStale());
        (await grain.Activation()).ShouldNotBe(before);
        (await grain.View()).Text.ShouldBe("overtaken");
    }

    [Fact]
    public async Task Conflict_InACallee_LeavesTheCallersActivation()
    {
        var (caller, callee) = (Grain<IStateGrain>(NewKey()), Grain<IStateGrain>(NewKey("callee")));
        await callee.Write("first");
        var (callerBefore, calleeBefore) = (await caller.Activation(), await callee.Activation());
        await Should.ThrowAsync<InconsistentStateException>(() => caller.WriteStaleThere(callee));
        (await callee.Activation()).ShouldNotBe(calleeBefore);
        (await caller.Activation()).ShouldBe(callerBefore);
    }

    [Fact]
    public async Task WriteState_WhenItFails_KeepsTheVersion()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("fine");
        var before = await grain.View();
        await Should.ThrowAsync<OrleansException>(() => grain.WriteUnwritable());
        (await grain.View()).ShouldBe(before);
    }

    [Fact]
    public async Task WriteState_WhenTheConflictIsHandled_KeepsTheActivation()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("first");
        var before = await grain.Activation();
        (await grain.WriteStaleHandled("stale")).ShouldBe("conflict with overtaken");
        (await grain.Activation()).ShouldBe(before);
    }

    [Fact]
    public async Task WriteState_WhenTheStateCannotBeSerialized_FailsAndKeepsTheRecord()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await grain.Write("fine");
        await Should.ThrowAsync<OrleansException>(() => grain.WriteUnwritable());
        (await grain.Reread()).Text.ShouldBe("fine");
        await grain.Write("goes on");
    }

    [Fact]
    public async Task KeyedStorage_ByStateName_KeepsManyRecordsOfOneGrain()
    {
        var grain = Grain<IStateGrain>(NewKey());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => grain.WriteKeyed($"slot/{i}", $"text {i}")));
        for (var i = 0; i < 20; i++)
        {
            (await grain.ReadKeyed($"slot/{i}")).Text.ShouldBe($"text {i}");
        }

        (await grain.ReadKeyed("slot/20")).Exists.ShouldBeFalse();
        await Should.ThrowAsync<InconsistentStateException>(() => grain.WriteKeyed("slot/3", "without its version"));
    }

    [Fact]
    public async Task State_WhenItsBytesAreDamaged_FailsThatGrainByNameAndNoOther()
    {
        var (damaged, sound) = (NewKey(), NewKey());
        await Grain<IStateGrain>(damaged).Write("damaged");
        await Grain<IStateGrain>(sound).Write("sound");
        Assert.SkipUnless(
            await Engine.TryDamageAsync(Grain<IStateGrain>(damaged), "note"), "This engine's storage is out of reach of the tests.");
        await Engine.RestartAsync();
        var error = await Should.ThrowAsync<OrleansException>(() => Grain<IStateGrain>(damaged).View());
        error.Message.ShouldContain(damaged);
        error.Message.ShouldContain("note");
        (await Grain<IStateGrain>(sound).View()).Text.ShouldBe("sound");
    }
}
