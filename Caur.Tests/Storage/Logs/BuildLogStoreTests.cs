using System.Text;
using Caur.Storage.Files;
using Caur.Storage.Logs;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Logs;

public sealed class BuildLogStoreTests : IDisposable
{
    private static readonly LogKey Key = new("c++utilities", 1_700_000_000_123, "chaotic.aur", "x86_64");

    private readonly TemporaryFolder _folder = new();
    private readonly BuildLogStore _store;

    public BuildLogStoreTests() => _store = new BuildLogStore(_folder.Path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AppendAsync_WhenPiecesRepeatOverlapOrSkip_KeepsEveryByteOnce()
    {
        await using var log = await _store.OpenAsync(Key, Token);

        (await log.AppendAsync(0, "hello "u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Appended, 6));
        (await log.AppendAsync(0, "hello "u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.AlreadyThere, 6));
        (await log.AppendAsync(3, "lo world"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Appended, 11));
        (await log.AppendAsync(12, "x"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Gap, 11));
        (await log.AppendAsync("!"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Appended, 12));

        (await ReadAsync()).ShouldBe("hello world!");
    }

    [Fact]
    public async Task CompleteAsync_WhenRepeated_EndsTheLogOnce()
    {
        await using var log = await _store.OpenAsync(Key, Token);
        await log.AppendAsync(0, "abc"u8.ToArray(), Token);
        _store.Find(Key).ShouldNotBeNull().Finished.ShouldBeFalse();

        (await log.CompleteAsync(Token)).ShouldBeTrue();
        (await log.CompleteAsync(Token)).ShouldBeTrue();

        (await log.AppendAsync(3, "d"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Finished, 3));
        (await log.AppendAsync(0, "abc"u8.ToArray(), Token)).Status.ShouldBe(LogAppendStatus.AlreadyThere);
        var info = _store.Find(Key).ShouldNotBeNull();
        info.Finished.ShouldBeTrue();
        info.Length.ShouldBe(3);
        File.Exists(_folder["c++utilities", "1700000000123.chaotic.aur.x86_64.log"]).ShouldBeTrue();
        Directory.GetFiles(_folder["c++utilities"]).Length.ShouldBe(1);
    }

    [Fact]
    public async Task OpenAsync_AfterTheProcessDied_GoesOnWhereTheFileEnds()
    {
        // A dead process disposes nothing: another store on the same folder is what comes after it.
        var dead = await _store.OpenAsync(Key, Token);
        await dead.AppendAsync(0, "abc"u8.ToArray(), Token);
        await File.AppendAllTextAsync(_folder["c++utilities", "1700000000123.chaotic.aur.x86_64.live"], "de", Token);

        using var restarted = new BuildLogStore(_folder.Path);
        await using var log = await restarted.OpenAsync(Key, Token);
        log.Length.ShouldBe(5);
        log.Finished.ShouldBeFalse();
        (await log.AppendAsync(3, "def"u8.ToArray(), Token)).Length.ShouldBe(6);
        await log.CompleteAsync(Token);

        (await ReadAsync()).ShouldBe("abcdef");
        await using var again = await restarted.OpenAsync(Key, Token);
        again.Finished.ShouldBeTrue();
        await dead.DisposeAsync();
    }

    [Fact]
    public async Task OpenAsync_WhenAnOlderWriterIsOpen_FencesItOff()
    {
        await using var older = await _store.OpenAsync(Key, Token);
        await older.AppendAsync(0, "a"u8.ToArray(), Token);
        await using var newer = await _store.OpenAsync(Key, Token);

        (await older.AppendAsync(1, "x"u8.ToArray(), Token)).Status.ShouldBe(LogAppendStatus.Superseded);
        (await older.CompleteAsync(Token)).ShouldBeFalse();
        (await newer.AppendAsync(1, "b"u8.ToArray(), Token)).Status.ShouldBe(LogAppendStatus.Appended);
        (await ReadAsync()).ShouldBe("ab");
    }

    [Fact]
    public async Task OpenAsync_WhenSyncsAreBatched_WritesTheSameBytes()
    {
        using var store = new BuildLogStore(_folder.Path, new BuildLogOptions { SyncEveryBytes = 4 });
        await using var log = await store.OpenAsync(Key, Token);
        for (var number = 0; number < 10; number++)
        {
            await log.AppendAsync("abc"u8.ToArray(), Token);
        }

        (await ReadAsync()).ShouldBe(string.Concat(Enumerable.Repeat("abc", 10)));
    }

    [Theory]
    [InlineData("../x", "x86_64")]
    [InlineData(".x", "x86_64")]
    [InlineData("x", "x86.64")]
    [InlineData("x", "../../x")]
    public async Task OpenAsync_WhenKeyWouldLeaveTheFolder_Refuses(string pkgbase, string arch)
    {
        var key = new LogKey(pkgbase, 1, "t", arch);
        await Should.ThrowAsync<UnsafePathException>(() => _store.OpenAsync(key, Token));
        _store.Find(key).ShouldBeNull();
        _store.OpenRead(key).ShouldBeNull();
    }

    [Fact]
    public async Task Latest_WhenSeveralLogsExist_FindsTheNewestOfThatPkgbase()
    {
        foreach (var (pkgbase, timestamp) in new[] { ("foo", 99L), ("foo", 1000L), ("foo", 200L), ("foo-git", 5000L) })
        {
            await using var log = await _store.OpenAsync(new LogKey(pkgbase, timestamp, "t", "any"), Token);
        }

        await File.WriteAllTextAsync(_folder["foo", "0009000.t.any.log"], "not ours", Token);
        await File.WriteAllTextAsync(_folder["foo", "notes.txt"], "not ours", Token);

        _store.Latest("foo").ShouldNotBeNull().Key.Timestamp.ShouldBe(1000);
        _store.Find("foo", 200).ShouldNotBeNull().Key.ShouldBe(new LogKey("foo", 200, "t", "any"));
        _store.Find("foo", 201).ShouldBeNull();
        _store.List("foo").Select(log => log.Key.Timestamp).ShouldBe([1000, 200, 99]);
        _store.Latest("bar").ShouldBeNull();
        _store.Latest("..").ShouldBeNull();
    }

    [Fact]
    public async Task PadAsync_WhenTheFileLostItsEnd_KeepsOffsetsAndMarksTheLoss()
    {
        await using var log = await _store.OpenAsync(Key, Token);
        await log.AppendAsync(0, "abc"u8.ToArray(), Token);

        (await log.PadAsync(2, Token)).ShouldBe(0);
        (await log.PadAsync(1003, Token)).ShouldBe(1000);

        (await log.AppendAsync(1003, "after"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Appended, 1008));
        var text = await ReadAsync();
        text.ShouldStartWith("abc\u001b[0m\r\n==> 1000 bytes of the log were lost here\r\n\0");
        text.ShouldEndWith("\0after");
        (await log.PadAsync(1009, Token)).ShouldBe(1);
        log.Length.ShouldBe(1009);
    }

    [Fact]
    public async Task OpenAsync_WhenTheLogIsLargerThanFourGibibytes_CountsOn()
    {
        const long Start = (5L << 30) + 7;
        await using (var log = await _store.OpenAsync(Key, Token))
        {
            await log.AppendAsync(0, "first"u8.ToArray(), Token);
        }

        await using (var hole = File.OpenWrite(_folder["c++utilities", "1700000000123.chaotic.aur.x86_64.live"]))
        {
            hole.SetLength(Start);
        }

        await using var large = await _store.OpenAsync(Key, Token);
        (await large.AppendAsync(Start - 3, "...last"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Appended, Start + 4));
        (await large.AppendAsync(1L << 40, "x"u8.ToArray(), Token)).ShouldBe(new LogAppendResult(LogAppendStatus.Gap, Start + 4));
        await large.CompleteAsync(Token);

        var read = new List<byte>();
        await foreach (var piece in _store.FollowAsync(Key, Start - 1, Token))
        {
            read.AddRange(piece.Span);
        }

        read.ShouldBe("\0last"u8.ToArray());
        _store.Find(Key).ShouldNotBeNull().Length.ShouldBe(Start + 4);
    }

    [Fact]
    public async Task SweepAsync_WhenTooManyOrTooOld_RemovesThoseAndNeitherTheNewestNorOneThatIsNotFinished()
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(60);
        await WriteAsync("many", 1, now);
        await WriteAsync("many", 2, now);
        await WriteAsync("many", 3, now);
        await WriteAsync("old", 1, now.AddDays(-11));
        await WriteAsync("old", 2, now.AddDays(-11));
        await WriteAsync("old", 1, now.AddDays(-12), target: "other");
        await WriteAsync("waiting", 1, now.AddDays(-11), finish: false);
        await using var growing = await _store.OpenAsync(new LogKey("growing", 1, "t", "any"), Token);
        File.SetLastWriteTimeUtc(_folder["growing", "1.t.any.live"], now.AddDays(-11).UtcDateTime);
        await File.WriteAllTextAsync(_folder["many", "notes.txt"], "not ours", Token);

        await _store.AttachNamcapAsync(new LogKey("many", 1, "t", "any"), "1"u8.ToArray(), Token);
        await _store.AttachNamcapAsync(new LogKey("many", 2, "t", "any"), "2"u8.ToArray(), Token);

        var removed = await _store.SweepAsync(new LogRetention { MaxAge = TimeSpan.FromDays(10), MaxPerPkgbase = 2 }, now, Token);

        removed.ShouldBe(2);
        _store.List("many").Select(log => log.Key.Timestamp).ShouldBe([3, 2]);
        _store.List("old").Select(log => (log.Key.Timestamp, log.Key.Target)).ShouldBe([(2, "t"), (1, "other")]);
        _store.Find("many", 1).ShouldBeNull();
        File.Exists(_folder["many", "1.t.any.namcap"]).ShouldBeFalse();
        File.Exists(_folder["many", "2.t.any.namcap"]).ShouldBeTrue();
        _store.List("waiting").ShouldHaveSingleItem().Finished.ShouldBeFalse();
        _store.List("growing").ShouldHaveSingleItem();
        File.Exists(_folder["many", "notes.txt"]).ShouldBeTrue();
        (await growing.AppendAsync("still"u8.ToArray(), Token)).Status.ShouldBe(LogAppendStatus.Appended);
    }

    [Fact]
    public async Task Unattended_WhenALogIsNotFinishedAndNotOpen_NamesIt()
    {
        await WriteAsync("done", 1, DateTimeOffset.UnixEpoch);
        await WriteAsync("left", 2, DateTimeOffset.UnixEpoch, finish: false);
        await using var open = await _store.OpenAsync(new LogKey("open", 3, "t", "any"), Token);

        _store.Unattended().ShouldBe([new LogKey("left", 2, "t", "any")]);
    }

    /// <summary>20,000 logs over 2,000 pkgbases: one run is cut off in the middle, the next one does the rest, and what is left is what a run
    /// that was not cut off would have left.</summary>
    [Fact]
    public async Task SweepAsync_WhenCutOffAmongTwentyThousandLogs_IsCompletedByTheNext()
    {
        const int Pkgbases = 2000;
        const int Each = 10;
        var now = DateTimeOffset.UnixEpoch.AddYears(60);
        for (var pkgbase = 0; pkgbase < Pkgbases; pkgbase++)
        {
            Directory.CreateDirectory(_folder[$"p{pkgbase}"]);
            for (var log = 1; log <= Each; log++)
            {
                await File.Create(_folder[$"p{pkgbase}", $"{log}.t.any.log"]).DisposeAsync();
            }
        }

        var retention = new LogRetention { MaxAge = TimeSpan.FromDays(365_000), MaxPerPkgbase = 7 };
        using var cut = new CancellationTokenSource();
        var first = Directory.EnumerateDirectories(_folder.Path).First();
        var run = _store.SweepAsync(retention, now, cut.Token);
        while (Directory.GetFiles(first).Length == Each && !run.IsCompleted)
        {
            await Task.Yield();
        }

        await cut.CancelAsync();
        await run.ContinueWith(_ => { }, Token, TaskContinuationOptions.None, TaskScheduler.Default);

        var started = TimeProvider.System.GetTimestamp();
        var rest = await _store.SweepAsync(retention, now, Token);
        TestContext.Current.SendDiagnosticMessage(
            $"20,000 logs were looked through and {rest} removed in {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:0} ms");

        rest.ShouldBeInRange(0, Pkgbases * 3);
        for (var pkgbase = 0; pkgbase < Pkgbases; pkgbase++)
        {
            Directory.GetFiles(_folder[$"p{pkgbase}"]).Length.ShouldBe(7);
        }

        _store.List("p77").Select(log => log.Key.Timestamp).ShouldBe([10, 9, 8, 7, 6, 5, 4]);
        (await _store.SweepAsync(retention, now, Token)).ShouldBe(0);
    }

    private async Task WriteAsync(string pkgbase, long timestamp, DateTimeOffset lastWrite, bool finish = true, string target = "t")
    {
        await using (var log = await _store.OpenAsync(new LogKey(pkgbase, timestamp, target, "any"), Token))
        {
            await log.AppendAsync("x"u8.ToArray(), Token);
            if (finish)
            {
                await log.CompleteAsync(Token);
            }
        }

        File.SetLastWriteTimeUtc(_folder[pkgbase, $"{timestamp}.{target}.any.{(finish ? "log" : "live")}"], lastWrite.UtcDateTime);
    }

    private async Task<string> ReadAsync()
    {
        await using var stream = _store.OpenRead(Key).ShouldNotBeNull();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Token);
    }
}
