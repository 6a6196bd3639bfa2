using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Tests.Api;
using Caur.Tests.Engine;

namespace Caur.Tests.Link;

/// <summary>A builder with a good token that asks for too much, says what it should not, or does not listen.</summary>
public sealed class LinkMisuseTests : IAsyncLifetime
{
    private ShiftedTime _time = null!;
    private LinkHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _time = new ShiftedTime();
        _hub = await LinkHub.StartAsync(_time);
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Requests_OfAnAgentThatReadsNothing_EndItsLink()
    {
        using var link = await JoinRawAsync("north");
        var renew = LinkCodec.Encode(ALot() with { Id = 2 });
        var ping = LinkCodec.Encode(new PingNotice());
        var said = 0;
        try
        {
            for (; said < 300; said++)
            {
                await link.SendAsync(renew, WebSocketMessageType.Text);
                await link.SendAsync(ping, WebSocketMessageType.Text);
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException)
        {
            // It was closed in the middle.
        }

        await ApiHub.UntilAsync(() => Task.FromResult(_hub.Links == 0), "the end of the link");
        _hub.Metrics.ShouldContain("caur_link_ended_total{reason=\"too_many\"} 1");
        said.ShouldBeLessThan(300);
        await ApiHub.UntilAsync(async () => await _hub.PresenceAsync("north") == "Lost", "that the loss is noticed");
    }

    /// <summary>Superseded while what it was sent is not taken: the new link does not wait for the old one's reader.</summary>
    [Fact]
    public async Task Close_OfALinkThatReadsNothing_DoesNotWaitForIt()
    {
        var boot = Guid.NewGuid();
        using var first = await JoinRawAsync("north", boot: boot);
        var renew = ALot();
        for (var id = 2; id < 40; id++)
        {
            await first.SendAsync(renew with { Id = id });
        }

        using var second = await JoinRawAsync("north", boot: boot);

        // The other end is there, and says so; only the close is what ends it.
        await ApiHub.UntilAsync(
            async () =>
            {
                await second.SendAsync(new PingNotice());
                await PingAsync(first);
                _time.Forward(TimeSpan.FromMilliseconds(100));
                return _hub.Links == 1;
            },
            "the end of the first link");
        _hub.Metrics.ShouldContain("caur_link_ended_total{reason=\"superseded\"} 1");
    }

    [Theory]
    [InlineData("a label", """{"labels":["a\u001b[31m"]}""")]
    [InlineData("a label", """{"labels":["two\nlines"]}""")]
    [InlineData("an architecture", """{"architectures":["x86_64\r"]}""")]
    [InlineData("a class", """{"class":"9\u0007"}""")]
    [InlineData("a version", """{"version":"1\u009b2J"}""")]
    public async Task Hello_WithControlCharactersInItsWords_EndsTheLink(string what, string with)
    {
        using var link = await _hub.RawAsync((await _hub.TokenAsync("north")).Token);
        using var hello = JsonDocument.Parse(LinkCodec.Encode(new HelloRequest(LinkHub.Hello("north")) { Id = 1 }));
        using var changed = JsonDocument.Parse(with);
        var members = hello.RootElement.GetProperty("hello").EnumerateObject()
            .Where(member => !changed.RootElement.TryGetProperty(member.Name, out _))
            .Concat(changed.RootElement.EnumerateObject())
            .ToDictionary(member => member.Name, member => member.Value);

        await link.SendAsync(JsonSerializer.Serialize(new { type = "hello", id = 1, hello = members }));

        (await link.EndAsync()).ShouldNotBeNull(what).ShouldStartWith("out_of_bounds: ");
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"out_of_bounds\"} 1");
    }

    [Fact]
    public async Task Hello_WithAProblemOfSeveralLines_IsShownInOneWithoutWhatATerminalObeys()
    {
        var session = _hub.Session((await _hub.TokenAsync("north")).Token);

        (await session.HelloAsync(LinkHub.Hello("north") with { Problem = "no engine:\n\u001b]0;owned\u0007\u202egone" }, new TestAgent(), Token)).Accepted.ShouldBeTrue();

        using var answer = await _hub.Hub.Http.GetAsync("/api/v1/builders/north/0", Token);
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token)).RootElement.GetProperty("problem").GetString()
            .ShouldBe("no engine:  ]0;owned  gone");
    }

    [Theory]
    [InlineData("'../../etc' is no architecture", "../../etc")]
    [InlineData("'' is no architecture", "")]
    [InlineData("17 architectures are named, and 16 are the most", "a b c d e f g h i j k l m n o p q")]
    public async Task Hello_WithArchitecturesThatCannotBe_IsRefusedWithTheReason(string reason, string architectures)
    {
        var session = _hub.Session((await _hub.TokenAsync("north")).Token);

        var reply = await session.HelloAsync(LinkHub.Hello("north") with { Architectures = architectures.Split(' ') }, new TestAgent(), Token);

        reply.Accepted.ShouldBeFalse();
        reply.Reason.ShouldBe(reason);
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"not_joined\"} 1");
    }

    [Fact]
    public async Task Renewal_OfInventedAttempts_MakesNoQueuesAndCallsThemLost()
    {
        var (session, _) = await _hub.JoinAsync("north");
        var invented = Enumerable.Range(0, 500).Select(i => new AttemptRef($"repo/arch{i}/hello/1900000000000", 1)).ToList();

        (await session.RenewAsync(invented, Token)).Lost.Count.ShouldBe(500);

        (await session.AcceptAsync(invented[0], Token)).ShouldBeFalse();
        (await session.CompleteAsync(new AttemptResult { Attempt = invented[1], Outcome = AttemptOutcome.Failed }, Token)).ShouldBeFalse();
        TestEngine.ActivationsOf(_hub.Hub.Services).Select(static grain => $"{grain}")
            .Where(id => id.Contains("/arch", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Hellos_OfTwoInstancesAtOnceOverOneLink_LetOneIn()
    {
        using (var link = await _hub.RawAsync((await _hub.TokenAsync("north")).Token))
        {
            await link.SendAsync(new HelloRequest(LinkHub.Hello("north", "a")) { Id = 1 });
            await link.SendAsync(new HelloRequest(LinkHub.Hello("north", "b")) { Id = 2 });

            // The second one is refused at once, and the first one's answer takes its time: it may come before, afterwards, or be cut off by the end.
            var answers = new List<string>();
            while (await link.ReadAsync() is { } answer)
            {
                answers.Add(answer);
            }

            answers.Count(static answer => answer.Contains("a link speaks for one instance", StringComparison.Ordinal)).ShouldBe(1);
            answers.Count(static answer => answer.Contains("\"accepted\":true", StringComparison.Ordinal)).ShouldBe(answers.Count - 1);
            answers.Count.ShouldBeLessThan(3);
            (await link.EndAsync()).ShouldNotBeNull().ShouldStartWith("refused: ");
        }

        await ApiHub.UntilAsync(async () => await StatesAsync() is ["a: Lost"], "that only one was ever here, and is lost");
        _hub.Links.ShouldBe(0);
    }

    /// <summary>Agents come and go in the middle of their hellos: nothing of them is left, and the next one joins.</summary>
    [Fact]
    public async Task Hello_WhoseLinkIsGoneMeanwhile_LeavesNobodyBehind()
    {
        var token = (await _hub.TokenAsync("north")).Token;
        var boot = Guid.NewGuid();
        for (var i = 0; i < 20; i++)
        {
            using var link = await _hub.RawAsync(token);
            await link.SendAsync(new HelloRequest(LinkHub.Hello("north", boot: boot)) { Id = 1 });
        }

        var (session, _) = await _hub.JoinAsync("north", boot: boot);
        await ApiHub.UntilAsync(() => Task.FromResult(_hub.Links == 1), "the end of the others");
        (await session.RenewAsync([], Token)).Known.ShouldBeTrue();
        (await _hub.PresenceAsync("north")).ShouldBe("Ready");
    }

    [Fact]
    public async Task Hello_OfASecondAgentWhileTheFirstLivesAndNeverRenews_IsRefused()
    {
        using var first = await JoinRawAsync("north");
        var second = _hub.Session((await _hub.TokenAsync("north")).Token);
        for (var id = 2; id <= 9; id++)
        {
            // What comes behind it is answered: it was heard.
            await first.SendAsync(new PingNotice());
            await first.SendAsync(new AcceptRequest(LinkSamples.Attempt) { Id = id });
            (await first.ReadAsync()).ShouldBe($$"""{"type":"answer","id":{{id}},"yes":false}""");
            _time.Forward(TimeSpan.FromSeconds(2.5));
        }

        var refused = await second.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token);

        refused.Accepted.ShouldBeFalse();
        refused.Reason.ShouldBe("another agent is here as north/0 already; give this one an instance of its own");
        await first.SendAsync(new RenewRequest([]) { Id = 10 });
        (await first.ReadAsync()).ShouldNotBeNull().ShouldContain("\"known\":true");
    }

    [Fact]
    public async Task Clock_ThatIsSet_TakesNoBuildFromItsBuilder()
    {
        var (session, agent) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(session, "hello");
        agent.Running = [attempt];
        foreach (var hours in (int[])[1, -2, 1])
        {
            _time.SetClock(TimeSpan.FromHours(hours));
            for (var i = 0; i < 4; i++)
            {
                _time.Forward(TimeSpan.FromSeconds(1));
                (await session.RenewAsync([attempt], Token)).Lost.ShouldBeEmpty($"after {hours} h");
            }
        }

        (await _hub.StateAsync(attempt)).ShouldBe(Contracts.Builds.BuildState.Running);
    }

    [Fact]
    public async Task Build_ForABuildersName_IsTakenByAllItsInstancesAndNobodyElse()
    {
        var (one, _) = await _hub.JoinAsync("north", instance: "0");
        var (two, _) = await _hub.JoinAsync("north", instance: "1");
        var (south, _) = await _hub.JoinAsync("south");
        await _hub.Hub.EnqueueAsync(
            [.. ((string[])["a", "b", "c"]).Select(pkgbase => ApiHub.Request(pkgbase) with { BuilderClass = "north" })]);

        (await south.TakeAsync(8, Token)).ShouldBeEmpty();
        foreach (var session in new[] { one, two, one })
        {
            var order = (await session.TakeAsync(1, Token)).ShouldHaveSingleItem();
            (await south.TakeAsync(8, Token)).ShouldBeEmpty();
            (await session.AcceptAsync(order.Attempt, Token)).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Upload_OfMoreThanTheDiskHas_IsRefusedWithHowMuchThatIs()
    {
        var (session, _) = await _hub.JoinAsync("north");
        var attempt = await _hub.StartAsync(session, "hello");
        using var client = _hub.Client((await _hub.TokenAsync("north")).Token);
        var path = UploadProtocol.Path(LinkHub.Hello("north"), attempt, new ArchiveInfo("a-1-1-any.pkg.tar.zst", long.MaxValue, new string('0', 64)));
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = new ByteArrayContent([1]) };
        request.Headers.Add(UploadProtocol.Offset, "0");

        using var answer = await client.SendAsync(request, Token);

        var (status, detail) = await ApiHub.RefusalAsync(answer);
        status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        detail.ShouldStartWith("9223372036854775807 bytes were named, and the disk of the landing zone has ");
    }

    /// <summary>A renewal whose answer is as long as it is.</summary>
    private static RenewRequest ALot()
    {
        var attempts = Enumerable.Range(1, LinkProtocol.MaxList).Select(number => new AttemptRef("repo/mine/a-package-with-a-long-name/1900000000000", number));
        return new RenewRequest([.. attempts]) { Id = 1 };
    }

    private static async Task PingAsync(RawLink link)
    {
        try
        {
            await link.SendAsync(new PingNotice());
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException)
        {
            // That is what is waited for.
        }
    }

    private async Task<RawLink> JoinRawAsync(string name, Guid? boot = null)
    {
        var link = await _hub.RawAsync((await _hub.TokenAsync(name)).Token);
        await link.SendAsync(new HelloRequest(LinkHub.Hello(name, boot: boot)) { Id = 1 });
        (await link.ReadAsync()).ShouldNotBeNull().ShouldContain("\"accepted\":true");
        return link;
    }

    private async Task<List<string>> StatesAsync()
    {
        var builders = (await _hub.Hub.Queue().GetAsync()).Builders;
        return [.. builders.Select(builder => $"{builder.Profile.Builder.Instance}: {(builder.Profile.Lost ? "Lost" : "Ready")}")];
    }
}
