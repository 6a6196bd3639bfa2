using System.Diagnostics.CodeAnalysis;
using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Api.Link;

/// <summary>What every link of a gateway needs.</summary>
internal sealed record LinkServices(
    LinkRegistry Registry, LinkInstruments Instruments, GatewayAddress Address, IOptions<LinkOptions> Options, TimeProvider Clock, ILogger<BuilderLink> Logger);

/// <summary>The gateway's end of one link: hears the agent's messages, lets its own session answer them, and passes on what that session
/// is told. It believes nothing: the token says for whom the agent may speak, and the session adds the builder to every attempt.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer, and calls that end late still look at it.")]
internal sealed partial class BuilderLink(TokenIdentity token, GrainBuilderSession session, LinkSocket socket, LinkServices services) : IBuilderAgent
{
    private static readonly TimeSpan TellWithin = TimeSpan.FromSeconds(10);

    /// <summary>The ends that are refusals of what the agent sent.</summary>
    public static readonly IReadOnlyList<LinkEndReason> RefusalReasons =
    [
        LinkEndReason.TooLarge, LinkEndReason.Malformed, LinkEndReason.UnknownType, LinkEndReason.OutOfBounds, LinkEndReason.Unexpected, LinkEndReason.TooMany,
        LinkEndReason.NoHello,
    ];

    /// <summary>How often the control plane is told that the agent is there, at most.</summary>
    private static readonly TimeSpan TellAliveEvery = TimeSpan.FromSeconds(4);

    private readonly CancellationTokenSource _ended = new();
    private readonly SemaphoreSlim _hello = new(1);
    private long _toldAlive;
    private int _calls;
    private int _logs;
    private volatile bool _said;
    private volatile bool _joined;
    private volatile bool _left;

    /// <summary>For whom it speaks; null until it has joined.</summary>
    public BuilderId? Builder { get; private set; }

    /// <summary>Runs it to its end, and tells the control plane when the agent did not leave by itself.</summary>
    public async Task<LinkEnd> RunAsync(CancellationToken cancellationToken)
    {
        services.Registry.Add(this);
        services.Instruments.Opened();
        var end = new LinkEnd(LinkEndReason.Lost, "");
        try
        {
            using var late = services.Clock.CreateTimer(
                _ => CloseUnless(_said, new LinkEnd(LinkEndReason.NoHello, $"no hello came within {LinkProtocol.HelloWithin.TotalSeconds:0} s")),
                null, LinkProtocol.HelloWithin, Timeout.InfiniteTimeSpan);
            return end = await socket.RunAsync(Take, cancellationToken);
        }
        finally
        {
            await _ended.CancelAsync();
            services.Registry.Remove(this);
            services.Instruments.Ended(end);
            if (RefusalReasons.Contains(end.Reason))
            {
                services.Instruments.Refused(end.Name);
            }

            if (Builder is { } builder)
            {
                LogEnded(services.Logger, builder, end.Name, end.Text);
            }

            await TellLossAsync();
            session.Forget();
        }
    }

    /// <summary>Ends it.</summary>
    public void Close(LinkEnd end) => socket.Close(end);

    void IBuilderAgent.WorkAvailable() => socket.Send(new WorkAvailableNotice());

    void IBuilderAgent.Cancel(AttemptRef attempt, string reason) => socket.Send(new CancelNotice(attempt, Cut(reason)));

    void IBuilderAgent.Drain() => socket.Send(new DrainNotice());

    void IBuilderAgent.Rejoin() => socket.Send(new RejoinNotice());

    private static string Cut(string text) => text.Length <= LinkProtocol.MaxMessage ? text : text[..LinkProtocol.MaxMessage];

    private void CloseUnless(bool done, LinkEnd end)
    {
        if (!done)
        {
            Close(end);
        }
    }

    private LinkEnd? Take(LinkMessage message)
    {
        TellAlive();
        switch (message)
        {
            case PingNotice:
                return null;
            case not LinkRequest:
                return new LinkEnd(LinkEndReason.Unexpected, $"an agent does not send {LinkCodec.NameOf(message)}");
            case not HelloRequest when !_joined:
                return new LinkEnd(LinkEndReason.Unexpected, $"hello comes before {LinkCodec.NameOf(message)}, and its answer too");
        }

        var request = (LinkRequest)message;
        var isLog = request is LogRequest;
        if (Interlocked.Increment(ref _calls) > LinkProtocol.MaxCalls || (isLog && Interlocked.Increment(ref _logs) > 2 * LinkProtocol.LogWindow))
        {
            return new LinkEnd(LinkEndReason.TooMany, "more requests are open than may be");
        }

        _said = true;
        _ = AnswerAsync(request, isLog);
        return null;
    }

    /// <summary>An agent is there for as long as it says anything at all. Called for one message at a time.</summary>
    private void TellAlive()
    {
        if (_joined && (_toldAlive == 0 || services.Clock.GetElapsedTime(_toldAlive) >= TellAliveEvery))
        {
            _toldAlive = services.Clock.GetTimestamp();
            _ = session.AliveAsync();
        }
    }

    private async Task AnswerAsync(LinkRequest request, bool isLog)
    {
        LinkReply reply;
        try
        {
            reply = await AskAsync(request);
        }
        catch (Exception error)
        {
            if (!_ended.IsCancellationRequested)
            {
                LogFailed(services.Logger, Builder, LinkCodec.NameOf(request), error);
            }

            // What it says may name what is none of the builder's business.
            reply = new FailedReply("the farm failed, and its log says why") { Id = request.Id };
        }

        // Open until the agent can have its reply: one that asks and does not listen gets to its bounds.
        socket.Send(reply, () =>
        {
            Interlocked.Decrement(ref _calls);
            if (isLog)
            {
                Interlocked.Decrement(ref _logs);
            }
        });
        if (reply is WelcomeReply { Reply: { Accepted: false } refused })
        {
            Close(new LinkEnd(LinkEndReason.Refused, refused.Reason ?? ""));
        }
        else if (request is GoodbyeRequest && reply is AnswerReply)
        {
            Close(new LinkEnd(LinkEndReason.Goodbye, "the agent said goodbye"));
        }
    }

    private async Task<LinkReply> AskAsync(LinkRequest request)
    {
        var ended = _ended.Token;
        switch (request)
        {
            case HelloRequest hello:
                return new WelcomeReply(await HelloAsync(hello.Hello, ended))
                {
                    Id = request.Id,
                    OwnAddress = services.Address.OnThisMachine,
                    Sftp = services.Options.Value.Sftp,
                };
            case TakeRequest take:
                return new OrdersReply(await TakeAsync(take.Free, ended)) { Id = request.Id };
            case AcceptRequest accept:
                return Answer(await session.AcceptAsync(accept.Attempt, ended));
            case RenewRequest renew:
                var renewed = await session.RenewAsync(renew.Running, ended);
                Count(renewed.Lost.Count);
                return new RenewedReply(renewed) { Id = request.Id };
            case ProgressRequest progress:
                return Answer(await session.ProgressAsync(progress.Attempt, progress.Step, ended));
            case LogRequest log:
                var stored = await session.AppendLogAsync(log.Chunk, ended);
                Count(stored.Status == LogStatus.Stale ? 1 : 0);
                return new LogStoredReply(stored.Status, stored.NextOffset) { Id = request.Id };
            case CompleteRequest complete:
                return Answer(await session.CompleteAsync(complete.Result, ended));
            case GoodbyeRequest:
                await session.GoodbyeAsync(ended);
                _left = true;
                return new AnswerReply(true) { Id = request.Id };
            default:
                throw new InvalidOperationException($"nobody answers {LinkCodec.NameOf(request)}");
        }

        AnswerReply Answer(bool yes)
        {
            Count(yes ? 0 : 1);
            return new AnswerReply(yes) { Id = request.Id };
        }

        void Count(int stale)
        {
            for (; stale > 0; stale--)
            {
                services.Instruments.Refused(LinkInstruments.Stale);
            }
        }
    }

    /// <summary>One at a time: the second of two that come at once is judged by what the first made of the link.</summary>
    private async Task<HelloReply> HelloAsync(BuilderHello hello, CancellationToken cancellationToken)
    {
        await _hello.WaitAsync(cancellationToken);
        try
        {
            return await JoinAsync(hello, cancellationToken);
        }
        finally
        {
            _hello.Release();
        }
    }

    private async Task<HelloReply> JoinAsync(BuilderHello hello, CancellationToken cancellationToken)
    {
        var problem = hello.Name != token.Name ? $"this token speaks for the builder {token.Name}, not for {Shown(hello.Name)} (BUILDER_HOSTNAME)"
            : Builder is { } known && known.Instance != hello.Instance ? "a link speaks for one instance"
            : BuilderClasses.Problem(hello.Class) is { } wrong ? $"its class cannot be: {wrong}"
            : null;
        if (problem is not null)
        {
            services.Instruments.Refused(LinkInstruments.WrongName);
            return new HelloReply { Accepted = false, Reason = problem };
        }

        var reply = await session.HelloAsync(hello, this, cancellationToken);
        if (!reply.Accepted)
        {
            services.Instruments.Refused(LinkInstruments.NotJoined);
            return reply;
        }

        Builder = new BuilderId(hello.Name, hello.Instance);
        services.Registry.Joined(Builder.Value, this);
        _joined = true;
        return reply;
    }

    private async Task<IReadOnlyList<BuildOrder>> TakeAsync(int free, CancellationToken cancellationToken)
    {
        var fitting = new List<BuildOrder>();
        foreach (var order in await session.TakeAsync(Math.Min(free, LinkProtocol.MaxOrders), cancellationToken))
        {
            if (LinkCodec.Problem(order) is not { } problem)
            {
                fitting.Add(order);
                continue;
            }

            // It would come again and again: it counts as an attempt, so that it ends with its reason.
            LogNoOrder(services.Logger, order.Attempt, problem);
            if (await session.AcceptAsync(order.Attempt, cancellationToken))
            {
                await session.CompleteAsync(
                    new AttemptResult
                    {
                        Attempt = order.Attempt,
                        Outcome = AttemptOutcome.SystemError,
                        Message = $"The order does not go over a builder link: {problem}",
                        Finished = services.Clock.GetUtcNow(),
                    },
                    cancellationToken);
            }
        }

        return fitting;
    }

    private async Task TellLossAsync()
    {
        if (_left)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(TellWithin, services.Clock);
            await session.LostAsync(limit.Token);
        }
        catch (Exception error)
        {
            // The leases end by themselves.
            LogNotTold(services.Logger, Builder, error);
        }
    }

    private static string Shown(string text) => new([.. (text.Length > 80 ? text[..80] + "..." : text).Select(c => char.IsControl(c) ? '?' : c)]);

    [LoggerMessage(Level = LogLevel.Information, Message = "The link of builder {Builder} has ended ({Reason}): {Text}")]
    private static partial void LogEnded(ILogger logger, BuilderId builder, string reason, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Builder {Builder} could not be answered its {Message}")]
    private static partial void LogFailed(ILogger logger, BuilderId? builder, string message, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The order of {Attempt} does not go over a link: {Problem}")]
    private static partial void LogNoOrder(ILogger logger, AttemptRef attempt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The control plane could not be told that the link of {Builder} is lost")]
    private static partial void LogNotTold(ILogger logger, BuilderId? builder, Exception error);
}
