using Caur.Grains.Builders;
using Caur.Tests.Link;

namespace Caur.Tests.Builders;

/// <summary>Time as leases count it.</summary>
public sealed class LivedTimeTests
{
    private readonly ShiftedTime _clock = new();

    [Fact]
    public void Now_WhenReadOften_IsTheTimeThatPassed()
    {
        var time = new LivedTime(_clock);
        var before = time.Now;
        for (var second = 0; second < 60; second++)
        {
            _clock.Forward(TimeSpan.FromSeconds(1));
            _ = time.Now;
        }

        (time.Now - before).ShouldBeInRange(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(90));
    }

    [Fact]
    public void Now_WhenNobodyCouldReadIt_WentOnByLittle()
    {
        var time = new LivedTime(_clock);
        var before = time.Now;

        _clock.Forward(TimeSpan.FromHours(1));

        (time.Now - before).ShouldBe(LivedTime.LongestStep);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Now_WhenTheClockIsSet_StaysAsItWas(int hours)
    {
        var time = new LivedTime(_clock);
        var before = time.Now;

        _clock.SetClock(TimeSpan.FromHours(hours));

        (time.Now - before).ShouldBeInRange(TimeSpan.Zero, TimeSpan.FromSeconds(2.9));
    }
}
