using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Grains.Builds;

namespace Caur.Tests.Builds;

/// <summary>What a build that ended tells its package.</summary>
public sealed class BuildNewsTests
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/a/1");
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData(90, 90)]
    [InlineData(-90, 0)]
    public void For_WhenItEnded_SaysWhatItsLastAttemptTook(int seconds, int said)
    {
        var news = BuildNews.For(Build, Record(BuildState.Failed, AttemptEnd.Built, seconds)).ShouldNotBeNull();

        (news.Build, news.State, news.End, news.Builder).ShouldBe((Build, BuildState.Failed, AttemptEnd.Built, new BuilderId("second", "0")));
        (news.Started, news.Duration).ShouldBe((Start, TimeSpan.FromSeconds(said)), "a clock that was set back makes no negative times");
    }

    [Theory]
    [InlineData(BuildState.Waiting)]
    [InlineData(BuildState.Publishing)]
    public void For_WhenItGoesOn_SaysNothing(BuildState state) => BuildNews.For(Build, Record(state, AttemptEnd.HandedBack, 1)).ShouldBeNull();

    [Fact]
    public void For_WhenNoBuilderHadIt_SaysNothing() => BuildNews.For(Build, new BuildRecord { State = BuildState.Cancelled }).ShouldBeNull();

    private static BuildRecord Record(BuildState state, AttemptEnd end, int seconds) => new()
    {
        State = state,
        Attempts =
        [
            Attempt(1, "first", AttemptEnd.HandedBack, 5),
            Attempt(2, "second", end, seconds),
        ],
    };

    private static AttemptView Attempt(int number, string builder, AttemptEnd end, int seconds) => new()
    {
        Number = number,
        Builder = new BuilderId(builder, "0"),
        Accepted = Start,
        End = end,
        Ended = Start.AddSeconds(seconds),
    };
}
