using System.Net.WebSockets;
using Caur.Builder.Link;
using Caur.Protocol.Link;
using Caur.Tests.Soak;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Link;

/// <summary>Damaged and misplaced messages, against the codec, a gateway and an agent: each is taken, or ends the link with a named reason;
/// the other end goes on, and a good link is still possible afterwards.</summary>
internal sealed class LinkFuzzScenario : ISoakScenario
{
    public string Name => "fuzz-link";

    public async Task RunAsync(SoakRound round)
    {
        FuzzCodec(round, round.IsShort ? 2_000 : 100_000);
        await FuzzGatewayAsync(round, round.IsShort ? 10 : 300);
        await FuzzAgentAsync(round, round.IsShort ? 4 : 8);
    }

    private static void FuzzCodec(SoakRound round, int inputs)
    {
        var refused = 0;
        for (var i = 0; i < inputs; i++)
        {
            var message = LinkSamples.All[round.Random.Next(LinkSamples.All.Count)];
            var reading = LinkSamples.Read(message, Damaged(message, round.Random));
            (reading.Message is null).ShouldBe(reading.Refusal is not null);
            if (reading.Refusal is { } refusal)
            {
                refused++;
                refusal.Text.Length.ShouldBeInRange(1, 500);
            }
            else
            {
                LinkSamples.Read(reading.Message!, LinkCodec.Encode(reading.Message!)).Refusal.ShouldBeNull("what was taken can be said again");
            }
        }

        refused.ShouldBeInRange(1, inputs);
        round.Count("fuzz-link inputs", inputs);
        round.Count("fuzz-link refused", refused);
    }

    private static async Task FuzzGatewayAsync(SoakRound round, int links)
    {
        await using var hub = await LinkHub.StartAsync();
        var token = (await hub.TokenAsync("north")).Token;
        for (var i = 0; i < links; i++)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            using var link = await hub.RawAsync(token);
            try
            {
                if (round.Random.Next(2) == 0)
                {
                    await link.SendAsync(new HelloRequest(LinkHub.Hello("north", $"{i}")) { Id = 1 });
                    (await link.ReadAsync()).ShouldNotBeNull();
                }

                // Until it is refused, and the last one is.
                for (var said = 0; said < 20; said++)
                {
                    var message = LinkSamples.All[round.Random.Next(LinkSamples.All.Count)];
                    await link.SendAsync(round.Random.Next(3) == 0 ? LinkCodec.Encode(message) : Damaged(message, round.Random), TypeOf(message, round.Random));
                }

                await link.SendAsync("""{"type":"nonsense"}""");

                // What is no UTF-8 is closed by the WebSocket itself, without our words.
                await link.EndAsync().DefaultTimeout("the end of a bad link");
            }
            catch (Exception error) when (error is WebSocketException or IOException)
            {
                // Closed while it was still talking.
            }
        }

        var (session, _) = await hub.JoinAsync("south");
        (await session.RenewAsync([], CancellationToken.None).DefaultTimeout("a renewal after all that")).Known.ShouldBeTrue();
        round.Count("fuzz-link links", links);
    }

    private static async Task FuzzAgentAsync(SoakRound round, int links)
    {
        var random = round.Fork();
        var connections = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var gateway = builder.Build();
        gateway.UseWebSockets();
        gateway.Run(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(LinkProtocol.Version);
            try
            {
                for (var said = 0; said < 20; said++)
                {
                    LinkMessage message;
                    lock (random)
                    {
                        message = LinkSamples.All[random.Next(LinkSamples.All.Count)];
                    }

                    await socket.SendAsync(Locked(() => Damaged(message, random)), Locked(() => TypeOf(message, random)), true, context.RequestAborted);
                }

                await socket.SendAsync("{}"u8.ToArray(), WebSocketMessageType.Text, true, context.RequestAborted);
                await socket.ReceiveAsync(new byte[1 << 16], context.RequestAborted);
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
            {
                // The agent has heard enough.
            }

            if (Interlocked.Increment(ref connections) == links)
            {
                enough.TrySetResult();
            }
        });
        await gateway.StartAsync(round.Cancelled);
        await using var session = new LinkSession(
            new LinkAgentOptions { Gateway = new Uri(gateway.Urls.Single() + "/"), Token = () => "x" }, TimeProvider.System, NullLogger<LinkSession>.Instance);
        while (!enough.Task.IsCompleted)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            try
            {
                await session.HelloAsync(LinkHub.Hello("north"), new TestAgent(), round.Cancelled).DefaultTimeout("the answer to a hello, or its failure");
            }
            catch (IOException)
            {
                // A gateway that talks nonsense is no gateway; the agent tries again.
            }
        }

        round.Count("fuzz-link agent links", connections);

        T Locked<T>(Func<T> choose)
        {
            lock (random)
            {
                return choose();
            }
        }
    }

    private static WebSocketMessageType TypeOf(LinkMessage message, Random random) =>
        message is LogRequest ^ random.Next(20) == 0 ? WebSocketMessageType.Binary : WebSocketMessageType.Text;

    private static byte[] Damaged(LinkMessage message, Random random)
    {
        var bytes = LinkCodec.Encode(message);
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Length > 0; changes--)
        {
            var at = random.Next(bytes.Length);
            bytes = random.Next(5) switch
            {
                0 => bytes[..at],
                1 => [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]],
                2 => [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(1, 9))..]],
                3 => [.. bytes[..at], .. bytes[random.Next(bytes.Length)..]],
                _ => [.. bytes[..at], (byte)(bytes[at] ^ (1 << random.Next(8))), .. bytes[(at + 1)..]],
            };
        }

        return bytes;
    }
}
