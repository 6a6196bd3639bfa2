using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Protocol.Builders;
using Caur.Storage.Landing;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Caur.Api.Builders;

/// <summary>A builder session that speaks to the grains: the near end for an agent in this process, the far end of a link for others.
/// It says for the agent only what is the agent's: every call carries the builder it joined as.</summary>
public sealed partial class GrainBuilderSession(
    IGrainFactory grains, OrderFactory orders, LandingZone landing, TimeProvider clock, ILogger<GrainBuilderSession> logger)
    : IBuilderSession, IBuilderSessionObserver
{
    private readonly Guid _session = Guid.NewGuid();
    private IBuilderSessionObserver? _reference;
    private IBuilderAgent? _agent;
    private BuilderId? _id;

    private BuilderId Id => _id ?? throw new InvalidOperationException("The session has not said hello");

    private IBuilderGrain Grain => grains.GetGrain<IBuilderGrain>(Id.ToString());

    /// <inheritdoc/>
    public async Task<HelloReply> HelloAsync(BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken)
    {
        if (!Names.IsValid(hello.Name) || !Names.IsValid(hello.Instance))
        {
            return new HelloReply
            {
                Accepted = false,
                Reason = $"'{BuilderWords.OneLine(hello.Name)}/{BuilderWords.OneLine(hello.Instance)}' is no name for a builder: letters, digits and @ . _ + - are allowed",
            };
        }

        if (BuilderWords.Problem(hello) is { } problem)
        {
            return new HelloReply { Accepted = false, Reason = problem };
        }

        _agent = agent;
        _id = new BuilderId(hello.Name, hello.Instance);
        _reference ??= grains.CreateObjectReference<IBuilderSessionObserver>(this);
        var join = new BuilderJoin
        {
            Session = _session,
            BootId = hello.BootId,
            Profile = new BuilderProfile
            {
                Builder = Id,
                Class = hello.Class,
                Slots = hello.Slots,
                Labels = [.. hello.Labels],
                MemoryMiB = hello.MemoryMiB,
                DiskMiB = hello.DiskMiB,
                Problem = BuilderWords.OneLine(hello.Problem),
                Architectures = [.. hello.Architectures],
            },
            Running = [.. hello.Running.Select(TryAttempt).OfType<BuildAttempt>()],
        };
        var reply = await Grain.JoinAsync(join, _reference).WaitAsync(cancellationToken);
        return new HelloReply
        {
            Accepted = reply.Accepted,
            Reason = reply.Reason,
            Lease = reply.Lease,
            RenewEvery = JoinReply.RenewEvery(reply.Lease),
            Current = [.. reply.Current.Select(Ref)],
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BuildOrder>> TakeAsync(int freeSlots, CancellationToken cancellationToken)
    {
        var offers = await Grain.TakeAsync(_session, freeSlots).WaitAsync(cancellationToken);
        var made = new List<BuildOrder>(offers.Length);
        foreach (var (offer, order, problem) in await orders.CreateAsync(offers, cancellationToken))
        {
            if (order is not null)
            {
                made.Add(order);
            }
            else if (problem is not null)
            {
                LogNoOrder(logger, offer.Attempt.Build, problem);
                await RefuseAsync(offer.Attempt, problem.Message, cancellationToken);
            }
        }

        return made;
    }

    /// <inheritdoc/>
    public async Task<bool> AcceptAsync(AttemptRef attempt, CancellationToken cancellationToken) =>
        TryAttempt(attempt) is { } own && await Grain.AcceptAsync(_session, own).WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<RenewReply> RenewAsync(IReadOnlyList<AttemptRef> running, CancellationToken cancellationToken)
    {
        var attempts = running.Select(TryAttempt).OfType<BuildAttempt>().ToImmutableArray();
        var result = await Grain.RenewAsync(_session, _reference!, attempts).WaitAsync(cancellationToken);
        return new RenewReply(result.Known, [.. result.Lost.Select(Ref)], [.. result.Cancelled.Select(Ref)]);
    }

    /// <inheritdoc/>
    public async Task<bool> ProgressAsync(AttemptRef attempt, AttemptStep step, CancellationToken cancellationToken) =>
        TryAttempt(attempt) is { } own
        && (step == AttemptStep.Uploading
            ? await SayAsync(own, () => Grain.UploadingAsync(_session, own), cancellationToken)
            : await Grain.StandingAsync(own).WaitAsync(cancellationToken) != AttemptStanding.Stale);

    /// <inheritdoc/>
    public async Task<LogReply> AppendLogAsync(LogChunk chunk, CancellationToken cancellationToken)
    {
        if (TryAttempt(chunk.Attempt) is not { } own || chunk.Bytes.Length > LogChunk.MaxBytes || chunk.Offset < 0)
        {
            return new LogReply(LogStatus.Stale, 0);
        }

        var log = grains.GetGrain<IBuildLogGrain>(chunk.Attempt.Build);
        var reply = await log.AppendAsync(new LogPiece { Attempt = own, Offset = chunk.Offset, Bytes = chunk.Bytes })
            .WaitAsync(cancellationToken);
        return new LogReply(
            reply.Verdict switch
            {
                LogVerdict.Appended => LogStatus.Appended,
                LogVerdict.Gap => LogStatus.Gap,
                _ => LogStatus.Stale,
            },
            reply.NextOffset);
    }

    /// <inheritdoc/>
    public async Task<UploadReply> UploadAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken)
    {
        if (TryAttempt(attempt) is not { } own || !await SayAsync(own, () => Grain.UploadingAsync(_session, own), cancellationToken))
        {
            return new UploadReply { Stored = false, Stale = true, Reason = "the attempt is not this builder's" };
        }

        await using var content = await open(cancellationToken);
        var result = await landing.StoreAsync(
            attempt.Build, attempt.Number, archive.FileName, archive.Size, archive.Sha256, content, cancellationToken);
        return new UploadReply
        {
            Stored = result.IsThere,
            NoRoom = result.Status == LandingStatus.NoSpace,
            Reason = result.IsThere ? null : result.Text,
        };
    }

    /// <inheritdoc/>
    public async Task<bool> CompleteAsync(AttemptResult result, CancellationToken cancellationToken)
    {
        if (TryAttempt(result.Attempt) is not { } own)
        {
            return false;
        }

        if (result.Namcap is { Length: > 0 } namcap)
        {
            await AttachNamcapAsync(own, namcap, cancellationToken);
        }

        return await SayAsync(own, () => Grain.CompleteAsync(_session, AttemptReports.From(result, own)), cancellationToken);
    }

    /// <summary>What is only nice to know must not keep a result from being taken.</summary>
    private async Task AttachNamcapAsync(BuildAttempt attempt, string namcap, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IBuildLogGrain>(attempt.Build.ToString()).AttachNamcapAsync(attempt, Encoding.UTF8.GetBytes(namcap))
                .WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            LogNamcapLost(logger, attempt.Build, error.Message);
        }
    }

    /// <inheritdoc/>
    public Task GoodbyeAsync(CancellationToken cancellationToken) =>
        _id is null ? Task.CompletedTask : Grain.LeaveAsync(_session).WaitAsync(cancellationToken);

    /// <summary>The agent was heard of. Of one that has not joined nothing happens.</summary>
    public Task AliveAsync() => _id is null ? Task.CompletedTask : Grain.AliveAsync(_session);

    /// <summary>The agent cannot be reached any more: the control plane is told, and this session is at its end. What the agent runs stays its
    /// own until its leases end.</summary>
    public async Task LostAsync(CancellationToken cancellationToken)
    {
        if (_id is not null)
        {
            await Grain.LinkLostAsync(_session).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Lets go of what the control plane calls this session by.</summary>
    public void Forget()
    {
        _agent = null;
        if (Interlocked.Exchange(ref _reference, null) is { } reference)
        {
            grains.DeleteObjectReference<IBuilderSessionObserver>(reference);
        }
    }

    Task IBuilderSessionObserver.WorkAvailableAsync()
    {
        _agent?.WorkAvailable();
        return Task.CompletedTask;
    }

    Task IBuilderSessionObserver.CancelAsync(BuildAttempt attempt, string reason)
    {
        _agent?.Cancel(Ref(attempt), reason);
        return Task.CompletedTask;
    }

    Task IBuilderSessionObserver.DrainAsync()
    {
        _agent?.Drain();
        return Task.CompletedTask;
    }

    Task IBuilderSessionObserver.ResumeAsync()
    {
        _agent?.Rejoin();
        return Task.CompletedTask;
    }

    /// <summary>Says something of an attempt. A builder's grain that begins anew, as after a write that failed, knows no session: its no is none,
    /// and the agent, told to say hello, says this again.</summary>
    /// <returns>False when the attempt is stale.</returns>
    /// <exception cref="InvalidOperationException">The session has to join again first.</exception>
    private async Task<bool> SayAsync(BuildAttempt attempt, Func<Task<bool>> say, CancellationToken cancellationToken)
    {
        if (await say().WaitAsync(cancellationToken))
        {
            return true;
        }

        if (await Grain.StandingAsync(attempt).WaitAsync(cancellationToken) != AttemptStanding.Unknown)
        {
            return false;
        }

        _agent?.Rejoin();
        throw new InvalidOperationException($"The farm does not know the session of {Id} any more: it has to join again");
    }

    /// <summary>An offer for which no order can be made would come again and again, before all others: it counts as a lost attempt, so that
    /// it rests, and ends with its reason when that does not help.</summary>
    private async Task RefuseAsync(BuildAttempt attempt, string problem, CancellationToken cancellationToken)
    {
        if (await Grain.AcceptAsync(_session, attempt).WaitAsync(cancellationToken))
        {
            await Grain.CompleteAsync(_session, new AttemptReport
            {
                Attempt = attempt,
                End = AttemptEnd.SystemError,
                Message = $"no order could be made for a builder: {problem}",
                Finished = clock.GetUtcNow(),
            }).WaitAsync(cancellationToken);
        }
    }

    private static AttemptRef Ref(BuildAttempt attempt) => new(attempt.Build.ToString(), attempt.Number);

    /// <summary>What an agent names is this builder's own attempt, or none.</summary>
    private BuildAttempt? TryAttempt(AttemptRef attempt) =>
        attempt.Number > 0 && BuildId.TryParse(attempt.Build, CultureInfo.InvariantCulture, out var build)
            ? new BuildAttempt(build, attempt.Number, Id)
            : null;

    [LoggerMessage(Level = LogLevel.Warning, Message = "What namcap says of {Build} could not be kept: {Problem}")]
    private static partial void LogNamcapLost(ILogger logger, BuildId build, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "No order could be made for {Build}")]
    private static partial void LogNoOrder(ILogger logger, BuildId build, Exception exception);
}
