using System.Diagnostics.Metrics;
using System.Globalization;
using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Engine;

public sealed class StateDatabaseTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("caur-state-");
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly StateDatabase _database;
    private readonly SqliteGrainStorage _storage;

    public StateDatabaseTests()
    {
        _database = Open();
        _storage = new SqliteGrainStorage("Default", _database, new JsonStateSerializer());
    }

    private string DatabasePath => Path.Combine(_folder.FullName, "caur.db");

    public void Dispose()
    {
        _database.Dispose();
        _services.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Writes_ThatArriveTogether_ShareCommits()
    {
        var commits = 0L;
        var changes = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == EngineInstruments.MeterName
                && ReferenceEquals(instrument.Meter.Scope, _services.GetRequiredService<IMeterFactory>()))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            _ = instrument.Name switch
            {
                "caur.engine.storage.commits" => Interlocked.Add(ref commits, value),
                "caur.engine.storage.changes" => Interlocked.Add(ref changes, value),
                _ => 0,
            };
        });
        listener.Start();
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => WriteAsync($"{i}", $"text {i}"))).DefaultTimeout("the writes");
        changes.ShouldBe(2000);
        commits.ShouldBeLessThan(500);
        (await ReadAsync("1234")).State.ShouldBe("text 1234");
    }

    [Fact]
    public async Task Write_WithAConflict_FailsAloneInItsBatch()
    {
        await WriteAsync("taken", "first");
        using var held = new ManualResetEventSlim();
        // Holds the writer, so that what follows is one batch.
        var holding = _database.WriteAsync(_ => held.Wait(TestTimeouts.Longest));
        var before = WriteAsync("before", "written");
        var conflict = WriteAsync("taken", "second");
        var after = WriteAsync("after", "written");
        held.Set();
        (await holding).ShouldBeTrue();
        await Task.WhenAll(before, after).DefaultTimeout("the others");
        var error = await Should.ThrowAsync<InconsistentStateException>(() => conflict);
        error.Message.ShouldContain("test/taken");
        error.StoredEtag.ShouldNotBeNullOrEmpty();
        (await ReadAsync("taken")).State.ShouldBe("first");
        (await ReadAsync("after")).State.ShouldBe("written");
    }

    [Fact]
    public async Task Commit_WhenTheDiskIsFull_FailsItsCallersAndLaterOnesWork()
    {
        var kept = await WriteAsync("kept", "kept");
        await _database.WriteAsync(connection =>
        {
            connection.Scalar(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count={connection.Scalar("PRAGMA page_count")}"));
            return true;
        });
        var large = new string('x', 1_000_000);
        var error = await Should.ThrowAsync<StateCommitException>(() => WriteAsync("large", large));
        error.Message.ShouldContain("full");
        kept.State = large;
        await Should.ThrowAsync<StateCommitException>(() => _storage.WriteStateAsync("text", Id("kept"), kept));
        (await ReadAsync("kept")).State.ShouldBe("kept");
        (await ReadAsync("large")).RecordExists.ShouldBeFalse();

        await _database.WriteAsync(static connection => connection.Scalar("PRAGMA max_page_count=1073741823"));
        await WriteAsync("large", large);
        await _storage.WriteStateAsync("text", Id("kept"), kept);
        (await ReadAsync("kept")).State!.Length.ShouldBe(large.Length);
    }

    [Fact]
    public async Task Commit_WhenOneOfItsBatchFindsNoRoom_FailsThoseOfTheBatchAndNoOther()
    {
        await WriteAsync("first", "first");
        await _database.WriteAsync(connection =>
        {
            // Room for the small ones, not for the large one.
            var pages = int.Parse(connection.Scalar("PRAGMA page_count")!, CultureInfo.InvariantCulture) + 3;
            return connection.Scalar(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count={pages}"));
        });
        using var held = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        // Holds the writer, so that what follows is one batch.
        var holding = _database.WriteAsync(_ => begun.TrySetResult() && held.Wait(TestTimeouts.Longest));
        await begun.Task.DefaultTimeout("the batch before");
        Task[] batch = [WriteAsync("before", "small"), WriteAsync("large", new string('x', 100_000)), WriteAsync("after", "small")];
        held.Set();
        await holding.DefaultTimeout("the batch before");
        foreach (var write in batch)
        {
            await Should.ThrowAsync<StateCommitException>(() => write.DefaultTimeout("the answer"));
        }

        foreach (var key in new[] { "before", "large", "after" })
        {
            (await ReadAsync(key)).RecordExists.ShouldBeFalse();
        }

        await WriteAsync("next", "small");
        (await ReadAsync("next")).State.ShouldBe("small");
        (await ReadAsync("first")).State.ShouldBe("first");
    }

    [Fact]
    public async Task Read_WhileTheWriterIsHeld_DoesNotWait()
    {
        await WriteAsync("read", "committed");
        using var held = new ManualResetEventSlim();
        var holding = _database.WriteAsync(connection =>
        {
            connection.Execute("UPDATE grain_state SET data=X'22'");
            return held.Wait(TestTimeouts.Longest);
        });
        (await ReadAsync("read")).State.ShouldBe("committed");
        holding.IsCompleted.ShouldBeFalse();
        held.Set();
        (await holding.DefaultTimeout("the writer")).ShouldBeTrue();
    }

    [Fact]
    public async Task Write_OverAClearedRecord_DoesNotMatchItsOldVersion()
    {
        var old = await WriteAsync("cleared", "one");
        var copy = new GrainState<string>("one", old.ETag!);
        await _storage.ClearStateAsync("text", Id("cleared"), old);
        old.ETag.ShouldBeNull();
        await WriteAsync("cleared", "two");
        await Should.ThrowAsync<InconsistentStateException>(() => _storage.WriteStateAsync("text", Id("cleared"), copy));
        await Should.ThrowAsync<InconsistentStateException>(() => _storage.ClearStateAsync("text", Id("cleared"), copy));
    }

    [Fact]
    public async Task Clear_OfAMissingRecord_IsNothing()
    {
        var state = new GrainState<string>();
        await _storage.ClearStateAsync("text", Id("missing"), state);
        state.RecordExists.ShouldBeFalse();
    }

    [Fact]
    public async Task Database_WhenOpenedAgain_HasWhatWasWritten()
    {
        await WriteAsync("kept", "kept");
        _database.Dispose();
        using var again = Open();
        var state = new GrainState<string>();
        await new SqliteGrainStorage("Default", again, new JsonStateSerializer()).ReadStateAsync("text", Id("kept"), state);
        state.State.ShouldBe("kept");
    }

    [Fact]
    public async Task Write_AfterTheEnd_FailsByName()
    {
        _database.Dispose();
        (await Should.ThrowAsync<StateCommitException>(() => WriteAsync("late", "late"))).Message.ShouldContain("closed");
    }

    [Fact]
    public async Task Database_AfterEveryOpening_IsSyncedAtEachCommit()
    {
        (await _database.WriteAsync(static connection => connection.Scalar("PRAGMA synchronous"))).ShouldBe("2");
        (await _database.WriteAsync(static connection => connection.Scalar("PRAGMA journal_mode"))).ShouldBe("wal");
    }

    private static GrainId Id(string key) => GrainId.Create("test", key);

    private async Task<GrainState<string?>> ReadAsync(string key)
    {
        var state = new GrainState<string?>();
        await _storage.ReadStateAsync("text", Id(key), state);
        return state;
    }

    private async Task<GrainState<string>> WriteAsync(string key, string text)
    {
        var state = new GrainState<string>(text);
        await _storage.WriteStateAsync("text", Id(key), state);
        return state;
    }

    private StateDatabase Open() => new(
        DatabasePath, new EngineInstruments(_services.GetRequiredService<IMeterFactory>()), NullLogger.Instance);
}
