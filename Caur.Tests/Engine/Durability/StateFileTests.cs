using System.Security.Cryptography;
using System.Text;
using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Durability;

/// <summary>A file that is damaged, cut short, exchanged or gone is refused by its name and left as it is: nothing is made in its place.</summary>
public sealed class StateFileTests : IAsyncLifetime
{
    private const int Page = 4096;

    private readonly EmbeddedEngineFixture _engine = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _engine.InitializeAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _engine.Client.GetGrain<IStateGrain>($"{i}").Write(new string('x', 700))));
        await _engine.StopAsync();
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public void Of_TheReferenceInput_IsTheReferenceChecksum() => Checksum.Of("123456789"u8).ShouldBe(0xE3069283u);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Start_WhenAPageIsOverwritten_IsRefusedAndChangesNothing(int page)
    {
        await OverwriteAsync(page, 1);
        await ShouldRefuseAsync("restore the last backup");
    }

    [Fact]
    public async Task Start_WhenTheFileIsCutShort_IsRefusedAndChangesNothing()
    {
        await using (var file = new FileStream(_engine.DatabasePath, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        await ShouldRefuseAsync("restore the last backup");
    }

    [Fact]
    public async Task Start_WhenTheFileIsEmpty_IsRefused()
    {
        await File.WriteAllBytesAsync(_engine.DatabasePath, [], Token);
        await ShouldRefuseAsync("restore the last backup");
    }

    [Fact]
    public async Task Start_WhenTheFileIsGoneAndItsLogIsThere_IsRefused()
    {
        File.Delete(_engine.DatabasePath);
        await File.WriteAllTextAsync($"{_engine.DatabasePath}-wal", "changes", Token);
        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await _engine.InitializeAsync());
        error.Message.ShouldContain(_engine.DatabasePath);
        error.Message.ShouldContain("from a backup");
        File.Exists(_engine.DatabasePath).ShouldBeFalse();
    }

    [Fact]
    public async Task Start_OnAnotherDatabase_IsRefused()
    {
        File.Delete(_engine.DatabasePath);
        using (var connection = new SqliteConnection(_engine.DatabasePath, readOnly: false))
        {
            connection.Execute("CREATE TABLE somebody_elses(x)");
        }

        await ShouldRefuseAsync("is no state database");
    }

    [Fact]
    public async Task Call_WhenTheFileIsDamagedMeanwhile_FailsWithTheFilesName()
    {
        await _engine.InitializeAsync();
        await OverwriteAsync(1, (int)(new FileInfo(_engine.DatabasePath).Length / Page) - 1);
        var error = await Should.ThrowAsync<OrleansException>(() => _engine.Client.GetGrain<IStateGrain>("50").View());
        error.Message.ShouldContain(_engine.DatabasePath);
        error.Message.ShouldContain("restore the last backup");
    }

    [Fact]
    public async Task Start_AfterAStartThatWasKilled_MakesTheFileAnew()
    {
        File.Delete(_engine.DatabasePath);
        await File.WriteAllTextAsync($"{_engine.DatabasePath}.new", "half", Token);
        await File.WriteAllTextAsync($"{_engine.DatabasePath}.new-journal", "half", Token);
        await _engine.InitializeAsync();
        await _engine.Client.GetGrain<IStateGrain>("first").Write("first");
        File.Exists($"{_engine.DatabasePath}.new").ShouldBeFalse();
    }

    [Fact]
    public async Task Start_OnTheFirstSchema_ReadsItsRecordsAndAddsChecksums()
    {
        File.Delete(_engine.DatabasePath);
        using (var connection = new SqliteConnection(_engine.DatabasePath, readOnly: false))
        {
            connection.Execute("""
                CREATE TABLE schema_version(version INTEGER NOT NULL);
                CREATE TABLE grain_state(
                    storage TEXT NOT NULL, grain TEXT NOT NULL, name TEXT NOT NULL, etag INTEGER NOT NULL, data BLOB NOT NULL,
                    PRIMARY KEY(grain, name, storage)) WITHOUT ROWID;
                CREATE TABLE reminder(
                    grain TEXT NOT NULL, name TEXT NOT NULL, first_due INTEGER NOT NULL, period INTEGER NOT NULL, next_due INTEGER NOT NULL,
                    PRIMARY KEY(grain, name)) WITHOUT ROWID;
                INSERT INTO schema_version VALUES(1);
                INSERT INTO grain_state VALUES('Default', 'state/old', 'note', 5, CAST('{"Text":"old"}' AS BLOB));
                """);
        }

        await _engine.InitializeAsync();
        var grain = _engine.Client.GetGrain<IStateGrain>("old");
        (await grain.View()).Text.ShouldBe("old");
        await grain.Write("new");
        await _engine.RestartAsync();
        (await _engine.Client.GetGrain<IStateGrain>("old").View()).Text.ShouldBe("new");
        using var check = new SqliteConnection(_engine.DatabasePath, readOnly: true);
        check.Scalar("SELECT crc FROM grain_state WHERE grain='state/old'").ShouldBe(
            $"{Checksum.Of(Encoding.UTF8.GetBytes("""{"Text":"new","Unwritable":null}"""))}");
    }

    [Fact]
    public async Task Read_WhenAnyByteOfARecordIsChanged_FailsThatGrainByName()
    {
        using var damaged = new CountedMeasurements(_engine, "caur.engine.storage.damaged");
        for (var i = 0; i < 20; i++)
        {
            using (var connection = new SqliteConnection(_engine.DatabasePath, readOnly: false))
            {
                using var update = connection.Prepare(
                    "UPDATE grain_state SET data=CAST(substr(data, 1, ?2) || 'y' || substr(data, ?2 + 2) AS BLOB) WHERE grain=?1");
                // Within the text, where the record is still a whole one of its kind.
                update.Bind(1, $"state/{i}").Bind(2, 20 + (30 * i)).Step();
                connection.Changes.ShouldBe(1);
            }
        }

        await _engine.InitializeAsync();
        for (var i = 0; i < 20; i++)
        {
            var error = await Should.ThrowAsync<StateDamagedException>(() => _engine.Client.GetGrain<IStateGrain>($"{i}").View());
            error.Message.ShouldContain($"The state 'note' of grain state/{i} in storage 'Default' is damaged");
        }

        damaged.Sum.ShouldBe(20);
        (await _engine.Client.GetGrain<IStateGrain>("20").View()).Text.ShouldNotBeNull().Length.ShouldBe(700);
    }

    private async Task OverwriteAsync(int firstPage, int pages)
    {
        await using var file = new FileStream(_engine.DatabasePath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Seek(firstPage * Page, SeekOrigin.Begin);
        await file.WriteAsync(Enumerable.Repeat((byte)0xAA, pages * Page).ToArray(), Token);
    }

    private async Task ShouldRefuseAsync(string advice)
    {
        var before = await HashAsync();
        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await _engine.InitializeAsync());
        error.Message.ShouldContain(_engine.DatabasePath);
        error.Message.ShouldContain(advice);
        (await HashAsync()).ShouldBe(before);
    }

    private async Task<string> HashAsync() => Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(_engine.DatabasePath, Token)));
}
