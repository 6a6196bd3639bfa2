using System.Collections.Concurrent;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;

namespace Caur.Tests.Grains;

public sealed class BuildLogGrainTests
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/gtk+2.0/1767225600000");
    private static readonly string Header = System.Text.Encoding.UTF8.GetString(LogHeader.For(Build));

    [Fact]
    public async Task Append_WhenInOrder_IsInTheFile()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        (await builder.WriteAsync(Attempt(builder, 1), "one\n")).ShouldBe(new LogAppended(LogVerdict.Appended, 4));
        (await builder.WriteAsync(Attempt(builder, 1), "two\n", 4)).ShouldBe(new LogAppended(LogVerdict.Appended, 8));

        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "one\ntwo\n");
    }

    [Fact]
    public async Task Append_WhenRepeatedOrOverlapping_AddsOnlyWhatIsNew()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "0123");
        (await builder.WriteAsync(Attempt(builder, 1), "0123")).NextOffset.ShouldBe(4);
        (await builder.WriteAsync(Attempt(builder, 1), "2345", 2)).NextOffset.ShouldBe(6);

        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "012345");
    }

    [Fact]
    public async Task Append_WhenSomethingIsMissing_SaysWhatIsWanted()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "01");

        (await builder.WriteAsync(Attempt(builder, 1), "45", 4)).ShouldBe(new LogAppended(LogVerdict.Gap, 2));
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "01");
    }

    [Fact]
    public async Task Append_WhenNotTheCurrentAttempt_IsStale()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "first\n");
        await farm.Log(Build).BeginAsync(Attempt(builder, 2));
        await farm.Log(Build).BeginAsync(Attempt(builder, 1));

        (await builder.WriteAsync(Attempt(builder, 1), "late", 6)).Verdict.ShouldBe(LogVerdict.Stale);
        (await builder.WriteAsync(Attempt(new ScriptedBuilder(farm, "other"), 2), "wrong")).Verdict.ShouldBe(LogVerdict.Stale);
        (await builder.WriteAsync(Attempt(builder, 2), "second\n")).NextOffset.ShouldBe(7);
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "first\nsecond\n");
    }

    [Fact]
    public async Task Append_WhenTheHubWasRestarted_GoesOnWhereItWas()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "before\n");
        await farm.RestartAsync();

        (await builder.WriteAsync(Attempt(builder, 1), "before\n")).ShouldBe(new LogAppended(LogVerdict.Appended, 7));
        (await builder.WriteAsync(Attempt(builder, 1), "after\n", 7)).NextOffset.ShouldBe(13);
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "before\nafter\n");
    }

    [Fact]
    public async Task End_WhenFinal_ClosesTheLog()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "out\n");
        await farm.Log(Build).EndAsync(1, "That was it.", final: true);
        await farm.Log(Build).EndAsync(1, "That was it.", final: true);

        (await builder.WriteAsync(Attempt(builder, 1), "more", 4)).Verdict.ShouldBe(LogVerdict.Stale);
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "out\nThat was it.\r\n");
        await farm.RestartAsync();
        (await farm.Log(Build).OpenAsync()).Finished.ShouldBeTrue();
        await farm.Log(Build).EndAsync(1, "Once more.", final: true);
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "out\nThat was it.\r\n");
    }

    [Fact]
    public async Task End_WhenOfAnOlderAttempt_IsIgnored()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await farm.Log(Build).BeginAsync(Attempt(builder, 2));
        await farm.Log(Build).EndAsync(1, "Late.", final: true);

        (await builder.WriteAsync(Attempt(builder, 2), "out\n")).Verdict.ShouldBe(LogVerdict.Appended);
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "out\n");
    }

    [Fact]
    public async Task Follow_WhenItGrows_TellsTheFollowerUntilItLeaves()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        var follower = new Follower();
        var reference = farm.Client.CreateObjectReference<IBuildLogFollower>(follower);
        (await farm.Log(Build).FollowAsync(reference)).ShouldBe(new LogPosition(Header.Length, false));

        await builder.WriteAsync(Attempt(builder, 1), "0123");
        await Farm.UntilAsync(() => Task.FromResult(follower.News.Contains(new LogPosition(Header.Length + 4, false))), "it is told of bytes");
        await farm.Log(Build).EndAsync(1, "End.", final: true);
        await Farm.UntilAsync(() => Task.FromResult(follower.News.Any(news => news.Finished)), "it is told of the end");

        await farm.Log(Build).UnfollowAsync(reference);
        GC.KeepAlive(follower);
    }

    [Fact]
    public async Task Open_WhenTheBuildStillWaits_HasTheHeader()
    {
        await using var farm = await Farm.StartAsync();
        (await farm.Log(Build).OpenAsync()).ShouldBe(new LogPosition(Header.Length, false));
        (await farm.ReadLogAsync(Build)).ShouldBe(Header);
    }

    private static async Task<ScriptedBuilder> BeginAsync(Farm farm)
    {
        var builder = new ScriptedBuilder(farm);
        await farm.Log(Build).BeginAsync(Attempt(builder, 1));
        return builder;
    }

    private static BuildAttempt Attempt(ScriptedBuilder builder, int number) => new(Build, number, builder.Id);

    private sealed class Follower : IBuildLogFollower
    {
        public ConcurrentQueue<LogPosition> News { get; } = new();

        public Task GrownAsync(BuildId build, LogPosition position)
        {
            News.Enqueue(position);
            return Task.CompletedTask;
        }
    }
}
