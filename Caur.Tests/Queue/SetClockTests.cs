using Caur.Grains.Queue;
using Caur.Tests.Link;

namespace Caur.Tests.Queue;

/// <summary>A wall clock that is set while the farm runs.</summary>
public sealed class SetClockTests
{
    private readonly ShiftedTime _time = new();

    [Fact]
    public void Read_WhenTimeGoesBy_SeesNoStep()
    {
        var clock = new SetClock(_time);
        var begin = clock.Read().Now;
        _time.Forward(TimeSpan.FromDays(3));

        var (now, step) = clock.Read();

        (now - begin).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromDays(3));
        step.ShouldBe(TimeSpan.Zero);
    }

    [Theory]
    [InlineData(7200)]
    [InlineData(-7200)]
    [InlineData(2)]
    public void Read_WhenTheClockWasSet_TellsOnceByHowMuch(int seconds)
    {
        var clock = new SetClock(_time);
        _time.Forward(TimeSpan.FromMinutes(1));
        _time.SetClock(TimeSpan.FromSeconds(seconds));

        clock.Read().Step.TotalSeconds.ShouldBe(seconds, tolerance: 0.9);
        clock.Read().Step.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Read_WhenTheThreadStoodStillInBetween_SeesNoStep()
    {
        var time = new HaltingTime();
        var clock = new SetClock(time);
        time.Halts = TimeSpan.FromSeconds(5);
        clock.Read().Step.ShouldBe(TimeSpan.Zero);

        time.Halts = TimeSpan.Zero;
        clock.Read().Step.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task Queue_WhenTheClockIsSetBackBeforeAnythingWasEstimated_Answers()
    {
        await using var hub = await LinkHub.StartAsync(_time);
        var (session, _) = await hub.JoinAsync("north");
        var attempt = await hub.StartAsync(session, "hello");

        _time.SetClock(TimeSpan.FromHours(-26));

        (await hub.StateAsync(attempt)).ShouldNotBeNull();
    }

    /// <summary>Time goes by right after the wall clock was read.</summary>
    private sealed class HaltingTime : TimeProvider
    {
        private TimeSpan _now;

        public TimeSpan Halts { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow()
        {
            var read = DateTimeOffset.UnixEpoch + _now;
            _now += Halts;
            return read;
        }

        public override long GetTimestamp() => _now.Ticks;
    }
}
