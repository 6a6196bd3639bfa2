using Caur.Api.Idempotency;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Edge;

/// <summary>What is kept of keys, and for how long.</summary>
public sealed class KeyStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Find_WhenADayIsOver_KnowsTheKeyNoMore()
    {
        var store = Store(new IdempotencyOptions());
        await store.SaveAsync(Slot(1), Record());
        _clock.Advance(TimeSpan.FromHours(23.9));
        store.Find(Slot(1)).ShouldNotBeNull();

        _clock.Advance(TimeSpan.FromHours(0.2));
        store.Find(Slot(1)).ShouldBeNull();
        Files().ShouldBe(0);
    }

    [Fact]
    public async Task Find_WhenSomebodyRemovedTheFolder_KnowsTheKeyNoMore()
    {
        var store = Store(new IdempotencyOptions());
        await store.SaveAsync(Slot(1), Record());
        Directory.Delete(_folder["keys"], recursive: true);

        store.Find(Slot(1)).ShouldBeNull();
        await store.SaveAsync(Slot(1), Record());

        store.Find(Slot(1)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Sweep_WhenADayIsOver_RemovesWhatNobodyAskedFor()
    {
        var store = Store(new IdempotencyOptions());
        await store.SaveAsync(Slot(1), Record());
        _clock.Advance(TimeSpan.FromHours(12));
        await store.SaveAsync(Slot(2), Record());
        _clock.Advance(TimeSpan.FromHours(13));

        store.Sweep();

        (store.Count, Files()).ShouldBe((1, 1));
        store.Find(Slot(2)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Save_WhenThereAreTooManyOrTooLarge_LetsTheOldestGo()
    {
        var store = Store(new IdempotencyOptions { Keys = 3, Bytes = 4000 });
        for (var i = 0; i < 10; i++)
        {
            await store.SaveAsync(Slot(i), Record());
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        (store.Count, Files()).ShouldBe((3, 3));
        store.Find(Slot(9)).ShouldNotBeNull();
        store.Find(Slot(6)).ShouldBeNull();

        await store.SaveAsync(Slot(10), Record() with { Answer = new KeyedAnswer { Status = 200, Headers = [], Body = new byte[5000] } });
        (store.Count, Files()).ShouldBe((1, 1));
        store.Find(Slot(10)).ShouldNotBeNull().Answer.ShouldNotBeNull().Body.Length.ShouldBe(5000);
    }

    [Fact]
    public async Task Add_WhenSeveralDoSoAtOnce_GivesAllTheSameRecord()
    {
        var stores = Enumerable.Range(0, 4).Select(_ => Store(new IdempotencyOptions())).ToList();
        stores.ShouldAllBe(store => store.Count == 0);

        var kept = await Task.WhenAll(stores.Select(store => Task.Run(() => store.AddAsync(Slot(1), Record()))));

        var operation = kept.Select(record => record.Operation).Distinct().ShouldHaveSingleItem();
        stores.ShouldAllBe(store => store.Find(Slot(1))!.Operation == operation);
        Files().ShouldBe(1);
    }

    [Fact]
    public async Task Find_WhenAnotherGaveALaterSecret_DoesNotGiveTheEarlier()
    {
        var (a, b) = (Store(new IdempotencyOptions()), Store(new IdempotencyOptions()));
        var record = await a.AddAsync(Slot(1), Record());
        await a.SaveAsync(Slot(1), record with { Answer = new KeyedAnswer { Status = 200, Headers = [], Body = [1] } }, isSecret: true);
        a.Find(Slot(1))!.Answer.ShouldNotBeNull();
        b.Find(Slot(1))!.Answer.ShouldBeNull();

        await b.SaveAsync(Slot(1), record with { Answer = new KeyedAnswer { Status = 200, Headers = [], Body = [2] } }, isSecret: true);
        File.SetLastWriteTimeUtc(Path.Combine(_folder["keys"], Slot(1) + ".json"), new DateTime(2029, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        a.Find(Slot(1))!.Answer.ShouldBeNull();
    }

    [Fact]
    public async Task Take_WhenAnotherProcessHasTheTurn_WaitsForItsEnd()
    {
        var (a, b) = (new KeyTurns(_folder["keys"], _clock), new KeyTurns(_folder["keys"], _clock));
        var patience = TimeSpan.FromSeconds(10);
        var cancelled = TestContext.Current.CancellationToken;
        var held = (await a.TakeAsync(Slot(1), patience, cancelled)).ShouldNotBeNull();
        (await b.TakeAsync(Slot(2), patience, cancelled)).ShouldNotBeNull().Dispose();

        var waits = b.TakeAsync(Slot(1), patience, cancelled);
        await _clock.ArmedAsync(TimeSpan.FromSeconds(1));
        waits.IsCompleted.ShouldBeFalse();
        held.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(1));
        using var turn = (await waits).ShouldNotBeNull();

        var late = a.TakeAsync(Slot(1), patience, cancelled);
        await _clock.ArmedAsync(TimeSpan.FromSeconds(1));
        while (!late.IsCompleted)
        {
            _clock.Advance(patience);
            await Task.Yield();
        }

        (await late).ShouldBeNull();
        turn.Dispose();
        Files().ShouldBe(0);
    }

    private KeyStore Store(IdempotencyOptions options) => new(_folder["keys"], options, _clock);

    private int Files() => Directory.EnumerateFiles(_folder["keys"]).Count();

    private KeyRecord Record() => new() { Fingerprint = "f", Operation = Guid.NewGuid(), Created = _clock.GetUtcNow() };

    private static string Slot(int number) => number.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);
}
