using Caur.Storage.Logs;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Storage.Logs;

public sealed class LogTailTests : IDisposable
{
    private static readonly LogKey Key = new("foo", 1, "t", "any");

    private readonly TemporaryFolder _folder = new();
    private readonly BuildLogStore _store;

    public LogTailTests() => _store = new BuildLogStore(_folder.Path);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task FollowAsync_WhenLogDoesNotExist_IsEmpty() =>
        (await CollectAsync(_store, new LogKey("none", 1, "t", "any"), 0)).ShouldBeEmpty();

    [Fact]
    public async Task FollowAsync_WhenLogIsFinished_EndsWithItsBytes()
    {
        await using (var log = await _store.OpenAsync(Key, Token))
        {
            await log.AppendAsync("0123456789"u8.ToArray(), Token);
            await log.CompleteAsync(Token);
        }

        (await CollectAsync(_store, Key, 0)).ShouldBe("0123456789"u8.ToArray());
        (await CollectAsync(_store, Key, 7)).ShouldBe("789"u8.ToArray());
        (await CollectAsync(_store, Key, 10)).ShouldBeEmpty();
        (await CollectAsync(_store, Key, 99)).ShouldBeEmpty();
        _store.Tail.Followed.ShouldBe(0);
    }

    [Fact]
    public async Task FollowAsync_WhenCancelledWhileWaiting_EndsAndLeavesNothingBehind()
    {
        await using var log = await _store.OpenAsync(Key, Token);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var follower = _store.FollowAsync(Key, 0, leaving.Token).GetAsyncEnumerator(leaving.Token);
        var next = follower.MoveNextAsync().AsTask();
        next.IsCompleted.ShouldBeFalse();

        await leaving.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => next).DefaultTimeout("the follower's end");
        await follower.DisposeAsync();
        _store.Tail.Followed.ShouldBe(0);
    }

    [Fact]
    public async Task FollowAsync_WhenAnotherProcessWrites_HearsOfItByReports()
    {
        // Two stores on one folder: the appender's process and a gateway's, which hears lengths from the grain.
        using var gateway = new BuildLogStore(_folder.Path);
        await using var log = await _store.OpenAsync(Key, Token);
        var follower = CollectAsync(gateway, Key, 0);

        await log.AppendAsync("abc"u8.ToArray(), Token);
        gateway.Tail.Report(Key, log.Length, finished: false);
        gateway.Tail.Report(Key, 1, finished: false);
        await log.AppendAsync("def"u8.ToArray(), Token);
        await log.CompleteAsync(Token);
        gateway.Tail.Report(Key, log.Length, finished: true);

        (await follower.DefaultTimeout("the follower's end")).ShouldBe("abcdef"u8.ToArray());
    }

    [Fact]
    public async Task FollowAsync_WhenLogIsRemovedUnderneath_StillReadsItToTheEnd()
    {
        await using var log = await _store.OpenAsync(Key, Token);
        await log.AppendAsync("abc"u8.ToArray(), Token);
        await using var follower = _store.FollowAsync(Key, 0, Token).GetAsyncEnumerator(Token);
        (await follower.MoveNextAsync()).ShouldBeTrue();

        await log.AppendAsync("def"u8.ToArray(), Token);
        await log.CompleteAsync(Token);
        await using (var newer = await _store.OpenAsync(Key with { Timestamp = 2 }, Token))
        {
            await newer.CompleteAsync(Token);
        }

        (await _store.SweepAsync(new LogRetention { MaxAge = TimeSpan.Zero }, DateTimeOffset.MaxValue, Token)).ShouldBe(1);

        (await follower.MoveNextAsync()).ShouldBeTrue();
        follower.Current.ToArray().ShouldBe("def"u8.ToArray());
        (await follower.MoveNextAsync()).ShouldBeFalse();
        _store.Find(Key).ShouldBeNull();
    }

    [Fact]
    public async Task FollowAsync_WhenAFinishedLogIsShorterThanWasSaid_DoesNotEndAsIfItWereWhole()
    {
        await using var log = await _store.OpenAsync(Key, Token);
        await log.AppendAsync("abc"u8.ToArray(), Token);
        await using var follower = _store.FollowAsync(Key, 0, Token).GetAsyncEnumerator(Token);
        (await follower.MoveNextAsync()).ShouldBeTrue();

        _store.Tail.Report(Key, 4, finished: true);

        await Should.ThrowAsync<IOException>(async () => await follower.MoveNextAsync());
    }

    [Fact]
    public async Task FollowAsync_WhenOneFollowerNeverReads_TheOthersAreNotHeldUp()
    {
        await using var log = await _store.OpenAsync(Key, Token);
        await log.AppendAsync(new byte[10], Token);
        await using var stuck = _store.FollowAsync(Key, 0, Token).GetAsyncEnumerator(Token);
        (await stuck.MoveNextAsync()).ShouldBeTrue();

        var others = Enumerable.Range(0, 200).Select(offset => CollectAsync(_store, Key, offset % 10)).ToList();
        for (var round = 0; round < 50; round++)
        {
            await log.AppendAsync(new byte[20_000], Token);
        }

        await log.CompleteAsync(Token);
        var lengths = (await Task.WhenAll(others).DefaultTimeout("200 followers")).Select(bytes => bytes.Length).ToList();
        lengths.ShouldBe(Enumerable.Range(0, 200).Select(offset => 1_000_010 - (offset % 10)));
        _store.Tail.Followed.ShouldBe(1);
    }

    /// <summary>Random pieces, random repetitions, followers that join at random moments and offsets: everybody sees the file's bytes
    /// from their offset on, none missing and none twice.</summary>
    [Fact]
    public void FollowAsync_WhateverIsAppendedWhoeverJoins_SeesExactlyTheBytes()
    {
        var pieces = Gen.Choose(1, 2000).Select(size => size % 7 == 0 ? size * 100 : size).NonEmptyListOf();
        var repeats = Gen.Elements(true, false).ArrayOf(64);
        var followers = Gen.Choose(0, 40).SelectMany(_ => Gen.Choose(0, 4000), (at, offset) => (at, offset)).ArrayOf(8);
        var scenario = from a in pieces from b in repeats from c in followers select new Scenario([.. a], b, c);
        var number = 0L;
        Prop.ForAll(
                Arb.From(scenario),
                new Func<Scenario, Task>(one => RunAsync(new LogKey("random", Interlocked.Increment(ref number), "t", "any"), one)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(60).WithQuietOnSuccess(true));
    }

    private async Task RunAsync(LogKey key, Scenario scenario)
    {
        var (pieces, repeats, followers) = scenario;
        var random = new Random(pieces.Length);
        var all = new byte[pieces.Sum()];
        random.NextBytes(all);
        var results = new List<(int Offset, Task<byte[]> Bytes)>();

        await using var log = await _store.OpenAsync(key, Token);
        var written = 0;
        for (var index = 0; index <= pieces.Length; index++)
        {
            foreach (var follower in followers.Where(follower => Math.Min(follower.At, pieces.Length) == index))
            {
                results.Add((follower.Offset, CollectAsync(_store, key, follower.Offset)));
            }

            if (index == pieces.Length)
            {
                break;
            }

            // A repetition begins earlier and so overlaps what is there.
            var from = repeats[index % repeats.Length] ? Math.Max(0, written - 100) : written;
            (await log.AppendAsync(from, all.AsMemory(from, written + pieces[index] - from), Token)).Status.ShouldBe(LogAppendStatus.Appended);
            written += pieces[index];
        }

        await log.CompleteAsync(Token);
        foreach (var (offset, bytes) in results)
        {
            (await bytes.DefaultTimeout("a follower's end")).AsSpan().SequenceEqual(all.AsSpan(Math.Min(offset, all.Length))).ShouldBeTrue();
        }
    }

    private static Task<byte[]> CollectAsync(BuildLogStore store, LogKey key, long offset) => Task.Run(
        async () =>
        {
            using var all = new MemoryStream();
            await foreach (var piece in store.FollowAsync(key, offset, Token))
            {
                piece.Length.ShouldBeInRange(1, 64 * 1024);
                await all.WriteAsync(piece, Token);
            }

            return all.ToArray();
        },
        Token);

    /// <param name="Pieces">The sizes that are appended.</param>
    /// <param name="Repeats">Which pieces begin before the log's end, in turn.</param>
    /// <param name="Followers">Before which piece and at which offset each follower joins.</param>
    private sealed record Scenario(int[] Pieces, bool[] Repeats, (int At, int Offset)[] Followers);
}
