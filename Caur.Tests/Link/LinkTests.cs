using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using Caur.Api.Auth;
using Caur.Contracts.Builds;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Tests.Api;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Link;

/// <summary>Both ends of a link with a real WebSocket in between, and the grains behind it.</summary>
public sealed partial class LinkTests : IAsyncLifetime
{
    private LinkHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await LinkHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Link_WhenABuildIsCarriedOut_PassesEveryCallAndItsAnswer()
    {
        var (session, agent) = await _hub.JoinAsync("north");
        await _hub.Hub.EnqueueAsync("hello");
        await agent.Work.DefaultTimeout("the poke");
        var order = (await session.TakeAsync(5, Token)).ShouldHaveSingleItem();
        order.Pkgbase.ShouldBe("hello");
        order.Timeout.ShouldBe(TimeSpan.FromHours(1));
        var attempt = order.Attempt;
        (await session.AcceptAsync(attempt, Token)).ShouldBeTrue();
        (await session.RenewAsync([attempt], Token)).Known.ShouldBeTrue();
        (await session.ProgressAsync(attempt, AttemptStep.Running, Token)).ShouldBeTrue();

        // More than one piece.
        var text = string.Concat(Enumerable.Range(0, 9_000).Select(i => $"{i}\n"));
        var chunk = new LogChunk { Attempt = attempt, Sequence = 0, Offset = 0, Bytes = Encoding.ASCII.GetBytes(text) };
        chunk.Bytes.Length.ShouldBeGreaterThan(LinkProtocol.MaxLogBytes);
        (await session.AppendLogAsync(chunk, Token)).ShouldBe(new LogReply(LogStatus.Appended, text.Length));
        (await session.AppendLogAsync(chunk with { Offset = text.Length + 10 }, Token)).ShouldBe(new LogReply(LogStatus.Gap, text.Length));
        (await _hub.LogAsync(attempt)).ShouldContain(text);

        (await session.CompleteAsync(new AttemptResult { Attempt = attempt, Outcome = AttemptOutcome.Failed, Message = "no", ExitCode = 1 }, Token)).ShouldBeTrue();
        (await session.CompleteAsync(new AttemptResult { Attempt = attempt with { Number = 2 }, Outcome = AttemptOutcome.Failed }, Token)).ShouldBeFalse();
        await session.GoodbyeAsync(Token);
        (await _hub.PresenceAsync("north")).ShouldBeNull();
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"stale\"} 1");
        _hub.Metrics.ShouldContain("caur_link_messages_total{type=\"log\"} 3");
    }

    [Fact]
    public async Task Cancel_OfARunningBuild_ReachesTheAgent()
    {
        var (session, agent) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(session, "hello");

        await _hub.Hub.Queue().CancelAsync(Contracts.Ids.BuildId.Parse(attempt.Build), "because");

        (await agent.Cancelled.DefaultTimeout("the wish to cancel")).ShouldBe(attempt);
    }

    [Fact]
    public async Task Connect_WithAnythingButABuildersValidToken_IsRefusedBeforeTheUpgradeWithWhatToDo()
    {
        var ended = (await _hub.TokenAsync("north", expires: TimeProvider.System.GetUtcNow().AddSeconds(-1))).Token;
        var refused = new (string? Token, HttpStatusCode Status, string Says)[]
        {
            (null, HttpStatusCode.Unauthorized, "send a token of the role builder"),
            ("caur_nobody", HttpStatusCode.Unauthorized, "unknown"),
            (ended, HttpStatusCode.Unauthorized, "has ended"),
            ((await _hub.TokenAsync("pipeline", TokenRole.Ci)).Token, HttpStatusCode.Forbidden, "this token's role is ci, and this wants the role builder"),
            ((await _hub.TokenAsync("boss", TokenRole.Admin)).Token, HttpStatusCode.Forbidden, "this token's role is admin"),
        };
        foreach (var (token, status, says) in refused)
        {
            using var client = _hub.Client(token);
            using var answer = await client.GetAsync(LinkProtocol.Path, Token);
            var (found, detail) = await ApiHub.RefusalAsync(answer);
            found.ShouldBe(status);
            detail.ShouldContain(says);

            var error = await Should.ThrowAsync<IOException>(() => _hub.Session(token).HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token));
            error.Message.ShouldContain(says);
        }

        using var builder = _hub.Client((await _hub.TokenAsync("north")).Token);
        using var plain = await builder.GetAsync(LinkProtocol.Path, Token);
        plain.StatusCode.ShouldBe(HttpStatusCode.UpgradeRequired);
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"not_let_in\"}");
    }

    [Fact]
    public async Task Hello_WithAnotherNameThanTheTokens_IsRefusedAndCounted()
    {
        var session = _hub.Session((await _hub.TokenAsync("north")).Token);

        var reply = await session.HelloAsync(LinkHub.Hello("south"), new TestAgent(), Token);

        reply.Accepted.ShouldBeFalse();
        reply.Reason.ShouldBe("this token speaks for the builder north, not for south (BUILDER_HOSTNAME)");
        (await _hub.PresenceAsync("south")).ShouldBeNull();
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"wrong_name\"} 1");
    }

    [Fact]
    public async Task Hello_OfASecondAgentWithTheSameInstance_IsRefusedWhileTheFirstLivesAndTakenWhenItsLinkIsLost()
    {
        var proxy = _hub.Proxy();
        var (first, _) = await _hub.JoinAsync("north", proxy.Url);
        var token = (await _hub.TokenAsync("north")).Token;
        var second = _hub.Session(token);

        var refused = await second.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token);
        refused.Accepted.ShouldBeFalse();
        refused.Reason.ShouldBe("another agent is here as north/0 already; give this one an instance of its own");
        (await first.RenewAsync([], Token)).Known.ShouldBeTrue();
        (await second.HelloAsync(LinkHub.Hello("north", "1"), new TestAgent(), Token)).Accepted.ShouldBeTrue();

        proxy.Cut();
        await ApiHub.UntilAsync(async () => await _hub.PresenceAsync("north") == "Lost", "that the loss is noticed");
        (await _hub.Session(token).HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token)).Accepted.ShouldBeTrue();
        (await _hub.PresenceAsync("north")).ShouldBe("Ready");
    }

    [Fact]
    public async Task Hello_OfTheSameAgentOverAnotherLink_TakesOverAndKeepsItsLeases()
    {
        var boot = Guid.NewGuid();
        var (first, agent) = await _hub.JoinAsync("north", boot: boot);
        var attempt = await _hub.StartAsync(first, "hello");

        // The first comes back by itself soon, and takes over in its turn.
        agent.Running = [attempt];
        using var raw = await _hub.RawAsync((await _hub.TokenAsync("north")).Token);

        await raw.SendAsync(new HelloRequest(LinkHub.Hello("north", boot: boot, running: attempt)) { Id = 1 });

        (await raw.ReadAsync()).ShouldNotBeNull().ShouldContain("\"current\":[{\"build\":");
        await ApiHub.UntilAsync(() => Task.FromResult(Superseded().IsMatch(_hub.Metrics)), "the end of the first link");
        (await _hub.StateAsync(attempt)).ShouldBe(BuildState.Running);
    }

    [Fact]
    public async Task Attempt_OfAnotherBuilder_IsStaleToEveryMessage()
    {
        var (north, _) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(north, "hello");
        var (south, _) = await _hub.JoinAsync("south");

        (await south.AcceptAsync(attempt, Token)).ShouldBeFalse();
        (await south.ProgressAsync(attempt, AttemptStep.Running, Token)).ShouldBeFalse();
        (await south.ProgressAsync(attempt, AttemptStep.Uploading, Token)).ShouldBeFalse();
        (await south.RenewAsync([attempt], Token)).Lost.ShouldBe([attempt]);
        (await south.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = 0, Offset = 0, Bytes = "x"u8.ToArray() }, Token)).Status.ShouldBe(LogStatus.Stale);
        (await south.CompleteAsync(new AttemptResult { Attempt = attempt, Outcome = AttemptOutcome.Failed }, Token)).ShouldBeFalse();
        (await south.UploadAsync(attempt, new ArchiveInfo("a.pkg.tar", 1, new string('0', 64)), _ => new(new MemoryStream([1])), Token)).Stale.ShouldBeTrue();

        (await _hub.StateAsync(attempt)).ShouldBe(BuildState.Running);
        (await north.RenewAsync([attempt], Token)).Lost.ShouldBeEmpty();
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"stale\"} 7");
    }

    [Fact]
    public async Task Cut_WithinTheLease_IsNoticedAtOnceAndChangesNothingWhenTheLinkIsBack()
    {
        var proxy = _hub.Proxy();
        var (session, agent) = await _hub.JoinAsync("north", proxy.Url);
        var attempt = await _hub.StartAsync(session, "hello");
        agent.Running = [attempt];
        var cut = Stopwatch.GetTimestamp();

        proxy.Cut();
        await ApiHub.UntilAsync(async () => await _hub.PresenceAsync("north") == "Lost", "that the loss is noticed");
        Stopwatch.GetElapsedTime(cut).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        await _hub.Hub.EnqueueAsync("other");
        var renewing = session.RenewAsync([attempt], Token);
        proxy.Restore();

        // A call that began while there was no link goes over the next one.
        (await renewing.DefaultTimeout("the renewal")).ShouldSatisfyAllConditions(reply => reply.Known.ShouldBeTrue(), reply => reply.Lost.ShouldBeEmpty());
        (await _hub.PresenceAsync("north")).ShouldBe("Ready");
        (await _hub.StateAsync(attempt)).ShouldBe(BuildState.Running);
        (await session.ProgressAsync(attempt, AttemptStep.Uploading, Token)).ShouldBeTrue();
        await ApiHub.UntilAsync(() => Task.FromResult(agent.Rejoins > 0), "that the agent is asked for its own hello");
    }

    [Fact]
    public async Task Cut_BeyondTheLease_GivesTheBuildBackAndTheFirstBuildersResultCountsForNothing()
    {
        var time = new ShiftedTime();
        await using var hub = await LinkHub.StartAsync(time);
        var proxy = hub.Proxy();
        var (first, agent) = await hub.JoinAsync("north", proxy.Url);
        var attempt = await hub.StartAsync(first, "hello");
        agent.Running = [attempt];

        proxy.Cut();
        await ApiHub.UntilAsync(async () => await hub.PresenceAsync("north") == "Lost", "that the loss is noticed");
        (await hub.StateAsync(attempt)).ShouldBe(BuildState.Running, "the lease goes on");
        await ApiHub.UntilAsync(
            async () =>
            {
                time.Forward(TimeSpan.FromSeconds(1));
                return await hub.StateAsync(attempt) == BuildState.Waiting;
            },
            "that the build is given back");
        time.Forward(TimeSpan.FromMinutes(10));
        var (second, _) = await hub.JoinAsync("south");
        var order = new List<BuildOrder>();
        await ApiHub.UntilAsync(async () => (order = [.. await second.TakeAsync(1, Token)]).Count > 0, "that another builder gets it");
        order[0].Attempt.ShouldBe(attempt with { Number = 2 });
        (await second.AcceptAsync(order[0].Attempt, Token)).ShouldBeTrue();

        proxy.Restore();
        (await first.RenewAsync([attempt], Token).DefaultTimeout("the renewal")).Lost.ShouldBe([attempt]);
        (await first.CompleteAsync(new AttemptResult { Attempt = attempt, Outcome = AttemptOutcome.Failed }, Token)).ShouldBeFalse();
        (await hub.StateAsync(attempt)).ShouldBe(BuildState.Running);
        (await second.CompleteAsync(new AttemptResult { Attempt = order[0].Attempt, Outcome = AttemptOutcome.Failed, Message = "no" }, Token)).ShouldBeTrue();
        await ApiHub.UntilAsync(async () => await hub.StateAsync(attempt) is null, "its end");
    }

    [Fact]
    public async Task Silence_OfFiveSeconds_CountsAsLossAtBothEnds()
    {
        var proxy = _hub.Proxy();
        var (session, _) = await _hub.JoinAsync("north", proxy.Url);
        var frozen = Stopwatch.GetTimestamp();

        proxy.Freeze();
        var renewing = session.RenewAsync([], Token);
        await ApiHub.UntilAsync(async () => await _hub.PresenceAsync("north") == "Lost", "that the silence is noticed");
        Stopwatch.GetElapsedTime(frozen).ShouldBeInRange(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15));
        (await Should.ThrowAsync<IOException>(renewing.DefaultTimeout("the end of the call"))).Message.ShouldContain("nothing came for 5 s");
        proxy.Thaw();

        (await session.RenewAsync([], Token).DefaultTimeout("the renewal over the next link")).Known.ShouldBeTrue();
    }

    [Fact]
    public async Task Token_ThatIsRevoked_EndsTheLink()
    {
        var (record, token) = await _hub.TokenAsync("north");
        var session = _hub.Session(token);
        (await session.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token)).Accepted.ShouldBeTrue();
        var revoked = Stopwatch.GetTimestamp();

        (await _hub.Hub.Services.GetRequiredService<TokenStore>().RevokeAsync(record.Id, Token)).ShouldBeTrue();

        await ApiHub.UntilAsync(async () => await _hub.PresenceAsync("north") == "Lost" && _hub.Links == 0, "the end of the link");
        Stopwatch.GetElapsedTime(revoked).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Message_ThatIsNone_EndsTheLinkWithItsReasonAndIsCounted()
    {
        var token = (await _hub.TokenAsync("north")).Token;
        var bad = new (string Reason, Func<RawLink, Task> Say)[]
        {
            ("unknown_type", link => link.SendAsync("""{"type":"shell","id":1,"command":"id"}""")),
            ("malformed", link => link.SendAsync("""{"type":"hello","id":1""")),
            ("malformed", link => link.SendAsync("""{"type":"hello","id":1,"hello":null}""")),
            ("malformed", SendNoUtf8Async),
            ("out_of_bounds", link => link.SendAsync(new HelloRequest(LinkHub.Hello("north") with { Slots = 100_000 }) { Id = 1 })),
            ("out_of_bounds", link => link.SendAsync(new GoodbyeRequest { Id = 0 })),
            ("unexpected", link => link.SendAsync(new TakeRequest(1) { Id = 1 })),
            ("unexpected", link => link.SendAsync(new RejoinNotice())),
            ("unknown_type", link => link.SendAsync([9, 1, 2], WebSocketMessageType.Binary)),
            ("malformed", link => link.SendAsync([1, 1, 2], WebSocketMessageType.Binary)),
            ("too_large", link => link.SendAsync(new byte[LinkProtocol.MaxBinaryBytes + 1], WebSocketMessageType.Binary)),
            ("too_large", SendTooMuchTextAsync),
        };
        foreach (var (reason, say) in bad)
        {
            using var link = await _hub.RawAsync(token);
            await say(link);
            var said = await link.EndAsync();

            // Who is still sending, or sends no WebSocket, may not hear it.
            if (say != SendTooMuchTextAsync && say != SendNoUtf8Async)
            {
                said.ShouldNotBeNull().ShouldStartWith($"{reason}: ");
            }
        }

        using var flood = await _hub.RawAsync(token);
        await flood.SendAsync(new HelloRequest(LinkHub.Hello("north")) { Id = 1 });
        (await flood.ReadAsync()).ShouldNotBeNull().ShouldContain("\"accepted\":true");
        foreach (var reason in bad.Select(one => one.Reason).Distinct())
        {
            _hub.Metrics.ShouldContain($"caur_link_refusals_total{{reason=\"{reason}\"}} {bad.Count(one => one.Reason == reason)}");
        }

        await ApiHub.UntilAsync(() => Task.FromResult(_hub.Links == 1), "that only the good link is open");
    }

    /// <summary>A build that says as much as it can does not keep its own builder, or another, from renewing.</summary>
    [Fact]
    public async Task Renewal_WhileLogsFloodTheLink_WaitsForLittle()
    {
        var (session, _) = await _hub.JoinAsync("north");
        var (other, _) = await _hub.JoinAsync("south");
        var attempts = new List<AttemptRef>();
        for (var i = 0; i < 4; i++)
        {
            attempts.Add(await _hub.StartAsync(session, $"loud{i}"));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var sent = 0L;
        var floods = attempts.Select(attempt => Task.Run(() => FloodAsync(attempt), Token)).ToList();
        var times = new List<TimeSpan>();
        for (var i = 0; i < 40; i++)
        {
            foreach (var one in new[] { session, other })
            {
                var begin = Stopwatch.GetTimestamp();
                (await one.RenewAsync(one == session ? attempts : [], Token)).Known.ShouldBeTrue();
                times.Add(Stopwatch.GetElapsedTime(begin));
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(floods);
        times.Sort();
        sent.ShouldBeGreaterThan(1 << 20);
        TestContext.Current.SendDiagnosticMessage($"renewals: median {times[times.Count / 2]}, worst {times[^1]}, {sent >> 20} MiB of log");

        // The median is what the protocol adds; the worst is mostly the machine's.
        times[times.Count / 2].ShouldBeLessThan(TimeSpan.FromMilliseconds(100));

        async Task FloodAsync(AttemptRef attempt)
        {
            var bytes = new byte[LogChunk.MaxBytes];
            for (var offset = 0L; !stop.IsCancellationRequested && offset < 64 << 20; offset += bytes.Length)
            {
                var reply = await session.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = 0, Offset = offset, Bytes = bytes }, Token);
                reply.NextOffset.ShouldBe(offset + bytes.Length);
                Interlocked.Add(ref sent, bytes.Length);
            }
        }
    }

    private static Task SendNoUtf8Async(RawLink link) => link.SendAsync([0xFF, 0xFE, 0x7B], WebSocketMessageType.Text);

    private static async Task SendTooMuchTextAsync(RawLink link)
    {
        var part = new byte[1 << 20];
        Array.Fill(part, (byte)' ');
        try
        {
            for (var i = 0; i < 6; i++)
            {
                await link.SendAsync(part, WebSocketMessageType.Text, last: false);
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException)
        {
            // It was closed in the middle.
        }
    }

    [GeneratedRegex("""caur_link_ended_total\{reason="superseded"\} [1-9]""")]
    private static partial Regex Superseded();
}
