using System.Security.Cryptography;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Tests.Support;

namespace Caur.Tests.Link;

/// <summary>How long one builder's lease waits for what another builder brings. Milliseconds are the machine's as much as the hub's: what is
/// asserted is the hub's order of work, how much of the other builder's it takes from a renewal's sending to its answer. The milliseconds
/// stand in the benchmark <c>lease-delay</c>.</summary>
public sealed class LinkDelayTests : IAsyncLifetime
{
    private const int Renewals = 200;

    private LinkHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await LinkHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Renewal_WhileAnotherBuildersLogsFlood_IsAnsweredBeforeManyPiecesMore()
    {
        // A renewal is worth a few pieces of log: some hops between grains. The rest is for who is scheduled when.
        const int pieces = 48;
        var (loud, _) = await _hub.JoinAsync("loud");
        var (quiet, _) = await _hub.JoinAsync("quiet");
        var floods = new List<Func<CancellationToken, Task>>();
        var taken = 0L;
        for (var i = 0; i < 4; i++)
        {
            var attempt = await _hub.StartAsync(loud, $"loud{i}");
            floods.Add(stop => FloodAsync(loud, attempt, () => Interlocked.Increment(ref taken), stop));
        }

        var meanwhile = await RenewAsync(quiet, floods, () => Interlocked.Read(ref taken));

        taken.ShouldBeGreaterThan(Renewals / 4, "it was a flood");
        meanwhile[Renewals * 99 / 100].ShouldBeLessThanOrEqualTo(pieces, $"pieces of log taken while a renewal waited: median {meanwhile[Renewals / 2]}, most {meanwhile[^1]}");
    }

    [Fact]
    public async Task Renewal_WhileAnotherBuilderUploads_IsAnsweredBeforeManyBytesMore()
    {
        const long bytes = 16 << 20;
        var (large, _) = await _hub.JoinAsync("large");
        var (quiet, _) = await _hub.JoinAsync("quiet");
        var attempt = await _hub.StartAsync(large, "large");
        var content = new byte[64 << 20];
        new Random(1).NextBytes(content);
        var archive = new ArchiveInfo("large-1-1-any.pkg.tar.zst", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
        var taken = 0L;
        var uploads = 0;

        var meanwhile = await RenewAsync(
            quiet,
            [
                async stop =>
                {
                    for (; !stop.IsCancellationRequested || uploads == 0; uploads++)
                    {
                        var named = archive with { FileName = $"large-{uploads}-1-any.pkg.tar.zst" };
                        (await large.UploadAsync(attempt, named, _ => new(new CountedStream(content, count => Interlocked.Add(ref taken, count))), Token)).Stored.ShouldBeTrue();
                    }
                },
            ],
            () => Interlocked.Read(ref taken));

        meanwhile[Renewals * 99 / 100].ShouldBeLessThanOrEqualTo(bytes, $"bytes of an archive taken while a renewal waited: median {meanwhile[Renewals / 2]}, most {meanwhile[^1]}");
    }

    /// <returns>How far the others came during each renewal, least first.</returns>
    private static async Task<List<long>> RenewAsync(LinkSession session, IReadOnlyList<Func<CancellationToken, Task>> others, Func<long> progress)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = others.Select(other => Task.Run(() => other(stop.Token), Token)).ToList();
        var meanwhile = new List<long>();
        for (var i = 0; i < Renewals; i++)
        {
            var before = progress();
            (await session.RenewAsync([], Token)).Known.ShouldBeTrue();
            meanwhile.Add(progress() - before);
        }

        await stop.CancelAsync();
        await Task.WhenAll(running).DefaultTimeout("the end of the others");
        meanwhile.Sort();
        return meanwhile;
    }

    private static async Task FloodAsync(LinkSession session, AttemptRef attempt, Action taken, CancellationToken stop)
    {
        var bytes = new byte[LinkProtocol.MaxLogBytes];
        for (var offset = 0L; !stop.IsCancellationRequested; offset += bytes.Length)
        {
            (await session.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = 0, Offset = offset, Bytes = bytes }, Token)).NextOffset.ShouldBe(offset + bytes.Length);
            taken();
        }
    }
}
