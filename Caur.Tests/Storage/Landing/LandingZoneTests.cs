using System.Diagnostics;
using System.Security.Cryptography;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Storage.Landing;

public sealed class LandingZoneTests : IDisposable
{
    private const string Build = "chaotic-aur/x86_64/c++utilities/1700000000123";
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(number => (byte)(number * 7))];
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Content));

    private readonly TemporaryFolder _folder = new();
    private readonly LandingZone _zone;

    public LandingZoneTests() => _zone = new LandingZone(_folder["landing"]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StoreAsync_WhenContentIsRight_KeepsItPerAttempt()
    {
        (await StoreAsync(Content)).Status.ShouldBe(LandingStatus.Stored);

        var file = _zone.List(Build, 1).ShouldHaveSingleItem();
        file.FileName.ShouldBe("a-1-1-any.pkg.tar.zst");
        file.Size.ShouldBe(Content.Length);
        (await File.ReadAllBytesAsync(file.Path, Token)).ShouldBe(Content);
        _zone.List(Build, 2).ShouldBeEmpty();
        var attempt = _zone.ListAttempts().ShouldHaveSingleItem();
        (attempt.BuildId, attempt.Attempt).ShouldBe((Build, 1));
    }

    [Fact]
    public async Task StoreAsync_WhenRepeated_DoesNotReadAgain()
    {
        await StoreAsync(Content);
        using var second = new MemoryStream(Content);
        var result = await _zone.StoreAsync(Build, 1, "a-1-1-any.pkg.tar.zst", Content.Length, Hash.ToUpperInvariant(), second, Token);

        result.Status.ShouldBe(LandingStatus.AlreadyThere);
        result.IsThere.ShouldBeTrue();
        second.Position.ShouldBe(0);
    }

    [Fact]
    public async Task StoreAsync_WhenContentIsWrong_KeepsNothing()
    {
        (await StoreAsync(Content[1..])).Status.ShouldBe(LandingStatus.SizeMismatch);
        (await StoreAsync([.. Content, 1])).Status.ShouldBe(LandingStatus.SizeMismatch);
        var flipped = (byte[])Content.Clone();
        flipped[1000] ^= 1;
        var wrong = await StoreAsync(flipped);

        wrong.Status.ShouldBe(LandingStatus.HashMismatch);
        wrong.Text.ShouldContain(Hash);
        Directory.GetFiles(_folder["landing"], "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task StoreAsync_WhenUploadBreaks_KeepsNothingAndTakesTheNextTry()
    {
        using var broken = new BrokenStream(Content, 150_000);
        await Should.ThrowAsync<IOException>(
            () => _zone.StoreAsync(Build, 1, "a-1-1-any.pkg.tar.zst", Content.Length, Hash, broken, Token));

        Directory.GetFiles(_folder["landing"], "*", SearchOption.AllDirectories).ShouldBeEmpty();
        (await StoreAsync(Content)).Status.ShouldBe(LandingStatus.Stored);
    }

    [Fact]
    public async Task AppendAsync_WhileTheCallBeforeStandsStill_TakesOverBehindWhatThatWrote()
    {
        using var silent = new SilentStream(Content[..100_000]);
        var first = AppendAsync(0, silent);
        await silent.IsRead.DefaultTimeout("the reading of what is there");

        using var early = new MemoryStream(Content);
        var second = await AppendAsync(0, early).DefaultTimeout("the second call");
        (second.IsElsewhere, second.Offset, early.Position).ShouldBe((true, 100_000, 0));
        (await first.DefaultTimeout("the first call")).ShouldBe(new PieceResult(null, 100_000, IsBusy: true));

        using var rest = new MemoryStream(Content[100_000..]);
        (await AppendAsync(100_000, rest)).Result.ShouldNotBeNull().Status.ShouldBe(LandingStatus.Stored);

        Task<PieceResult> AppendAsync(long offset, Stream content) =>
            _zone.AppendAsync(Build, 1, "a-1-1-any.pkg.tar.zst", Content.Length, Hash, offset, content, Token);
    }

    [Theory]
    [InlineData(Build, 1, "../a.pkg.tar.zst")]
    [InlineData(Build, 1, ".hidden")]
    [InlineData(Build, 1, "")]
    [InlineData(Build, 0, "a.pkg.tar.zst")]
    [InlineData("", 1, "a.pkg.tar.zst")]
    public async Task StoreAsync_WhenANameIsBad_SaysSo(string build, int attempt, string name)
    {
        using var stream = new MemoryStream(Content);
        (await _zone.StoreAsync(build, attempt, name, Content.Length, Hash, stream, Token)).Status.ShouldBe(LandingStatus.BadName);
        Directory.Exists(_folder["landing"]).ShouldBeFalse();
    }

    [Fact]
    public async Task StoreAsync_WhenDiskIsFull_SaysSoAndKeepsNothing()
    {
        var small = _folder["small"];
        Directory.CreateDirectory(small);
        using var mount = Process.Start("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", small]);
        await mount.WaitForExitAsync(Token);
        Assert.SkipUnless(mount.ExitCode == 0, "this user may not mount a small file system");
        try
        {
            using var stream = new MemoryStream(Content);
            var result = await new LandingZone(small).StoreAsync(Build, 1, "a.pkg.tar.zst", Content.Length, Hash, stream, Token);

            result.Status.ShouldBe(LandingStatus.NoSpace);
            Directory.GetFiles(small, "*", SearchOption.AllDirectories).ShouldBeEmpty();
        }
        finally
        {
            using var unmount = Process.Start("umount", [small]);
            await unmount.WaitForExitAsync(Token);
        }
    }

    [Fact]
    public async Task AppendAsync_OfMoreThanTheDiskHasOrHasFree_IsRefusedBeforeAnythingIsKept()
    {
        var root = _folder["landing"];
        Directory.CreateDirectory(root);
        var total = DiskSpace.TotalBytes(root).ShouldNotBeNull();

        var tooLarge = await AppendAsync(total + 1);
        tooLarge.Status.ShouldBe(LandingStatus.TooLarge);
        tooLarge.Text.ShouldBe($"{total + 1} bytes were named, and the disk of the landing zone has {total} in all");
        (await AppendAsync(long.MaxValue)).Status.ShouldBe(LandingStatus.TooLarge);
        (await AppendAsync(total)).Status.ShouldBe(LandingStatus.NoSpace);
        Directory.EnumerateFileSystemEntries(root).ShouldBeEmpty();

        async Task<LandingResult> AppendAsync(long size)
        {
            using var stream = new MemoryStream(Content);
            return (await _zone.AppendAsync(Build, 1, "a.pkg.tar.zst", size, Hash, 0, stream, Token)).Result.ShouldNotBeNull();
        }
    }

    [Fact]
    public async Task ListAttempts_WhateverTheBuildIdHolds_GivesItBack()
    {
        string[] ids = ["a/b", "a%2Fb", "..", ".hidden/x", "Ünïcode/1:2.0", "a b", "%", "a/b/"];
        foreach (var id in ids)
        {
            using var stream = new MemoryStream(Content);
            (await _zone.StoreAsync(id, 3, "f", Content.Length, Hash, stream, Token)).Status.ShouldBe(LandingStatus.Stored);
        }

        Directory.CreateDirectory(_folder["landing", "%zz", "1"]);
        Directory.CreateDirectory(_folder["landing", "%61", "1"]);

        _zone.ListAttempts().Select(attempt => attempt.BuildId).ShouldBe(ids, ignoreOrder: true);
        Directory.GetFileSystemEntries(_folder.Path).Length.ShouldBe(1);
    }

    [Fact]
    public async Task SweepAsync_WhenAttemptsAreForgotten_RemovesTheOldUnknownOnes()
    {
        await StoreAsync(Content, attempt: 1);
        await StoreAsync(Content, attempt: 2);
        await StoreAsync(Content, attempt: 3);
        var young = _zone.ListAttempts().Max(attempt => attempt.LastWrite);
        foreach (var attempt in new[] { "1", "2" })
        {
            var folder = Directory.GetDirectories(_folder["landing"]).Single();
            Directory.SetLastWriteTimeUtc(Path.Combine(folder, attempt), young.UtcDateTime.AddHours(-2));
        }

        var removed = await _zone.SweepAsync(attempt => ValueTask.FromResult(attempt.Attempt == 2), young.AddHours(-1), Token);

        removed.ShouldHaveSingleItem().Attempt.ShouldBe(1);
        _zone.ListAttempts().Select(attempt => attempt.Attempt).ShouldBe([2, 3], ignoreOrder: true);
        _zone.Remove(Build, 2).ShouldBeTrue();
        _zone.Remove(Build, 3).ShouldBeTrue();
        _zone.Remove(Build, 3).ShouldBeFalse();
        Directory.GetFileSystemEntries(_folder["landing"]).ShouldBeEmpty();
    }

    private async Task<LandingResult> StoreAsync(byte[] content, int attempt = 1)
    {
        using var stream = new MemoryStream(content);
        return await _zone.StoreAsync(Build, attempt, "a-1-1-any.pkg.tar.zst", Content.Length, Hash, stream, Token);
    }

    /// <summary>An upload whose connection is lost.</summary>
    private sealed class BrokenStream(byte[] content, int breakAt) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position >= breakAt
                ? throw new IOException("connection reset")
                : base.ReadAsync(buffer[..(int)Math.Min(buffer.Length, breakAt - Position)], cancellationToken);
    }

    /// <summary>Has so many bytes, and then neither more nor an end.</summary>
    private sealed class SilentStream(byte[] content) : MemoryStream(content)
    {
        private readonly TaskCompletionSource _isRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsRead => _isRead.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position == Length)
            {
                _isRead.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
