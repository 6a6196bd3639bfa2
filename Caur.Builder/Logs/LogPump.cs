using Caur.Builder.Timing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Logs;

/// <summary>Opens the attempt's output again from an offset, for bytes that the pump's own window no longer has; null when it cannot.</summary>
internal delegate Task<Stream?> ReopenOutput(long offset, CancellationToken cancellationToken);

/// <summary>Brings one attempt's output to the control plane in order and without loss: chunks of up to 64 KiB, one at a time, sent again
/// until answered, and again from wherever the answer says. A writer waits while the window is full, and so does the container.</summary>
internal sealed partial class LogPump : IAsyncDisposable
{
    private readonly IBuilderSession _session;
    private readonly AttemptRef _attempt;
    private readonly LogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReopenOutput? _reopen;
    private readonly Lock _gate = new();
    private readonly LogWindow _window;
    private readonly Pulse _forSender = new();
    private readonly Pulse _forWriter = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stale = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _sender;
    private long _sequence;
    private long _farAhead;
    private long _firstPending;
    private bool _urgent;
    private bool _completed;
    private int _blockedWriters;

    public LogPump(
        IBuilderSession session, AttemptRef attempt, LogOptions options, TimeProvider time, ILogger logger, ReopenOutput? reopen = null)
    {
        (_session, _attempt, _options, _time, _logger, _reopen) = (session, attempt, options, time, logger, reopen);
        _window = new LogWindow(options.WindowBytes);
        _sender = Task.Run(SendAllAsync);
    }

    /// <summary>Completes when the control plane says that the attempt is not the current one; from then on writes are swallowed.</summary>
    public Task Stale => _stale.Task;

    /// <summary>A writer waits for room: the output stands still because of the way to the control plane, not of the container.</summary>
    public bool IsBlocked => Volatile.Read(ref _blockedWriters) > 0;

    /// <summary>How many bytes were written so far.</summary>
    public long Written
    {
        get
        {
            lock (_gate)
            {
                return _window.End;
            }
        }
    }

    /// <summary>Adds to the output; returns when all of it has its place in the window.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty && !_stale.Task.IsCompleted)
        {
            var room = _forWriter.Next;
            var taken = Take(bytes.Span);
            bytes = bytes[taken..];
            if (taken > 0)
            {
                continue;
            }

            Interlocked.Increment(ref _blockedWriters);
            try
            {
                await room.WaitAsync(cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _blockedWriters);
            }
        }
    }

    /// <summary>Waits until everything written has arrived; nothing may be written afterwards.</summary>
    /// <returns>False when the attempt turned out stale, or the pump was disposed before.</returns>
    public async Task<bool> CompleteAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _completed = _urgent = true;
        }

        _forSender.Set();
        await _sender.WaitAsync(cancellationToken);
        return !_stale.Task.IsCompleted && _window.Pending == 0;
    }

    /// <summary>Gives up what was not sent.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sender;
        _stop.Dispose();
    }

    private int Take(ReadOnlySpan<byte> bytes)
    {
        int taken;
        lock (_gate)
        {
            if (_window.End < _farAhead)
            {
                // The far side had these from the agent that ran before this one.
                taken = (int)Math.Min(bytes.Length, _farAhead - _window.End);
                _window.Skip(taken);
                return taken;
            }

            var before = _window.Pending;
            taken = _window.Append(bytes);
            if (before == 0)
            {
                _firstPending = _time.GetTimestamp();
            }
            else if (before >= LogChunk.MaxBytes || _window.Pending < LogChunk.MaxBytes)
            {
                return taken;
            }
        }

        _forSender.Set();
        return taken;
    }

    private async Task SendAllAsync()
    {
        var backoff = new Backoff(_time);
        try
        {
            while (await NextAsync() is { } chunk)
            {
                var reply = await SendAsync(chunk, backoff);
                if (reply.Status == LogStatus.Stale)
                {
                    EndStale();
                    return;
                }

                if (reply.NextOffset == chunk.Offset)
                {
                    // It asks for what it was just given; without a pause this would spin.
                    await backoff.WaitAsync(_stop.Token);
                    continue;
                }

                if (!await ArrivedAsync(reply.NextOffset, backoff))
                {
                    EndStale();
                    return;
                }
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // Disposed: what was not sent is given up.
        }
        catch (Exception error)
        {
            // Whatever it was, the container must not be left waiting for a pump that has ended.
            LogBroken(_logger, _attempt, error);
            EndStale();
        }
    }

    private void EndStale()
    {
        _stale.TrySetResult();
        _forWriter.Set();
    }

    /// <summary>The next chunk once it is full, its time has come or everything has been written; null after the last.</summary>
    private async Task<LogChunk?> NextAsync()
    {
        while (true)
        {
            var signal = _forSender.Next;
            TimeSpan wait;
            lock (_gate)
            {
                if (_window.Pending == 0)
                {
                    if (_completed)
                    {
                        return null;
                    }

                    wait = Timeout.InfiniteTimeSpan;
                }
                else
                {
                    wait = _urgent || _window.Pending >= LogChunk.MaxBytes
                        ? TimeSpan.Zero
                        : Backoff.Jitter(_options.FlushInterval) - _time.GetElapsedTime(_firstPending);
                    if (wait <= TimeSpan.Zero)
                    {
                        return new LogChunk
                        {
                            Attempt = _attempt,
                            Sequence = _sequence++,
                            Offset = _window.Acknowledged,
                            Bytes = _window.CopyPending(LogChunk.MaxBytes),
                        };
                    }
                }
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            await Task.WhenAny(signal, Task.Delay(wait, _time, waiting.Token));
            _stop.Token.ThrowIfCancellationRequested();
            await waiting.CancelAsync();
        }
    }

    private async Task<LogReply> SendAsync(LogChunk chunk, Backoff backoff)
    {
        while (true)
        {
            try
            {
                using var limit = new CancellationTokenSource(_options.CallTimeout, _time);
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
                var reply = await _session.AppendLogAsync(chunk, linked.Token).WaitAsync(linked.Token);
                if (reply.Status != LogStatus.Gap)
                {
                    backoff.Reset();
                }

                return reply;
            }
            catch (Exception error) when (!_stop.IsCancellationRequested)
            {
                LogNotSent(_logger, _attempt, chunk.Offset, error.Message);
                await backoff.WaitAsync(_stop.Token);
            }
        }
    }

    /// <returns>False when the attempt turned out stale.</returns>
    private async Task<bool> ArrivedAsync(long next, Backoff backoff)
    {
        long start;
        lock (_gate)
        {
            // Bytes that are wanted from before the window come from elsewhere. All of the window counts as pending from here on,
            // so that no writer moves its start meanwhile.
            start = _window.Start;
            _farAhead = Math.Max(_farAhead, next);
            _window.Acknowledge(Math.Clamp(next, start, _window.End));
            if (_window.Pending > 0)
            {
                _firstPending = _time.GetTimestamp();
            }
        }

        var current = next >= start || await RefillAsync(next, start, backoff);
        _forWriter.Set();
        return current;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Log of {Attempt} from {Offset} on could not be sent and is tried again: {Problem}")]
    private static partial void LogNotSent(ILogger logger, AttemptRef attempt, long offset, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Log of {Attempt} got lost on the far side from {From} to {To} and cannot be had again")]
    private static partial void LogLost(ILogger logger, AttemptRef attempt, long from, long to);

    [LoggerMessage(Level = LogLevel.Error, Message = "The log of {Attempt} has broken off")]
    private static partial void LogBroken(ILogger logger, AttemptRef attempt, Exception error);
}
