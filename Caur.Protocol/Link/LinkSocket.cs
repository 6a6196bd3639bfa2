using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;

namespace Caur.Protocol.Link;

/// <summary>One end of a link over a WebSocket: sends what is urgent before logs, reads and checks what comes, says that it is there and
/// notices when the other end is not. Both ends use it.</summary>
[SuppressMessage("Design", "CA2213", Justification = "The semaphore has no handle, and what is sent behind the end is let go.")]
public sealed class LinkSocket : IDisposable
{
    private const int FirstBuffer = 16 * 1024;

    /// <summary>What a message in the line takes beside its bytes, roughly: small ones are not free.</summary>
    private const int MessageBytes = 256;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly WebSocket _socket;
    private readonly TimeProvider _time;
    private readonly ConcurrentQueue<Outgoing> _urgent = new();
    private readonly ConcurrentQueue<Outgoing> _logs = new();
    private readonly SemaphoreSlim _items = new(0);
    private long _heard;
    private long _waiting;
    private long _closingSince;
    private volatile LinkEnd? _closing;

    /// <summary>Takes the socket over.</summary>
    public LinkSocket(WebSocket socket, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(time);
        (_socket, _time) = (socket, time);
        _heard = time.GetTimestamp();
    }

    /// <summary>Told of every message before it is sent, and of every one that came, for counts and recordings.</summary>
    public Action<LinkMessage, bool>? Watch { get; init; }

    /// <summary>Puts a message in the line: pieces of logs behind everything else, the rest in its order. What is sent after the end is lost, and
    /// what is more than <see cref="LinkProtocol.MaxWaitingBytes"/> with what waits already is the end.</summary>
    /// <param name="message">The message.</param>
    /// <param name="sent">Called when the connection has taken it; never when it is lost.</param>
    public void Send(LinkMessage message, Action? sent = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_closing is not null)
        {
            return;
        }

        var bytes = LinkCodec.Encode(message);
        if (Interlocked.Add(ref _waiting, bytes.Length + MessageBytes) > LinkProtocol.MaxWaitingBytes)
        {
            Close(new LinkEnd(LinkEndReason.TooMany, "the other end does not take what it is sent"));
            return;
        }

        (message is LogRequest ? _logs : _urgent).Enqueue(new Outgoing(message, bytes, sent));
        _items.Release();
    }

    /// <summary>Ends the link when what is urgent and waits has been sent, or cannot be within <see cref="LinkProtocol.CloseWithin"/>; the first
    /// reason counts.</summary>
    public void Close(LinkEnd end)
    {
        if (Interlocked.CompareExchange(ref _closing, end, null) is null)
        {
            Volatile.Write(ref _closingSince, _time.GetTimestamp());
            _items.Release();
        }
    }

    /// <summary>Runs the link to its end.</summary>
    /// <param name="take">Takes each message at once; what it returns ends the link.</param>
    /// <param name="cancellationToken">Breaks it off without a word.</param>
    /// <returns>Why it ended.</returns>
    public async Task<LinkEnd> RunAsync(Func<LinkMessage, LinkEnd?> take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(take);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = SendAllAsync(stop.Token);
        var receiving = ReceiveAllAsync(take, stop.Token);
        var watching = WatchAsync(stop.Token);
        try
        {
            var done = await Task.WhenAny(sending, receiving, watching);
            var first = await done;
            if (done == watching || first.Reason == LinkEndReason.Lost)
            {
                return _closing ?? first;
            }

            // Ours to say, or the other end's to hear that it was heard.
            Close(first);
            using var limit = new CancellationTokenSource(LinkProtocol.CloseWithin, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop.Token);
            await ((Task)Task.WhenAll(sending, receiving)).WaitAsync(linked.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await UntilClosedAsync(linked.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return _closing ?? first;
        }
        finally
        {
            await stop.CancelAsync();
            _socket.Abort();
            await ((Task)Task.WhenAll(sending, receiving, watching)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Reads on without looking: a connection that is given up with something unread takes the close message with it.</summary>
    private async Task UntilClosedAsync(CancellationToken cancellationToken)
    {
        var nowhere = new byte[FirstBuffer];
        while (_socket.State is WebSocketState.Open or WebSocketState.CloseSent)
        {
            await _socket.ReceiveAsync(nowhere.AsMemory(), cancellationToken);
        }
    }

    private async Task<LinkEnd> SendAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _items.WaitAsync(cancellationToken);
                if (_urgent.TryDequeue(out var next) || (_closing is null && _logs.TryDequeue(out next)))
                {
                    Watch?.Invoke(next.Message, true);
                    var type = next.Message is LogRequest ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
                    await _socket.SendAsync(next.Bytes, type, endOfMessage: true, cancellationToken);
                    Interlocked.Add(ref _waiting, -(next.Bytes.Length + MessageBytes));
                    next.Sent?.Invoke();
                }
                else if (_closing is { } end)
                {
                    await _socket.CloseOutputAsync((WebSocketCloseStatus)end.Code, Short($"{end.Name}: {end.Text}"), cancellationToken);
                    return end;
                }
            }
        }
        catch (Exception error) when (IsLoss(error))
        {
            return Lost(error);
        }
    }

    private async Task<LinkEnd> ReceiveAllAsync(Func<LinkMessage, LinkEnd?> take, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        var length = 0;
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                Volatile.Write(ref _heard, _time.GetTimestamp());
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return new LinkEnd(LinkEndReason.Closed, _socket.CloseStatusDescription is { Length: > 0 } said ? said : "the other end closed the link");
                }

                length += part.Count;
                var isText = part.MessageType == WebSocketMessageType.Text;
                if (length > (isText ? LinkProtocol.MaxControlBytes : LinkProtocol.MaxBinaryBytes))
                {
                    return new LinkEnd(LinkEndReason.TooLarge, $"a message of more than {(isText ? LinkProtocol.MaxControlBytes : LinkProtocol.MaxBinaryBytes)} bytes");
                }

                if (!part.EndOfMessage)
                {
                    if (length == buffer.Length)
                    {
                        buffer = Grow(buffer, length);
                    }

                    continue;
                }

                if (Take(buffer.AsSpan(0, length), isText, take) is { } end)
                {
                    return end;
                }

                length = 0;
            }
        }
        catch (WebSocketException error) when (error.WebSocketErrorCode is WebSocketError.Faulted or WebSocketError.HeaderError or WebSocketError.InvalidMessageType)
        {
            // The socket has told the other end in its own words.
            return new LinkEnd(LinkEndReason.Malformed, "what came is not what WebSockets send: a text that is no UTF-8, or a bad frame");
        }
        catch (Exception error) when (IsLoss(error))
        {
            return Lost(error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private LinkEnd? Take(ReadOnlySpan<byte> bytes, bool isText, Func<LinkMessage, LinkEnd?> take)
    {
        var (message, refusal) = isText ? LinkCodec.Decode(bytes) : LogFrame.Decode(bytes);
        if (message is null)
        {
            return refusal;
        }

        Watch?.Invoke(message, false);
        return take(message);
    }

    private async Task<LinkEnd> WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            var said = _time.GetTimestamp();
            while (_time.GetElapsedTime(Volatile.Read(ref _heard)) < LinkProtocol.Silence)
            {
                await Task.Delay(LookEvery, _time, cancellationToken);
                if (_closing is { } closing)
                {
                    // Who takes nothing takes no goodbye either.
                    if (Volatile.Read(ref _closingSince) is not 0 and var since && _time.GetElapsedTime(since) >= LinkProtocol.CloseWithin)
                    {
                        return closing;
                    }
                }
                else if (_time.GetElapsedTime(said) >= LinkProtocol.PingEvery)
                {
                    said = _time.GetTimestamp();
                    Send(new PingNotice());
                }
            }

            return new LinkEnd(LinkEndReason.Silent, $"nothing came for {LinkProtocol.Silence.TotalSeconds:0} s");
        }
        catch (OperationCanceledException error)
        {
            return Lost(error);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static bool IsLoss(Exception error) =>
        error is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException;

    private static LinkEnd Lost(Exception error) => new(LinkEndReason.Lost, error.Message);

    /// <summary>A message in the line, as it crosses it.</summary>
    private sealed record Outgoing(LinkMessage Message, byte[] Bytes, Action? Sent);

    /// <summary>A close message has room for 123 bytes.</summary>
    private static string Short(string text)
    {
        var plain = new string([.. text.Select(c => char.IsAscii(c) && !char.IsControl(c) ? c : '?')]);
        return plain.Length <= 120 ? plain : plain[..117] + "...";
    }
}
