using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>One connection of the link: requests with their replies, and what the gateway says of its own accord. When it ends, every
/// open request fails.</summary>
[SuppressMessage("Design", "CA2213", Justification = "The windows and the token have no handles, and calls let go of them behind the end.")]
internal sealed class LinkChannel : IDisposable
{
    private readonly LinkSocket _socket;
    private readonly Func<IBuilderAgent?> _agent;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<LinkReply>> _open = new();
    private readonly SemaphoreSlim _logWindow = new(LinkProtocol.LogWindow);
    private readonly SemaphoreSlim _calls = new(LinkProtocol.MaxCalls - (2 * LinkProtocol.LogWindow));
    private readonly TaskCompletionSource<LinkEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _end = new();
    private long _lastId;

    public LinkChannel(WebSocket socket, Func<IBuilderAgent?> agent, TimeProvider time)
    {
        _socket = new LinkSocket(socket, time);
        _agent = agent;
    }

    /// <summary>How orders name the gateway on its own machine; null when they do not.</summary>
    public string? OwnAddress { get; set; }

    /// <summary>Cancelled at its end.</summary>
    public CancellationToken Ended => _end.Token;

    /// <summary>Runs it to its end.</summary>
    public async Task<LinkEnd> RunAsync(CancellationToken cancellationToken)
    {
        var end = new LinkEnd(LinkEndReason.Lost, "it broke");
        try
        {
            return end = await _socket.RunAsync(Take, cancellationToken);
        }
        finally
        {
            _ended.TrySetResult(end);
            foreach (var call in _open.Values)
            {
                call.TrySetException(Lost(end));
            }

            await _end.CancelAsync();
        }
    }

    /// <summary>Ends it.</summary>
    public void Close(LinkEnd end) => _socket.Close(end);

    /// <summary>Asks, and waits for the reply.</summary>
    /// <exception cref="LinkException">The link was lost, or the gateway failed: nobody knows what became of it.</exception>
    public async Task<TReply> CallAsync<TReply>(Func<long, LinkRequest> request, CancellationToken cancellationToken)
        where TReply : LinkReply
    {
        var id = Interlocked.Increment(ref _lastId);
        var message = request(id);

        // Renewals are few and never wait for others.
        var window = message switch
        {
            LogRequest => _logWindow,
            RenewRequest => null,
            _ => _calls,
        };
        if (window is not null)
        {
            await window.WaitAsync(cancellationToken);
        }

        var answer = new TaskCompletionSource<LinkReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = answer;
        try
        {
            if (_ended.Task.IsCompleted)
            {
                throw Lost(await _ended.Task);
            }

            _socket.Send(message);
            return await answer.Task.WaitAsync(cancellationToken) switch
            {
                TReply reply => reply,
                FailedReply failed => throw new LinkException($"the gateway could not do it: {failed.Reason}"),
                var other => throw new LinkException($"the gateway answered {LinkCodec.NameOf(message)} with {LinkCodec.NameOf(other)}"),
            };
        }
        finally
        {
            _open.TryRemove(id, out _);
            window?.Release();
        }
    }

    /// <summary>Calls that were open still let go of their windows, which hold nothing.</summary>
    public void Dispose() => _socket.Dispose();

    private static LinkException Lost(LinkEnd end) => new($"the link to the gateway was lost: {end.Text}");

    private LinkEnd? Take(LinkMessage message)
    {
        switch (message)
        {
            case PingNotice:
                return null;
            case LinkReply reply:
                // One that nobody waits for any more is late, not wrong.
                if (_open.TryGetValue(reply.Id, out var call))
                {
                    call.TrySetResult(reply);
                }

                return reply.Id > Interlocked.Read(ref _lastId) ? new LinkEnd(LinkEndReason.Unexpected, "an answer to what was not asked") : null;
            case WorkAvailableNotice:
                _agent()?.WorkAvailable();
                return null;
            case CancelNotice cancel:
                _agent()?.Cancel(cancel.Attempt, cancel.Reason);
                return null;
            case DrainNotice:
                _agent()?.Drain();
                return null;
            case RejoinNotice:
                _agent()?.Rejoin();
                return null;
            default:
                return new LinkEnd(LinkEndReason.Unexpected, $"a gateway does not send {LinkCodec.NameOf(message)}");
        }
    }
}
