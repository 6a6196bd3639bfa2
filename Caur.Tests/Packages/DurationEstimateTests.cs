using Caur.Contracts.Builds;
using Caur.Contracts.Packages;
using Caur.Grains.Packages;

namespace Caur.Tests.Packages;

/// <summary>What is expected of a package by the builds that ended.</summary>
public sealed class DurationEstimateTests
{
    [Fact]
    public void For_WhenNothingIsKnown_IsFiveMinutes()
    {
        Of().ShouldBe(TimeSpan.FromMinutes(5));
        Of(Ended.Build(1, TimeSpan.FromHours(1), arch: "aarch64")).ShouldBe(TimeSpan.FromMinutes(5), "another architecture says nothing");
    }

    [Fact]
    public void For_WhenItWasBuilt_IsTheMedianOfTheNewestFive()
    {
        Of(Ended.Build(1, Minutes(2))).ShouldBe(Minutes(2));
        Of(Ended.Build(1, Minutes(2)), Ended.Build(2, Minutes(5))).ShouldBe(Minutes(3.5));
        Of([.. Enumerable.Range(1, 9).Select(number => Ended.Build(number, Minutes(number * 10)))]).ShouldBe(Minutes(70));
        Of([Ended.Build(0, Minutes(900)), .. Enumerable.Range(1, 2).Select(number => Ended.Build(number, Minutes(number)))]).ShouldBe(Minutes(2));
    }

    [Theory]
    [InlineData(AttemptEnd.Failed, 90)]
    [InlineData(AttemptEnd.TimedOut, 90)]
    [InlineData(AttemptEnd.OutOfMemory, 90)]
    [InlineData(AttemptEnd.Cancelled, 90)]
    [InlineData(AttemptEnd.Stalled, 5)]
    [InlineData(AttemptEnd.SystemError, 5)]
    [InlineData(AttemptEnd.BuilderLost, 5)]
    [InlineData(AttemptEnd.HandedBack, 5)]
    [InlineData(AttemptEnd.AlreadyBuilt, 5)]
    [InlineData(AttemptEnd.Skipped, 5)]
    public void For_WhenItWasNeverBuilt_IsAtLeastWhatAFailureTook(AttemptEnd end, int minutes)
    {
        Of(Ended.Build(1, Minutes(90), end), Ended.Build(2, Minutes(1), end)).ShouldBe(Minutes(minutes));
        Of(Ended.Build(1, Minutes(3), end)).ShouldBe(Minutes(5));
        Of(Ended.Build(1, Minutes(90), end), Ended.Build(0, Minutes(3))).ShouldBe(Minutes(3), "it counts no more once it was built");
    }

    [Fact]
    public void For_WhenDurationsAreAbsurd_StaysInRange()
    {
        Of(Ended.Build(1, TimeSpan.Zero)).ShouldBe(TimeSpan.FromSeconds(1));
        Of(Ended.Build(1, TimeSpan.MaxValue), Ended.Build(2, TimeSpan.MaxValue)).ShouldBe(TimeSpan.FromDays(7));
        Of(Ended.Build(1, TimeSpan.MaxValue, AttemptEnd.Failed)).ShouldBe(TimeSpan.FromDays(7));
    }

    [Fact]
    public void For_WhateverTheHistory_DoesNotDependOnItsOrderAndLiesBetweenWhatWasMeasured()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var history = Ended.Random(random, random.Next(0, 25));
            var estimate = Of(history);

            random.Shuffle(history);
            Of(history).ShouldBe(estimate, $"seed {seed}, {i}");
            var built = history.Where(build => build.End == AttemptEnd.Built && build.Build.Arch == "x86_64").Select(build => build.Duration).ToList();
            if (built.Count > 0)
            {
                estimate.ShouldBeInRange(Clamp(built.Min()), built.Max(), $"seed {seed}, {i}");
            }
            else
            {
                estimate.ShouldBeInRange(TimeSpan.FromMinutes(5), TimeSpan.FromDays(1), $"seed {seed}, {i}");
            }
        }
    }

    private static TimeSpan Clamp(TimeSpan shortest) => shortest < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : shortest;

    private static TimeSpan Of(params FinishedBuild[] history) => DurationEstimate.For(history, "x86_64");

    private static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);
}
