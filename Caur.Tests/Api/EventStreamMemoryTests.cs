using System.Buffers;
using Caur.Api.Events;
using Caur.Api.Limits;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Api;

/// <summary>What a client that follows costs.</summary>
public sealed class EventStreamMemoryTests
{
    private const int Item = 20_000;
    private const int Items = 200;

    [Fact]
    public async Task Stream_WhenLargeEventsWait_SendsThemInPieces()
    {
        using var lifetime = new Lifetime();
        using var gone = new CancellationTokenSource();
        var ring = new EventRing<byte[]>("run", Items);
        for (var i = 0; i < Items; i++)
        {
            ring.Append(_ => new byte[Item]);
        }

        using var body = new Pieces(whole: (long)Item * Items, gone);
        var context = new DefaultHttpContext { RequestAborted = gone.Token };
        context.Response.Body = body;

        await new EventStream(new EventStreamOptions(), new ClientStreams(Options.Create(new ClientLimits())), lifetime, TimeProvider.System)
            .SendAsync(context, ring, static (item, buffer) => buffer.Write(item), fromStart: true).DefaultTimeout("the stream's end");

        body.Written.ShouldBeGreaterThanOrEqualTo((long)Item * Items);
        body.Largest.ShouldBeLessThan((64 * 1024) + Item + 1000);
    }

    private sealed class Pieces(long whole, CancellationTokenSource gone) : MemoryStream
    {
        public long Written { get; private set; }

        public int Largest { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            Largest = Math.Max(Largest, buffer.Length);
            if (Written >= whole)
            {
                await gone.CancelAsync();
            }
        }
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _never = new();

        public CancellationToken ApplicationStarted => _never.Token;

        public CancellationToken ApplicationStopping => _never.Token;

        public CancellationToken ApplicationStopped => _never.Token;

        public void StopApplication() => throw new NotSupportedException();

        public void Dispose() => _never.Dispose();
    }
}
