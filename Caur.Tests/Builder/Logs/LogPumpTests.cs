using System.Text;
using Caur.Builder.Logs;
using Caur.Protocol.Builders;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Builder.Logs;

public sealed class LogPumpTests
{
    private static readonly AttemptRef Attempt = new("caur/x86_64/a/1", 1);
    private readonly FakeSession _session = new();
    private readonly ManualTimeProvider _time = new();
    private readonly LogOptions _options = new() { WindowBytes = 2 * LogChunk.MaxBytes };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Write_WhenLittleComes_SendsItTogetherAfterTheInterval()
    {
        await using var pump = Pump();
        await pump.WriteAsync("one "u8.ToArray(), Stop);
        await pump.WriteAsync("two"u8.ToArray(), Stop);
        _session.Chunks.ShouldBeEmpty();
        await _time.AdvanceArmedAsync(_options.FlushInterval);
        await _session.LogSaysAsync(Attempt, "one two");
        var chunk = _session.Chunks.ShouldHaveSingleItem();
        (chunk.Sequence, chunk.Offset).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Write_WhenAChunkIsFull_SendsAtOnce()
    {
        await using var pump = Pump();
        await pump.WriteAsync(Noise(LogChunk.MaxBytes, 1), Stop);
        await _session.UntilAsync(s => s.Chunks.Count == 1, "the first chunk");
        _session.Chunks[0].Bytes.Length.ShouldBe(LogChunk.MaxBytes);
    }

    [Fact]
    public async Task Complete_WhenManyBytesWereWrittenOverFaults_ArrivesExactAndInOrder()
    {
        var bytes = Noise(3_000_000, 2);
        var count = 0;
        _session.OnAppend = chunk => ++count switch
        {
            5 => throw new IOException("no answer"),
            9 => new LogReply(LogStatus.Gap, chunk.Offset - 30_000),
            14 => new LogReply(LogStatus.Gap, chunk.Offset),
            _ => null,
        };
        await using var pump = new LogPump(_session, Attempt, _options, TimeProvider.System, NullLogger.Instance);
        foreach (var piece in bytes.Chunk(7777))
        {
            await pump.WriteAsync(piece, Stop);
        }

        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeTrue();
        _session.Log(Attempt).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
        _session.Chunks.Select(c => c.Sequence).ShouldBeInOrder();
        _session.Chunks[8].Offset.ShouldBeGreaterThan(_session.Chunks[9].Offset);
    }

    [Fact]
    public async Task Append_WhenTheAnswerGetsLost_SendsTheSameChunkAgain()
    {
        _session.Fail("append", 1);
        await using var pump = Pump();
        await pump.WriteAsync("hello"u8.ToArray(), Stop);
        var complete = pump.CompleteAsync(Stop);
        await _time.AdvanceArmedAsync(TimeSpan.FromMilliseconds(200));
        (await complete.DefaultTimeout("the pump")).ShouldBeTrue();
        var chunk = _session.Chunks.ShouldHaveSingleItem();
        (chunk.Sequence, chunk.Offset, Encoding.ASCII.GetString(chunk.Bytes.Span)).ShouldBe((0, 0, "hello"));
    }

    [Fact]
    public async Task Write_WhenTheFarSideIsAway_WaitsWithBoundedMemory()
    {
        var away = true;
        _session.OnAppend = _ => away ? throw new IOException("away") : null;
        await using var pump = Pump();
        await pump.WriteAsync(Noise(_options.WindowBytes, 3), Stop);
        var more = pump.WriteAsync("x"u8.ToArray(), Stop).AsTask();
        await _session.UntilAsync(s => s.Chunks.Count > 0, "a try");
        more.IsCompleted.ShouldBeFalse();
        pump.IsBlocked.ShouldBeTrue();
        away = false;
        await _time.AdvanceArmedAsync(TimeSpan.FromSeconds(10));
        await more.DefaultTimeout("room");
        pump.IsBlocked.ShouldBeFalse();
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeTrue();
        _session.Log(Attempt).Length.ShouldBe(_options.WindowBytes + 1);
    }

    [Fact]
    public async Task Append_WhenStale_EndsAndSwallows()
    {
        _session.OnAppend = _ => new LogReply(LogStatus.Stale, 0);
        await using var pump = Pump();
        await pump.WriteAsync(Noise(_options.WindowBytes, 4), Stop);
        await pump.Stale.DefaultTimeout("stale");
        await pump.WriteAsync(Noise(10 * _options.WindowBytes, 5), Stop).AsTask().DefaultTimeout("a swallowed write");
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeFalse();
    }

    [Fact]
    public async Task Append_WhenStaleAtTheVeryEnd_CompletesFalse()
    {
        _session.OnAppend = _ => new LogReply(LogStatus.Stale, 0);
        await using var pump = Pump();
        await pump.WriteAsync("x"u8.ToArray(), Stop);
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeFalse();
    }

    [Fact]
    public async Task Append_WhenTheFarSideIsAhead_SkipsWhatItHas()
    {
        var bytes = Noise(500_000, 6);
        _session.OnAppend = chunk => chunk.Offset == 0 ? new LogReply(LogStatus.Appended, 300_000) : new LogReply(LogStatus.Appended, chunk.Offset + chunk.Bytes.Length);
        await using var pump = Pump();
        await pump.WriteAsync(bytes, Stop);
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeTrue();
        _session.Chunks[1].Offset.ShouldBe(300_000);
        _session.Chunks.Skip(1).SelectMany(c => c.Bytes.ToArray()).ShouldBe(bytes.Skip(300_000));
    }

    [Fact]
    public async Task Append_WhenMoreIsWantedThanTheWindowHas_ReadsTheOutputAgain()
    {
        var bytes = Noise(1_000_000, 7);
        var lost = false;
        _session.OnAppend = chunk =>
        {
            if (!lost && chunk.Offset > 600_000)
            {
                lost = true;
                _session.TruncateLog(Attempt, 1000);
            }

            return null;
        };
        await using var pump = new LogPump(
            _session, Attempt, _options, TimeProvider.System, NullLogger.Instance,
            (offset, _) => Task.FromResult<Stream?>(new MemoryStream(bytes[(int)offset..])));
        await pump.WriteAsync(bytes, Stop);
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeTrue();
        _session.Log(Attempt).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    [Fact]
    public async Task Append_WhenOldBytesCannotBeHadAgain_LeavesAMarkerAndGoesOn()
    {
        var bytes = Noise(1_000_000, 8);
        var lost = false;
        _session.OnAppend = chunk =>
        {
            if (!lost && chunk.Offset > 600_000)
            {
                lost = true;
                _session.TruncateLog(Attempt, 1000);
            }

            return null;
        };
        await using var pump = new LogPump(_session, Attempt, _options, TimeProvider.System, NullLogger.Instance);
        await pump.WriteAsync(bytes, Stop);
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeTrue();
        var log = _session.Log(Attempt);
        log.Length.ShouldBe(bytes.Length, "every byte that is left keeps its offset");
        log.AsSpan(0, 1000).SequenceEqual(bytes.AsSpan(0, 1000)).ShouldBeTrue();
        Encoding.Latin1.GetString(log, 1000, 100).ShouldMatch("^\u001b\\[0m\r\n==> [0-9]+ bytes of the log were lost here\r\n\0");
        log.AsSpan(^300_000..).SequenceEqual(bytes.AsSpan(^300_000..)).ShouldBeTrue();
    }

    [Fact]
    public async Task Output_WhenTheLimitIsReached_DropsVisiblyAndCounts()
    {
        _options.MaxBytes = LogChunk.MaxBytes;
        await using var pump = Pump();
        var log = new AttemptLog(pump, _options.MaxBytes, _time);
        await log.SayAsync("start", Stop);
        log.StartListening();
        await log.OutputAsync(Noise(LogChunk.MaxBytes, 9), Stop);
        await log.OutputAsync(Noise(1000, 10), Stop);
        log.Dropped.ShouldBe(1000 + log.Preamble.Length);
        await log.SayAsync("end", Stop);
        (await pump.CompleteAsync(Stop).DefaultTimeout("the pump")).ShouldBeTrue();
        var text = Encoding.Latin1.GetString(_session.Log(Attempt));
        text.ShouldContain($"\r\n\u001b[1;33m==> WARNING:\u001b[0m\u001b[1m The log has reached its limit of {LogChunk.MaxBytes} bytes");
        text.ShouldEndWith("==>\u001b[0m\u001b[1m end\u001b[0m\r\n");
    }

    [Fact]
    public async Task Silence_WhenNothingIsSaid_Grows()
    {
        await using var pump = Pump();
        var log = new AttemptLog(pump, _options.MaxBytes, _time);
        log.StartListening();
        _time.Advance(TimeSpan.FromMinutes(3));
        log.Silence.ShouldBe(TimeSpan.FromMinutes(3));
        await log.OutputAsync("x"u8.ToArray(), Stop);
        log.Silence.ShouldBe(TimeSpan.Zero);
    }

    private static byte[] Noise(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private LogPump Pump() => new(_session, Attempt, _options, _time, NullLogger.Instance);
}
