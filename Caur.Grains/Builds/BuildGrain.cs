using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Packages;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;
using Caur.Grains.State;
using Caur.Storage.State;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Grains.Builds;

/// <summary>One build: its attempts, its result, what came out. Each call loads, asks <see cref="BuildMachine"/>, writes, then acts.</summary>
internal sealed partial class BuildGrain(
    [PersistentState("build", GrainStorageNames.Farm)] IPersistentState<BuildRecord> record,
    TimeProvider clock,
    ILogger<BuildGrain> logger) : Grain, IBuildGrain, IRemindable
{
    private const string LogReminder = "log";
    private static readonly TimeSpan FirstLogRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestLogRetry = TimeSpan.FromMinutes(5);

    /// <summary>Set while the log does not know yet that the build is over.</summary>
    private IGrainTimer? _logRetry;
    private BuildId? _id;
    private TimeSpan _logPause = FirstLogRetry;

    private BuildId Id => _id ??= BuildId.Parse(this.GetPrimaryKeyString());

    private BuildRecord Record => record.State;

    private IBuildLogGrain Log => GrainFactory.GetGrain<IBuildLogGrain>(this.GetPrimaryKeyString());

    public async Task<BuildStatus> AcceptAsync(BuildRequest request, BuildAttempt attempt)
    {
        var (next, current) = BuildMachine.Accept(Record, request, attempt, clock.GetUtcNow());
        if (current)
        {
            await Task.WhenAll(WriteAsync(next), Log.BeginAsync(attempt));
        }
        else if (Record.State.IsFinal())
        {
            // It ended before, and a crash may have kept others from hearing of it.
            await TellAsync();
        }

        return Status(current);
    }

    public async Task<BuildStatus> UploadingAsync(BuildAttempt attempt)
    {
        await WriteAsync(BuildMachine.Uploading(Record, attempt));
        return Status(Record.IsRunning(attempt));
    }

    public async Task<BuildStatus> CompleteAsync(AttemptReport report, FinalVerdict? verdict)
    {
        var (next, current) = BuildMachine.Complete(Record, report, verdict, clock.GetUtcNow());
        var changed = await WriteAsync(next);

        // The log's last words are those of the record that was just written, whatever the target repository answers meanwhile.
        var told = changed ? TellAsync() : Task.CompletedTask;
        var ordered = current && Record.State == BuildState.Publishing ? OrderPublicationAsync() : Task.CompletedTask;
        await Task.WhenAll(told, ordered);
        return Status(current);
    }

    public async Task<BuildStatus> CloseAsync(BuildRequest request, FinalVerdict verdict)
    {
        if (await WriteAsync(BuildMachine.Close(Record, request, verdict, clock.GetUtcNow())))
        {
            await TellAsync();
        }

        return Status(current: true);
    }

    public async Task PublishedAsync(PublicationNews news)
    {
        if (!await WriteAsync(BuildMachine.Published(Record, news, clock.GetUtcNow())) || !Record.State.IsFinal())
        {
            return;
        }

        await TellAsync();
        await GrainFactory.GetGrain<IBuildQueueGrain>(Id.Arch).FinishedAsync(Id, new FinalVerdict(Record.State, Record.Reason));
    }

    public async Task<BuildStatus> ReconcileAsync()
    {
        if (Record.State == BuildState.Publishing)
        {
            await OrderPublicationAsync();
        }

        if (Record.State.IsFinal())
        {
            await TellAsync();
        }

        return Status(current: true);
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_logRetry is null && Record.State.IsFinal())
        {
            await TellLogAsync();
        }

        if (_logRetry is null && await this.GetReminder(LogReminder) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    public Task<BuildView?> GetAsync()
    {
        if (Record.Request is { } request)
        {
            return Task.FromResult<BuildView?>(View(request));
        }

        // Anybody may ask for any id: none of them stays in memory.
        DeactivateOnIdle();
        return Task.FromResult<BuildView?>(null);
    }

    private BuildView View(BuildRequest request) => new()
    {
        Build = Id,
        Request = request,
        State = Record.State,
        Reason = Record.Reason,
        Attempts = Record.Attempts,
        Archives = Record.Archives,
        Generation = Record.Generation,
        Finished = Record.Finished,
    };

    /// <summary>Gives the order to publish, or gives it again: the target repository knows it by build and attempt.</summary>
    private async Task OrderPublicationAsync()
    {
        var order = new PublishOrder
        {
            Build = Id,
            Attempt = Record.AttemptCount,
            Pkgnames = Record.Request!.Pkgnames,
            Archives = Record.Archives,
            Origin = Origins.Of(Record),
            Trace = Record.Request.Trace,
        };
        try
        {
            var news = await GrainFactory.GetGrain<ITargetRepositoryGrain>(Id.Target.ToString()).PublishAsync(order);
            await WriteAsync(BuildMachine.Published(Record, news, clock.GetUtcNow()));
        }
        catch (Exception exception) when (StateDamage.IsIn(exception))
        {
            // Somebody else's record: this build waits until it is mended, and whoever asks must not take the damage for this one's.
            var news = new PublicationNews { Build = Id, Attempt = order.Attempt, State = PublicationState.Pending, Reason = exception.Message };
            if (await WriteAsync(BuildMachine.Published(Record, news, clock.GetUtcNow())))
            {
                LogNotOrdered(logger, Id, exception);
            }
        }
    }

    /// <summary>Writes the next record; on a failed write the activation is dropped, so that memory never stays ahead of storage.</summary>
    private async Task<bool> WriteAsync(BuildRecord next)
    {
        if (ReferenceEquals(next, Record))
        {
            return false;
        }

        record.State = next;
        try
        {
            await record.WriteStateAsync();
            return true;
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Tells those who listen how the attempt or the build ended. The package is told again whenever the build is asked after its
    /// end, as it is after a restart; what is lost all the same costs an estimate.</summary>
    private Task TellAsync() =>
        BuildNews.For(Id, Record) is { } news ? Task.WhenAll(TellPackageAsync(news), TellLogAsync()) : TellLogAsync();

    private async Task TellPackageAsync(FinishedBuild news)
    {
        try
        {
            var package = new SourcePackage(Record.Request!.SourceRepository, Id.Pkgbase);
            await GrainFactory.GetGrain<IPackageGrain>(package.ToString()).FinishedAsync(news);
        }
        catch (Exception exception)
        {
            LogPackageNotTold(logger, Id, exception);
        }
    }

    /// <summary>The log's last words. A log that cannot be written must not stop a build; one that is not ended would keep its followers
    /// for ever, and so this is tried until it succeeds, more and more seldom.</summary>
    private async Task TellLogAsync()
    {
        try
        {
            await Log.EndAsync(Record.AttemptCount, BuildLogLines.For(Record), Record.State.IsFinal());
        }
        catch (Exception exception)
        {
            LogNotWritten(logger, Id, exception);
            if (Record.State.IsFinal())
            {
                await TellLogLaterAsync();
            }

            return;
        }

        _logRetry?.Dispose();
        _logRetry = null;
        _logPause = FirstLogRetry;
    }

    private async Task TellLogLaterAsync()
    {
        var pause = _logPause;
        _logPause = pause * 2 > LongestLogRetry ? LongestLogRetry : pause * 2;
        if (_logRetry is not null)
        {
            _logRetry.Change(pause, Timeout.InfiniteTimeSpan);
            return;
        }

        _logRetry = this.RegisterGrainTimer(TellLogAsync, new GrainTimerCreationOptions(pause, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        try
        {
            // For the case that this process ends first.
            await this.RegisterOrUpdateReminder(LogReminder, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        }
        catch (Exception exception)
        {
            LogNotReminded(logger, Id, exception);
        }
    }

    private BuildStatus Status(bool current) => new(current, Record.State, Record.AttemptCount, Record.Reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Build} waits for its publication: a record of its target repository cannot be read")]
    private static partial void LogNotOrdered(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} could not be ended")]
    private static partial void LogNotWritten(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No reminder of the log of {Build} could be set; it is tried again while this process lives")]
    private static partial void LogNotReminded(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The package of {Build} could not be told that it ended")]
    private static partial void LogPackageNotTold(ILogger logger, BuildId build, Exception exception);
}
