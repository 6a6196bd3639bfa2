using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Grains.Queue;
using Caur.Grains.State;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Grains;

public sealed class SlotStoreTests : IAsyncLifetime
{
    private static readonly GrainId Owner = GrainId.Create("buildqueue", "x86_64");

    private readonly TemporaryFolder _folder = new();
    private readonly StorageFaults _faults = new();
    private readonly List<DamagedRecord> _damages = [];
    private TestStorage _storage = null!;
    private bool _expectsDamage;

    [Fact]
    public async Task Load_WhenNothingWasWritten_IsEmpty() => (await OpenAsync()).Found.ShouldBeEmpty();

    [Fact]
    public async Task Write_WhenReloaded_IsExactlyWhatWasWritten()
    {
        var (store, _) = await OpenAsync();
        var slots = await store.TakeAsync(3);
        var written = slots.ToDictionary(slot => slot, slot => Value($"p+{slot}.x@1") with
        {
            HeldBy = ["lib"],
            Ending = new FinalVerdict(BuildState.Cancelled, "not wanted"),
            Builder = new BuilderId("b", "0"),
            NotBefore = DateTimeOffset.UnixEpoch,
        });
        await Task.WhenAll(written.Select(pair => store.WriteAsync(pair.Key, pair.Value)));

        var (_, found) = await OpenAsync();
        found.Keys.Order().ShouldBe(written.Keys.Order());
        var json = new GrainStateSerializer();
        foreach (var (slot, value) in found)
        {
            json.Serialize(value).ToString().ShouldBe(json.Serialize(written[slot]).ToString());
        }
    }

    [Fact]
    public async Task Write_WhenOverwritten_HasTheNewest()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        await store.WriteAsync(slot, Value("a"));
        await store.WriteAsync(slot, Value("b"));

        (await OpenAsync()).Found[slot].Build.Pkgbase.ShouldBe("b");
    }

    [Fact]
    public Task Write_WhenManyAtOnce_EndsWithTheNewestAndWritesFew() => InTurnsAsync(async () =>
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        var gate = new TaskCompletionSource();
        _faults.HoldWrite($"queue-{slot}", gate.Task);
        var writes = Enumerable.Range(0, 50).Select(i => store.WriteAsync(slot, Value($"p{i}"))).ToList();
        writes.ShouldAllBe(write => !write.IsCompleted);
        gate.SetResult();
        await Task.WhenAll(writes);

        _faults.Log.Count(line => line == $"write queue-{slot}").ShouldBe(2);
        (await OpenAsync()).Found[slot].Build.Pkgbase.ShouldBe("p49");
    });

    [Fact]
    public Task Clear_WhenAWriteIsUnderWay_WinsAndFreesTheSlot() => InTurnsAsync(async () =>
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        var gate = new TaskCompletionSource();
        _faults.HoldWrite($"queue-{slot}", gate.Task);
        var write = store.WriteAsync(slot, Value("a"));
        var clear = store.ClearAsync(slot);
        (await store.TakeAsync(255)).ShouldNotContain(slot, "it is not free before it is cleared");
        gate.SetResult();
        await Task.WhenAll(write, clear);

        (await OpenAsync()).Found.ShouldBeEmpty();
        (await store.TakeAsync(1)).ShouldBe([slot]);
    });

    [Fact]
    public async Task Clear_WhenCalledTwice_FreesTheSlotOnce()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        await store.WriteAsync(slot, Value("a"));
        await store.ClearAsync(slot);
        await store.ClearAsync(slot);
        var slots = await store.TakeAsync(256);

        slots.Distinct().Count().ShouldBe(256);
    }

    [Fact]
    public async Task Clear_WhenNeverWritten_FreesTheSlot()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        await store.ClearAsync(slot);

        (await store.TakeAsync(1)).ShouldBe([slot]);
    }

    [Fact]
    public async Task Write_WhenTheSlotIsReused_HasTheNewValue()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        await store.WriteAsync(slot, Value("a"));
        await store.ClearAsync(slot);
        (await store.TakeAsync(1)).Dequeue().ShouldBe(slot);
        await store.WriteAsync(slot, Value("b"));

        (await OpenAsync()).Found.ShouldHaveSingleItem().Value.Build.Pkgbase.ShouldBe("b");
    }

    [Fact]
    public async Task Write_WhenTheSlotIsNotTaken_IsABug()
    {
        var (store, _) = await OpenAsync();
        await Should.ThrowAsync<InvalidOperationException>(() => store.WriteAsync(3, Value("a")));
    }

    [Fact]
    public async Task Take_WhenMoreThanThereAre_GrowsByWholeStepsAndSurvives()
    {
        var (store, _) = await OpenAsync();
        var slots = await store.TakeAsync(700);
        slots.Distinct().Count().ShouldBe(700);
        await Task.WhenAll(slots.Select(slot => store.WriteAsync(slot, Value($"p{slot}"))));

        var (again, found) = await OpenAsync();
        found.Count.ShouldBe(700);
        (await again.TakeAsync(10)).ShouldAllBe(slot => !found.ContainsKey(slot));
        _faults.Log.Count(line => line == "write queue-cursor").ShouldBeLessThanOrEqualTo(2);
    }

    [Fact]
    public Task Take_WhenManyWaitForTheSameGrowth_GivesNoSlotTwice() => InTurnsAsync(async () =>
    {
        var (store, _) = await OpenAsync();
        var gate = new TaskCompletionSource();
        _faults.HoldWrite("queue-cursor", gate.Task);
        var takes = Enumerable.Range(0, 10).Select(_ => store.TakeAsync(200)).ToList();
        gate.SetResult();

        (await Task.WhenAll(takes)).SelectMany(slots => slots).Distinct().Count().ShouldBe(2000);
    });

    [Fact]
    public async Task Write_WhenItFails_TellsAndTheNextOneSucceeds()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        _faults.FailWrites($"queue-{slot}");
        await Should.ThrowAsync<IOException>(() => store.WriteAsync(slot, Value("a")));
        (await OpenAsync()).Found.ShouldBeEmpty();
        await store.WriteAsync(slot, Value("b"));

        (await OpenAsync()).Found[slot].Build.Pkgbase.ShouldBe("b");
    }

    [Fact]
    public async Task Write_WhenTheOneBeforeFails_IsStillWritten()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        var gate = new TaskCompletionSource();
        _faults.HoldWrite($"queue-{slot}", gate.Task);
        var first = store.WriteAsync(slot, Value("a"));
        var second = store.WriteAsync(slot, Value("b"));
        gate.SetException(new IOException("no room"));

        await Should.ThrowAsync<IOException>(() => first);
        await second;
        (await OpenAsync()).Found[slot].Build.Pkgbase.ShouldBe("b");
    }

    [Fact]
    public async Task Write_WhenAnotherActivationWrote_Conflicts()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        await store.WriteAsync(slot, Value("a"));
        var (newer, _) = await OpenAsync();
        await newer.WriteAsync(slot, Value("b"));

        await Should.ThrowAsync<InconsistentStateException>(() => store.WriteAsync(slot, Value("c")));
        (await OpenAsync()).Found[slot].Build.Pkgbase.ShouldBe("b");
    }

    [Fact]
    public async Task Take_WhenTheCursorCannotBeWritten_TellsAndLaterGrows()
    {
        var (store, _) = await OpenAsync();
        _faults.FailWrites("queue-cursor");
        await Should.ThrowAsync<IOException>(() => store.TakeAsync(1));

        (await store.TakeAsync(1)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Load_WhenASlotIsDamaged_NamesItAndNeverUsesItAgain()
    {
        _expectsDamage = true;
        var (store, _) = await OpenAsync();
        var slots = (await store.TakeAsync(3)).ToArray();
        await Task.WhenAll(slots.Select(slot => store.WriteAsync(slot, Value($"p{slot}"))));
        Flip($"queue-{slots[1]}");

        var (again, found) = await OpenAsync();
        found.Keys.ShouldBe([slots[0], slots[2]], ignoreOrder: true);
        var damage = _damages.ShouldHaveSingleItem();
        damage.Record.ShouldBe($"queue-{slots[1]}");
        damage.IsCursor.ShouldBeFalse();
        damage.Error.Message.ShouldContain("buildqueue/x86_64");
        (await again.TakeAsync(600)).ShouldNotContain(slots[1]);
    }

    [Theory]
    [InlineData("queue-cursor")]
    [InlineData("queue-cursor-2")]
    [InlineData("queue-cursor", "queue-cursor-2")]
    public async Task Load_WhenTheCursorIsDamaged_KnowsAllTheSameAndGivesNoSlotInUse(params string[] cursors)
    {
        _expectsDamage = true;
        var (store, _) = await OpenAsync();
        var slots = (await store.TakeAsync(2000)).ToArray();
        var kept = new[] { slots[3], slots[700], slots[1999] };
        await Task.WhenAll(kept.Select(slot => store.WriteAsync(slot, Value($"p{slot}"))));
        foreach (var name in cursors.Append($"queue-{kept[1]}"))
        {
            Flip(name);
        }

        var (again, found) = await OpenAsync();
        _damages.Select(static damage => damage.Record).ShouldBe([.. cursors, $"queue-{kept[1]}"]);
        found.Keys.ShouldBe([kept[0], kept[2]], ignoreOrder: true);
        var taken = await again.TakeAsync(3000);
        taken.ShouldNotContain(slot => kept.Contains(slot));
        await Task.WhenAll(taken.Select(slot => again.WriteAsync(slot, Value($"q{slot}"))));

        _faults.Log.Clear();
        _damages.Clear();
        (await OpenAsync()).Found.Count.ShouldBe(3002);
        _faults.Log.ShouldBeEmpty("two sound records know how many there are");
        _damages.Count.ShouldBe(cursors.Length + 1, "the damaged ones are still there");
    }

    [Fact]
    public async Task Load_WhenTheCursorHasOneRecordOnly_WritesTheOther()
    {
        var (store, _) = await OpenAsync();
        var slot = (await store.TakeAsync(1)).Dequeue();
        await store.WriteAsync(slot, Value("a"));
        EngineRecords.Remove(_folder["caur.db"], Record("queue-cursor-2"));

        (await OpenAsync()).Found.Keys.ShouldBe([slot]);
        _expectsDamage = true;
        Flip("queue-cursor");
        _faults.Log.Clear();
        (await OpenAsync()).Found.Keys.ShouldBe([slot]);
        _faults.Log.ShouldBe(["write queue-cursor-2", "write queue-cursor-3"], ignoreOrder: true);
    }

    public async ValueTask InitializeAsync() => _storage = await TestStorage.OpenAsync(_folder["caur.db"]);

    public async ValueTask DisposeAsync()
    {
        if (!_expectsDamage)
        {
            _damages.ShouldBeEmpty();
        }

        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>As in a grain: whatever waits, one thing runs at a time.</summary>
    private static Task InTurnsAsync(Func<Task> test) => Task.Factory.StartNew(
        test, CancellationToken.None, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap();

    /// <summary>Changes one byte of a record, in its middle.</summary>
    private void Flip(string name)
    {
        var record = Record(name);
        record.Data[record.Data.Length / 2] = 7;
        EngineRecords.Write(_folder["caur.db"], record);
    }

    private FarmRecord Record(string name) => EngineRecords.All(_folder["caur.db"]).Single(record => record.Name == name);

    private static QueueSlot Value(string pkgbase) => new()
    {
        Build = new BuildId(new PackageKey(Farm.Target, pkgbase), 1),
        Request = Farm.Request(pkgbase),
        Operation = Guid.Empty,
        Rank = 1,
    };

    private async Task<(SlotStore<QueueSlot> Store, Dictionary<int, QueueSlot> Found)> OpenAsync()
    {
        var storage = new FaultyStorage(_storage.Storage, _faults);
        var store = new SlotStore<QueueSlot>(storage, Owner, "queue", longestGap: 4096);
        var found = await store.LoadAsync(damage => _damages.Add(damage));
        return (store, found.ToDictionary(pair => pair.Slot, pair => pair.Value));
    }
}
