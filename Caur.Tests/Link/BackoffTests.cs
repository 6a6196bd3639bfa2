using System.Net;
using System.Net.Sockets;
using Caur.Builder.Link;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Link;

/// <summary>How an agent comes back when there is no gateway.</summary>
public sealed class BackoffTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Session_WhenNobodyListens_ComesBackWithPausesThatDoubleUpToHalfAMinuteEachToItsOwnTime()
    {
        var first = await PausesAsync();
        var second = await PausesAsync();

        first.ShouldNotBe(second, "many that lost the same hub do not come back in step");
        foreach (var pauses in (TimeSpan[][])[first, second])
        {
            for (var i = 0; i < pauses.Length; i++)
            {
                var full = TimeSpan.FromSeconds(Math.Min(30, 0.2 * Math.Pow(2, i)));
                pauses[i].ShouldBeInRange(full / 2, full, $"pause {i}");
            }
        }
    }

    [Fact]
    public async Task Connect_WhenNothingComesBack_IsGivenUpSoonTwiceAndThenTakesLonger()
    {
        // Takes connections, and says nothing.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var time = new ManualTimeProvider();
        var told = 0;
        var options = new LinkAgentOptions
        {
            Gateway = new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/"),
            Token = () => "x",
            NoAnswer = () => told++,
            ConnectWithin = TimeSpan.FromSeconds(60),
        };
        using var dialer = new LinkDialer(options, time);
        foreach (var seconds in (int[])[5, 5, 20])
        {
            var connecting = dialer.ConnectAsync(Token);
            await time.ArmedAsync(TimeSpan.FromSeconds(seconds));
            time.Advance(TimeSpan.FromSeconds(seconds - 1));
            connecting.IsCompleted.ShouldBeFalse();
            time.Advance(TimeSpan.FromSeconds(1));
            (await Should.ThrowAsync<IOException>(connecting.DefaultTimeout("the end of a connection"))).Message.ShouldContain("no answer in time");
        }

        told.ShouldBe(3);
    }

    private static async Task<TimeSpan[]> PausesAsync()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var gateway = new Uri($"http://127.0.0.1:{((IPEndPoint)nobody.LocalEndpoint).Port}/");
        nobody.Stop();
        var time = new ManualTimeProvider();
        await using var session = new LinkSession(new LinkAgentOptions { Gateway = gateway, Token = () => "x" }, time, NullLogger<LinkSession>.Instance);
        var pauses = new TimeSpan[11];
        for (var i = 0; i <= pauses.Length; i++)
        {
            var hello = session.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token);
            if (i > 0)
            {
                // The limits of the try before are over: what is armed is the pause.
                pauses[i - 1] = time.Next.ShouldNotBeNull();
                time.Advance(pauses[i - 1]);
            }

            (await Should.ThrowAsync<IOException>(hello.DefaultTimeout("the answer of nobody"))).Message.ShouldContain("cannot be reached");
            await time.ArmedAsync(TimeSpan.FromSeconds(30));
        }

        return pauses;
    }
}
