using System.Diagnostics.CodeAnalysis;
using Caur.Builder.Timing;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>The near end of a builder link: keeps one outbound connection to a gateway, makes it anew when it is lost, joins again by
/// itself with what still runs, and lets calls wait for that as long as they may.</summary>
[SuppressMessage("Design", "CA1001", Justification = "DisposeAsync disposes of them.")]
internal sealed partial class LinkSession : IBuilderSession, IAsyncDisposable
{
    private static readonly TimeSpan MostBackoff = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HelloLimit = TimeSpan.FromSeconds(30);

    private readonly LinkAgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LinkDialer _dialer;
    private readonly ArchiveSender _archives;
    private readonly CancellationTokenSource _stop = new();
    private readonly Pulse _wanted = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource<LinkChannel> _connected = NewTurn();
    private TaskCompletionSource<LinkChannel> _joined = NewTurn();
    private (BuilderHello Hello, IBuilderAgent Agent)? _last;
    private LinkChannel? _current;
    private IBuilderAgent? _agent;
    private volatile SftpServer? _sftp;
    private int _hellos;
    private Task? _keeping;

    public LinkSession(LinkAgentOptions options, TimeProvider time, ILogger<LinkSession> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _dialer = new LinkDialer(options, time);
        var carried = options.Carrier is { } carrier ? new CarriedUpload(new UploadCalls(_dialer, options, time), carrier, () => _sftp, options, time, logger) : null;
        _archives = new ArchiveSender(_dialer, options, time, () => _last?.Hello, carried);
    }

    /// <inheritdoc/>
    public async Task<HelloReply> HelloAsync(BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken)
    {
        Task<LinkChannel> connected;
        lock (_gate)
        {
            _agent = agent;
            _hellos++;
            _keeping ??= Task.Run(() => KeepAsync(_stop.Token), CancellationToken.None);
            connected = _connected.Task;
        }

        _wanted.Set();
        try
        {
            // A connection that cannot be made is the answer to a hello, which then says why; other calls wait.
            return await JoinAsync(await connected.WaitAsync(cancellationToken), hello, agent, cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                _hellos--;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BuildOrder>> TakeAsync(int freeSlots, CancellationToken cancellationToken)
    {
        var channel = await JoinedAsync(cancellationToken);
        var reply = await channel.CallAsync<OrdersReply>(id => new TakeRequest(Math.Min(freeSlots, LinkProtocol.MaxOrders)) { Id = id }, cancellationToken);
        return [.. reply.Orders.Select(order => OwnAddress.Put(order, channel.OwnAddress, _options.Gateway))];
    }

    /// <inheritdoc/>
    public async Task<bool> AcceptAsync(AttemptRef attempt, CancellationToken cancellationToken) =>
        (await CallAsync<AnswerReply>(id => new AcceptRequest(attempt) { Id = id }, cancellationToken)).Yes;

    /// <inheritdoc/>
    public async Task<RenewReply> RenewAsync(IReadOnlyList<AttemptRef> running, CancellationToken cancellationToken) =>
        (await CallAsync<RenewedReply>(id => new RenewRequest(running) { Id = id }, cancellationToken)).Reply;

    /// <inheritdoc/>
    public async Task<bool> ProgressAsync(AttemptRef attempt, AttemptStep step, CancellationToken cancellationToken) =>
        (await CallAsync<AnswerReply>(id => new ProgressRequest(attempt, step) { Id = id }, cancellationToken)).Yes;

    /// <inheritdoc/>
    public async Task<LogReply> AppendLogAsync(LogChunk chunk, CancellationToken cancellationToken)
    {
        // In pieces, so that what is urgent waits for one of them at most.
        var at = 0;
        while (true)
        {
            var piece = chunk with
            {
                Offset = chunk.Offset + at,
                Bytes = chunk.Bytes.Slice(at, Math.Min(LinkProtocol.MaxLogBytes, chunk.Bytes.Length - at)),
            };
            var reply = await CallAsync<LogStoredReply>(id => new LogRequest(piece) { Id = id }, cancellationToken);
            at += piece.Bytes.Length;
            if (at >= chunk.Bytes.Length || reply.Status != LogStatus.Appended || reply.NextOffset != chunk.Offset + at)
            {
                return new LogReply(reply.Status, reply.NextOffset);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<UploadReply> UploadAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken)
    {
        var channel = await JoinedAsync(cancellationToken);
        return await _archives.SendAsync(attempt, archive, open, channel.Ended, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> CompleteAsync(AttemptResult result, CancellationToken cancellationToken)
    {
        var sent = result.Message.Length <= LinkProtocol.MaxMessage ? result : result with { Message = result.Message[..(LinkProtocol.MaxMessage - 3)] + "..." };
        return (await CallAsync<AnswerReply>(id => new CompleteRequest(sent) { Id = id }, cancellationToken)).Yes;
    }

    /// <inheritdoc/>
    public async Task GoodbyeAsync(CancellationToken cancellationToken)
    {
        var channel = await JoinedAsync(cancellationToken);
        await channel.CallAsync<AnswerReply>(id => new GoodbyeRequest { Id = id }, cancellationToken);
        lock (_gate)
        {
            _last = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_keeping is { } keeping)
        {
            await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _dialer.Dispose();
        _stop.Dispose();
    }

    private static TaskCompletionSource<LinkChannel> NewTurn()
    {
        var turn = new TaskCompletionSource<LinkChannel>(TaskCreationOptions.RunContinuationsAsynchronously);

        // Nobody need wait for it.
        _ = turn.Task.ContinueWith(static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return turn;
    }

    private async Task<TReply> CallAsync<TReply>(Func<long, LinkRequest> request, CancellationToken cancellationToken)
        where TReply : LinkReply =>
        await (await JoinedAsync(cancellationToken)).CallAsync<TReply>(request, cancellationToken);

    private Task<LinkChannel> JoinedAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _joined.Task.WaitAsync(cancellationToken);
        }
    }

    private async Task<HelloReply> JoinAsync(LinkChannel channel, BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken)
    {
        var welcome = await channel.CallAsync<WelcomeReply>(id => new HelloRequest(hello) { Id = id }, cancellationToken);
        lock (_gate)
        {
            _last = welcome.Reply.Accepted ? (hello, agent) : null;
            channel.OwnAddress = welcome.OwnAddress;
            _sftp = welcome.Sftp;
            if (ReferenceEquals(_current, channel))
            {
                if (welcome.Reply.Accepted)
                {
                    _joined.TrySetResult(channel);
                }
                else
                {
                    // The gateway closes it now: the next hello goes over another one.
                    _current = null;
                    _connected = NewTurn();
                }
            }
        }

        return welcome.Reply;
    }

    /// <summary>Keeps a connection for as long as somebody wants one.</summary>
    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(_time, MostBackoff);
        while (!cancellationToken.IsCancellationRequested)
        {
            await UntilWantedAsync(cancellationToken);
            try
            {
                using var channel = new LinkChannel(await _dialer.ConnectAsync(cancellationToken), () => _agent, _time);
                var (end, hasJoined) = await RunAsync(channel, cancellationToken);
                LogEnded(_logger, end.Name, end.Text);
                if (hasJoined)
                {
                    backoff.Reset();
                }

                if (end.Reason == LinkEndReason.Silent)
                {
                    _options.NoAnswer?.Invoke();
                }
            }
            catch (LinkException error)
            {
                LogNotConnected(_logger, error.Message);
                FailHellos(error);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                // A bug must not leave a builder without its link for ever.
                LogBroke(_logger, error);
                FailHellos(error);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    private async Task UntilWantedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var wanted = _wanted.Next;
            lock (_gate)
            {
                if (_hellos > 0 || _last is not null)
                {
                    return;
                }
            }

            await wanted.WaitAsync(cancellationToken);
        }
    }

    private void FailHellos(Exception error)
    {
        lock (_gate)
        {
            _connected.TrySetException(error);
            _connected = NewTurn();
        }
    }

    private async Task<(LinkEnd End, bool HasJoined)> RunAsync(LinkChannel channel, CancellationToken cancellationToken)
    {
        using var closing = cancellationToken.Register(() => channel.Close(new LinkEnd(LinkEndReason.GoingAway, "the agent ends")));
        var running = channel.RunAsync(CancellationToken.None);
        (BuilderHello Hello, IBuilderAgent Agent)? again;
        lock (_gate)
        {
            _current = channel;
            _connected.TrySetResult(channel);
            again = _hellos == 0 ? _last : null;
        }

        LogConnected(_logger, _options.Gateway);
        var rejoining = again is var (hello, agent) ? RejoinAsync(channel, hello, agent, cancellationToken) : Task.CompletedTask;
        try
        {
            var end = await running;
            lock (_gate)
            {
                return (end, _joined.Task.IsCompleted);
            }
        }
        finally
        {
            await rejoining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate)
            {
                _current = null;
                _connected = _connected.Task.IsCompleted ? NewTurn() : _connected;
                _joined = _joined.Task.IsCompleted ? NewTurn() : _joined;
            }
        }
    }

    /// <summary>Joins again with what runs now, so that calls need not wait for the agent's own hello, which may itself wait for one of
    /// them. The agent is asked for one all the same: it has to hear what of that is not current, and whether it drains.</summary>
    private async Task RejoinAsync(LinkChannel channel, BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(HelloLimit, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var reply = await JoinAsync(channel, hello with { Running = agent.Running }, agent, linked.Token);
            if (!reply.Accepted)
            {
                LogRefused(_logger, reply.Reason ?? "");
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            channel.Close(new LinkEnd(LinkEndReason.Lost, $"the hello was not answered: {error.Message}"));
        }

        agent.Rejoin();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The link to {Gateway} is open")]
    private static partial void LogConnected(ILogger logger, Uri gateway);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The link has ended ({Reason}): {Text}")]
    private static partial void LogEnded(ILogger logger, string reason, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No link: {Problem}")]
    private static partial void LogNotConnected(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The gateway refuses this builder: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The link broke")]
    private static partial void LogBroke(ILogger logger, Exception error);
}
