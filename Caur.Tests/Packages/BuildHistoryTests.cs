using Caur.Contracts.Builds;
using Caur.Contracts.Packages;
using Caur.Grains.Packages;

namespace Caur.Tests.Packages;

/// <summary>What is remembered of the builds of one package.</summary>
public sealed class BuildHistoryTests
{
    [Fact]
    public void With_WhenTheBuildIsKnown_ChangesNothing()
    {
        var history = Of(Ended.Build(1, TimeSpan.FromMinutes(1)));

        history.With(Ended.Build(1, TimeSpan.FromMinutes(9))).ShouldBeSameAs(history);
    }

    [Fact]
    public void With_WhenThereAreTooMany_KeepsTheNewest()
    {
        var all = Enumerable.Range(0, 50).Select(number => Ended.Build(number, TimeSpan.FromMinutes(1))).ToArray();

        Of(all).Newest.ShouldBe([.. all[30..]]);
        Of([.. all.Reverse()]).Newest.ShouldBe([.. all[30..]], "whatever order the news come in");
        Of(all).With(all[0]).Newest.ShouldBe([.. all[30..]], "what was forgotten does not come back");
    }

    [Fact]
    public void With_WhenItIsMostlyThereAlready_DoesNotForgetHowLongItTakes()
    {
        var built = Enumerable.Range(0, 6).Select(number => Ended.Build(number, TimeSpan.FromHours(number))).ToArray();
        var checks = Enumerable.Range(10, 100).Select(number => Ended.Build(number, TimeSpan.FromSeconds(2), AttemptEnd.AlreadyBuilt)).ToArray();

        var history = Of([.. built, .. checks]);

        history.Newest.ShouldBe([.. built[1..], .. checks[85..]]);
        DurationEstimate.For(history.Newest, "x86_64").ShouldBe(TimeSpan.FromHours(3));
    }

    [Fact]
    public void With_WhateverComes_IsBoundedAndSortedAndHasTheNewest()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var i = 0; i < 100; i++)
        {
            var builds = Ended.Random(random, 60);
            var history = new BuildHistory();
            var told = new List<FinishedBuild>();
            foreach (var build in builds)
            {
                told.Add(build);
                history = history.With(build).With(told[random.Next(told.Count)]);

                history.Newest.Length.ShouldBe(Math.Min(told.Count, BuildHistory.Kept), $"seed {seed}, {i}");
                history.Newest[^1].ShouldBe(build, $"seed {seed}, {i}");
                history.Newest.ShouldBe(told.Where(history.Newest.Contains), $"seed {seed}, {i}");
                foreach (var arch in (string[])["x86_64", "aarch64"])
                {
                    var newest = told.Where(known => known.End == AttemptEnd.Built && known.Build.Arch == arch).TakeLast(DurationEstimate.Asked);
                    newest.ShouldBeSubsetOf(history.Newest, $"seed {seed}, {i}");
                }
            }
        }
    }

    private static BuildHistory Of(params FinishedBuild[] builds) => builds.Aggregate(new BuildHistory(), (history, build) => history.With(build));
}
