using System.Collections.Concurrent;
using System.Text;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Grains.Logs;
using Caur.Storage.Logs;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Grains;

public sealed class BuildLogGrainTests
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/gtk+2.0/1767225600000");
    private static readonly string Header = Encoding.UTF8.GetString(LogHeader.For(Build));

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
    public async Task Append_WhenSomebodyElseOpenedTheLog_FailsAndIsNotCalledStale()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "one\n");
        var store = farm.ServicesOf(farm.Log(Build)).GetRequiredService<BuildLogStore>();
        await (await store.OpenAsync(new LogKey(Build.Pkgbase, Build.Timestamp, "repo", "x86_64"), TestContext.Current.CancellationToken)).DisposeAsync();

        await Should.ThrowAsync<Exception>(() => builder.WriteAsync(Attempt(builder, 1), "two\n", 4));

        (await builder.WriteAsync(Attempt(builder, 1), "two\n", 4)).ShouldBe(new LogAppended(LogVerdict.Appended, 8));
        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "one\ntwo\n");
    }

    [Fact]
    public async Task End_WhenFinal_LeavesNoFileOpen()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "out\n");
        OpenFiles(farm).ShouldBe(1);

        await farm.Log(Build).EndAsync(1, "That was it.", final: true);

        OpenFiles(farm).ShouldBe(0);
    }

    [Fact]
    public async Task Open_WhenTheBuildStillWaits_LeavesNoFileOpen()
    {
        await using var farm = await Farm.StartAsync();
        await farm.Log(Build).OpenAsync();
        OpenFiles(farm).ShouldBe(0);
    }

    [Fact]
    public async Task Begin_WhenItCouldNotBeWritten_IsNotTakenForDoneWhenRepeated()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var builder = new ScriptedBuilder(farm);
        farm.Faults.FailWrites("log");
        await Should.ThrowAsync<Exception>(() => farm.Log(Build).BeginAsync(Attempt(builder, 1)));

        await farm.Log(Build).BeginAsync(Attempt(builder, 1));
        await farm.RestartAsync();

        (await builder.WriteAsync(Attempt(builder, 1), "out\n")).Verdict.ShouldBe(LogVerdict.Appended);
    }

    /// <summary>A power cut took away the end of an earlier attempt's output, which nobody can bring again.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(60)]
    public async Task Append_WhenTheFileIsShorterThanTheAttemptsStart_KeepsOffsetsAndMarksTheLoss(int left)
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        var first = string.Concat(Enumerable.Range(0, 500).Select(line => $"line {line}\n"));
        await builder.WriteAsync(Attempt(builder, 1), first);
        await farm.Log(Build).EndAsync(1, "Lost.", final: false);
        await farm.Log(Build).BeginAsync(Attempt(builder, 2));
        await builder.WriteAsync(Attempt(builder, 2), "second\n");
        await farm.RestartAsync(() => ShortenAsync(farm, left));

        (await builder.WriteAsync(Attempt(builder, 2), "d\nmore\n", 5)).ShouldBe(new LogAppended(LogVerdict.Gap, 0));
        (await builder.WriteAsync(Attempt(builder, 2), "second\n")).ShouldBe(new LogAppended(LogVerdict.Appended, 7));

        var log = await farm.ReadLogAsync(Build);
        var whole = Header + first + "Lost.\r\nsecond\n";
        log.Length.ShouldBe(whole.Length);
        log.ShouldEndWith("\0second\n");
        log.ShouldContain("bytes of the log were lost here\r\n");
        log.ShouldStartWith(Header[..left]);
    }

    [Theory]
    [InlineData("", "Done.\r\n")]
    [InlineData("Done.\r\n", "")]
    [InlineData("Do", "ne.\r\n")]
    [InlineData("Done.\r", "\n")]
    [InlineData("Waiting.\r\nDo", "ne.\r\n")]
    [InlineData("Wait", "\r\nDone.\r\n")]
    [InlineData("Waiting.\r\n", "Done.\r\n")]
    [InlineData("Done.\r\nWaiting.\r\n", "")]
    public void Missing_WhateverIsThere_CompletesTheLine(string said, string missing) =>
        Encoding.UTF8.GetString(FarmLines.Missing(Encoding.UTF8.GetBytes(said), "Done.")).ShouldBe(missing);

    [Fact]
    public async Task End_WhenALineWasTorn_CompletesIt()
    {
        await using var farm = await Farm.StartAsync();
        var builder = await BeginAsync(farm);
        await builder.WriteAsync(Attempt(builder, 1), "out\n");
        await farm.Log(Build).EndAsync(1, "Waiting for publication...", final: false);
        await farm.RestartAsync(() => ShortenAsync(farm, Header.Length + 4 + 11));

        await farm.Log(Build).EndAsync(1, "Waiting for publication...", final: false);
        await farm.Log(Build).EndAsync(1, "Published.", final: true);

        (await farm.ReadLogAsync(Build)).ShouldBe(Header + "out\nWaiting for publication...\r\nPublished.\r\n");
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
        await farm.UntilAsync(() => Task.FromResult(follower.News.Contains(new LogPosition(Header.Length + 4, false))), "it is told of bytes");
        await farm.Log(Build).EndAsync(1, "End.", final: true);
        await farm.UntilAsync(() => Task.FromResult(follower.News.Any(news => news.Finished)), "it is told of the end");

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

    private static string LiveFile(Farm farm) => Path.Combine(farm.LogFolder, "gtk+2.0", "1767225600000.repo.x86_64.live");

    private static async Task ShortenAsync(Farm farm, long length)
    {
        await using var file = File.OpenWrite(LiveFile(farm));
        file.SetLength(length);
    }

    private static int OpenFiles(Farm farm) => new DirectoryInfo("/proc/self/fd").EnumerateFiles()
        .Count(file => file.LinkTarget?.StartsWith(farm.LogFolder, StringComparison.Ordinal) == true);

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
