using Caur.Embedded.Storage;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Engine.Durability;

/// <summary>What the operating system is asked for before an answer, and what happens when it refuses.</summary>
public sealed class EngineDurabilityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string DatabasePath => _folder["caur.db"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Write_BeforeItsAnswer_IsSyncedToTheLog()
    {
        var trace = await TraceAsync(new SqliteSettings());
        trace.Answers.ShouldBe(7 * 20);
        trace.Violations().ShouldBeEmpty();
    }

    [Fact]
    public async Task Write_WithLoweredSynchronous_IsSeenNotToBeSynced()
    {
        var trace = await TraceAsync(new SqliteSettings { Synchronous = "NORMAL" });
        trace.Answers.ShouldBe(7 * 20);
        trace.Violations().Count(static violation => violation.EndsWith("before the log was synced")).ShouldBeGreaterThan(trace.Answers / 2);
    }

    [Theory]
    [InlineData("fdatasync", "EIO", "disk I/O error")]
    [InlineData("pwrite64", "EIO", "disk I/O error")]
    [InlineData("pwrite64", "ENOSPC", "database or disk is full")]
    public async Task Write_WhenTheDiskRefuses_FailsByItsErrorAndLaterOnesWork(string call, string error, string told)
    {
        await Strace.RequireAsync();
        var ended = await Strace.RunAsync(
            _folder["trace"],
            ["-e", $"trace={call}", "-P", $"{DatabasePath}-wal", "-e", $"inject={call}:error={error}:when=30+25"],
            typeof(EngineLoad),
            EngineLoad.Arguments(DatabasePath, operations: 30, new SqliteSettings()));
        ended.ExitCode.ShouldBe(0, ended.ToString());
        ended.Error.ShouldContain(told);
        ended.Error.ShouldContain("The state was not written");
        ended.Output.ShouldContain("failed ");
        var ledger = new LoadLedger();
        foreach (var line in ended.Output.Split('\n'))
        {
            ledger.Add(line);
        }

        ledger.Done.Values.ShouldAllBe(static number => number == 30);
        ledger.Check(DatabasePath, _folder.Path);
        ledger.Done.Values.ShouldAllBe(static number => number == 30, "what failed was not written");
    }

    private async Task<SyncTrace> TraceAsync(SqliteSettings settings)
    {
        await Strace.RequireAsync();
        // A page of the log is 4 KiB, and its text must be seen whole.
        var ended = await Strace.RunAsync(
            _folder["trace"],
            ["-s", "8192", "-e", "trace=write,pwrite64,fsync,fdatasync"],
            typeof(EngineLoad),
            EngineLoad.Arguments(DatabasePath, operations: 20, settings));
        ended.ExitCode.ShouldBe(0, ended.ToString());
        return new SyncTrace(File.ReadLines(_folder["trace"]), $"{DatabasePath}-wal");
    }
}
