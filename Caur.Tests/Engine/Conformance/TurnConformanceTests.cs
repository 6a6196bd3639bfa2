using Caur.Tests.Support;

namespace Caur.Tests.Engine.Conformance;

/// <summary>One turn at a time, and what may interleave.</summary>
public abstract class TurnConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    [Fact]
    public async Task Call_WhileAnotherAwaits_WaitsUntilThatHasCompleted()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var gate = NewKey();
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the first call");
        var note = grain.Note("second");
        (await grain.Notes()).ShouldBe([$"begin {gate}"]);
        note.IsCompleted.ShouldBeFalse();

        Gate.Named(gate).Open();
        await Task.WhenAll(held, note).DefaultTimeout("both calls");
        (await grain.Notes()).ShouldBe([$"begin {gate}", $"end {gate}", "second"]);
    }

    [Fact]
    public async Task Calls_FromManyCallers_NeverInterleaveInTheirReadsAndWrites()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => grain.CountInTurns(20)))).DefaultTimeout("all calls");
        (await grain.CountInTurns(0)).ShouldBe(1000);
    }

    /// <summary>In what order they run is the engine's: a cluster's calls may overtake each other while their grain is looked for.</summary>
    [Fact]
    public async Task Calls_OfOneCaller_RunOnceEach()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var texts = Enumerable.Range(0, 100).Select(static i => $"{i}").ToList();
        await Task.WhenAll(texts.Select(grain.Note)).DefaultTimeout("all calls");
        (await grain.Notes()).ShouldBe(texts, ignoreOrder: true);
    }

    [Fact]
    public async Task AlwaysInterleave_WhileAnotherAwaits_RunsAtOnce()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var (gate, inner) = (NewKey(), NewKey());
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the first call");
        var interleaved = grain.HoldInterleaving(inner);
        await Gate.Named(inner).Reached.DefaultTimeout("the interleaved call");
        Gate.Named(inner).Open();
        await interleaved.DefaultTimeout("the interleaved call's end");
        held.IsCompleted.ShouldBeFalse();
        Gate.Named(gate).Open();
        await held.DefaultTimeout("the first call's end");
    }

    [Fact]
    public async Task ReadOnly_WhileAnotherReadOnlyAwaits_RunsAtOnce()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var (first, second) = (NewKey(), NewKey());
        var calls = Task.WhenAll(grain.HoldReading(first), grain.HoldReading(second));
        await Gate.Named(first).Reached.DefaultTimeout("the first reader");
        await Gate.Named(second).Reached.DefaultTimeout("the second reader");
        Gate.Named(first).Open();
        Gate.Named(second).Open();
        await calls.DefaultTimeout("both readers");
    }

    [Fact]
    public async Task ReadOnly_WhileAWriterAwaits_Waits()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var (writer, reader) = (NewKey(), NewKey());
        var writing = grain.Hold(writer);
        await Gate.Named(writer).Reached.DefaultTimeout("the writer");
        var reading = grain.HoldReading(reader);
        (await grain.Notes()).ShouldBe([$"begin {writer}"]);
        Gate.Named(reader).Reached.IsCompleted.ShouldBeFalse();
        Gate.Named(writer).Open();
        await writing.DefaultTimeout("the writer's end");
        await Gate.Named(reader).Reached.DefaultTimeout("the reader");
        Gate.Named(reader).Open();
        await reading.DefaultTimeout("the reader's end");
    }

    [Fact]
    public async Task Writer_WhileAReaderAwaits_Waits()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var reader = NewKey();
        var reading = grain.HoldReading(reader);
        await Gate.Named(reader).Reached.DefaultTimeout("the reader");
        var note = grain.Note("written");
        (await grain.Notes()).ShouldBe([$"begin {reader}"]);
        Gate.Named(reader).Open();
        await Task.WhenAll(reading, note).DefaultTimeout("both");
        (await grain.Notes()).ShouldBe([$"begin {reader}", $"end {reader}", "written"]);
    }

    [Fact]
    public async Task Reentrant_WhileACallAwaits_TakesOthers()
    {
        var grain = Grain<IReentrantTurnGrain>(NewKey());
        var gate = NewKey();
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the first call");
        await grain.Note("between").DefaultTimeout("the second call");
        Gate.Named(gate).Open();
        await held.DefaultTimeout("the first call's end");
        (await grain.Notes()).ShouldBe([$"begin {gate}", "between", $"end {gate}"]);
    }

    [Fact]
    public async Task OneWay_WhenCalled_ReturnsBeforeItHasRun()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var gate = NewKey();
        await grain.NoteOneWay("one way", gate).DefaultTimeout("the call");
        await Gate.Named(gate).Reached.DefaultTimeout("its turn");
        (await grain.Notes()).ShouldBeEmpty();
        Gate.Named(gate).Open();
        await grain.Note("after").DefaultTimeout("a call behind it");
        (await grain.Notes()).ShouldBe(["one way", "after"]);
    }

    [Fact]
    public async Task OneWay_WhenItFails_LeavesCallerAndGrainAlone()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var gate = NewKey();
        await grain.FailOneWay(gate).DefaultTimeout("the call");
        await Gate.Named(gate).Reached.DefaultTimeout("its turn");
        await grain.Note("still here").DefaultTimeout("a call behind it");
        (await grain.Notes()).ShouldBe(["still here"]);
    }

    [Fact]
    public async Task Await_InsideOfAGrain_ComesBackToItsActivation() =>
        (await Grain<ITurnGrain>(NewKey()).RunsOnTheActivation()).ShouldBeTrue();

    [Fact]
    public async Task Calls_ToDifferentGrains_RunAtTheSameTime()
    {
        var (first, second) = (NewKey(), NewKey());
        var calls = Task.WhenAll(Grain<ITurnGrain>(first).Hold(first), Grain<ITurnGrain>(second).Hold(second));
        await Gate.Named(first).Reached.DefaultTimeout("the first grain");
        await Gate.Named(second).Reached.DefaultTimeout("the second grain");
        Gate.Named(first).Open();
        Gate.Named(second).Open();
        await calls.DefaultTimeout("both");
    }

    [Fact]
    public async Task AlwaysInterleave_WhileAnotherOfItsKindOrAReaderAwaits_RunsAtOnce()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var (reader, first, second) = (NewKey("reader"), NewKey("first"), NewKey("second"));
        var calls = new[] { grain.HoldReading(reader), grain.HoldInterleaving(first), grain.HoldInterleaving(second) };
        foreach (var gate in new[] { reader, first, second })
        {
            await Gate.Named(gate).Reached.DefaultTimeout(gate);
        }

        calls.ShouldAllBe(static call => !call.IsCompleted);
        foreach (var gate in new[] { reader, first, second })
        {
            Gate.Named(gate).Open();
        }

        await Task.WhenAll(calls).DefaultTimeout("all calls");
    }

    [Fact]
    public async Task AlwaysInterleave_WhileItAwaits_KeepsNeitherReaderNorWriterOut()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var (interleaving, reader) = (NewKey("interleaving"), NewKey("reader"));
        var held = grain.HoldInterleaving(interleaving);
        await Gate.Named(interleaving).Reached.DefaultTimeout("the interleaving call");
        await grain.Note("written").DefaultTimeout("a writer");
        var reading = grain.HoldReading(reader);
        await Gate.Named(reader).Reached.DefaultTimeout("a reader");
        held.IsCompleted.ShouldBeFalse();
        Gate.Named(reader).Open();
        Gate.Named(interleaving).Open();
        await Task.WhenAll(held, reading).DefaultTimeout("both");
    }

    /// <summary>A cluster's writers wait for the reader that began first, and not for those that joined it: whoever reads and awaits in between
    /// must not believe that nothing is written meanwhile.</summary>
    [Fact]
    public async Task Writers_BehindSeveralReaders_WaitForTheFirstAndRunOneByOne()
    {
        var grain = Grain<ITurnGrain>(NewKey());
        var (first, second, writer) = (NewKey("first"), NewKey("second"), NewKey("writer"));
        var reading = grain.HoldReading(first);
        await Gate.Named(first).Reached.DefaultTimeout("the first reader");
        var joined = grain.HoldReading(second);
        await Gate.Named(second).Reached.DefaultTimeout("the second reader");
        var writing = grain.Hold(writer);
        (await grain.Notes()).ShouldNotContain($"begin {writer}");
        Gate.Named(first).Open();
        await reading.DefaultTimeout("the first reader's end");
        Gate.Named(second).Open();
        await joined.DefaultTimeout("the second reader's end");
        await Gate.Named(writer).Reached.DefaultTimeout("the writer");
        var note = grain.Note("behind");
        (await grain.Notes()).ShouldNotContain("behind");
        Gate.Named(writer).Open();
        await Task.WhenAll(writing, note).DefaultTimeout("all calls");
    }

    [Fact]
    public async Task Reentrant_ThatCallsItself_IsAnswered()
    {
        var grain = Grain<IReentrantTurnGrain>(NewKey());
        await grain.NoteThrough(grain, "through myself").DefaultTimeout("the call");
        (await grain.Notes()).ShouldBe(["through myself"]);
    }
}
