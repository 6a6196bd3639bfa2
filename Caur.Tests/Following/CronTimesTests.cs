using System.Globalization;
using Caur.Grains.Following;

namespace Caur.Tests.Following;

public sealed class CronTimesTests
{
    [Theory]
    [InlineData("*/30 * * * *", "2026-03-04T12:59:59Z", "2026-03-04T12:30Z")]
    [InlineData("*/30 * * * *", "2026-03-04T13:00:00Z", "2026-03-04T13:00Z")]
    [InlineData(" 0 3 * * * ", "2026-03-04T02:00:00Z", "2026-03-03T03:00Z")]
    [InlineData("@hourly", "2026-03-04T02:00:59+05:30", "2026-03-03T20:00Z")]
    [InlineData("0 4 * * 6", "2026-03-04T02:00:00Z", "2026-02-28T04:00Z")]
    [InlineData("0 4 29 2 *", "2026-03-04T02:00:00Z", "2024-02-29T04:00Z")]
    public void Last_OfAnExpression_IsTheNewestMomentItWasDue(string cron, string now, string expected)
    {
        CronTimes.Problem(cron).ShouldBeNull();
        var time = DateTimeOffset.Parse(now, CultureInfo.InvariantCulture);
        var last = CronTimes.Last(cron, time).ShouldNotBeNull();
        FoundMark.Of(null, last).ShouldBe(new FoundMark(null, expected));
        FoundMark.TimeOf(expected).ShouldBe(last);
        CronTimes.Next(cron, time).ShouldNotBeNull().ShouldBeGreaterThan(time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("* * * * * *")]
    [InlineData("60 * * * *")]
    [InlineData("half an hour")]
    public void Problem_OfWhatIsNoExpression_SaysWhatIs(string text)
    {
        CronTimes.Problem(text).ShouldNotBeNull().ShouldContain("five fields are wanted");
        (CronTimes.Last(text, DateTimeOffset.UnixEpoch), CronTimes.Next(text, DateTimeOffset.UnixEpoch)).ShouldBe((null, null));
        FoundMark.TimeOf(text).ShouldBeNull();
    }
}
