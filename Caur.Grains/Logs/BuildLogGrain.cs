using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Grains.State;
using Caur.Storage.Logs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Storage;
using Orleans.Utilities;

namespace Caur.Grains.Logs;

/// <summary>The sole appender of one build's log. Only where the current attempt's output starts is grain state; how far it is, the
/// file's length says, so a restart continues where the file ends. The farm's own lines stand only between attempts. When that state
/// cannot be read, the file is continued all the same: neither build nor follower must wait for a log.</summary>
internal sealed partial class BuildLogGrain : Grain, IBuildLogGrain
{
    private readonly BuildLogStore _store;
    private readonly LogInstruments _instruments;
    private readonly ILogger<BuildLogGrain> _logger;
    private readonly ObserverManager<IBuildLogFollower> _followers;
    private ReplaceableRecord<LogState> _state = null!;
    private BuildLogWriter? _writer;
    private BuildId? _id;

    public BuildLogGrain(
        BuildLogStore store,
        TimeProvider clock,
        LogInstruments instruments,
        ILogger<BuildLogGrain> logger)
    {
        _store = store;
        _instruments = instruments;
        _logger = logger;
        _followers = new ObserverManager<IBuildLogFollower>(TimeSpan.FromMinutes(3), logger)
        {
            GetDateTime = () => clock.GetUtcNow().UtcDateTime,
        };
    }

    private BuildId Id => _id ??= BuildId.Parse(this.GetPrimaryKeyString());

    private LogState State => _state.State;

    /// <summary>What the file had at least when the state was written. It is shorter after a power cut only.</summary>
    private long KnownLength => Math.Max(LogHeader.For(Id).Length, State.End ?? State.Start);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _state = new ReplaceableRecord<LogState>(storage, this.GetGrainId(), "log");
        return _state.LoadAsync(damage => LogDamaged(_logger, damage.Record, Id, damage.Error));
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => await CloseAsync();

    public async Task BeginAsync(BuildAttempt attempt)
    {
        if (attempt.Number <= State.Attempt)
        {
            return;
        }

        // Without the file: a full disk must not keep a build from starting.
        var start = Math.Max(KnownLength, _writer?.Length ?? _store.Find(Key())?.Length ?? 0);
        if (start > LogHeader.For(Id).Length)
        {
            await SyncAsync();
        }

        await WriteStateAsync(new LogState { Attempt = attempt.Number, Builder = attempt.Builder, Start = start });
    }

    public async Task<LogAppended> AppendAsync(LogPiece piece)
    {
        if (_state.IsReplaced && State.Attempt == 0)
        {
            await AdoptAsync(piece);
        }

        if (piece.Attempt.Number != State.Attempt || piece.Attempt.Builder != State.Builder || State.Ended)
        {
            return new LogAppended(LogVerdict.Stale, 0);
        }

        var writer = await WriterAsync();
        var before = writer.Length;
        var result = await ClosingOnFailureAsync(() => writer.AppendAsync(State.Start + piece.Offset, piece.Bytes, CancellationToken.None));
        _instruments.OnAppended(result.Length - before);
        switch (result.Status)
        {
            case LogAppendStatus.Appended or LogAppendStatus.AlreadyThere:
                TellFollowers(writer);
                return new LogAppended(LogVerdict.Appended, result.Length - State.Start);
            case LogAppendStatus.Gap:
                return new LogAppended(LogVerdict.Gap, result.Length - State.Start);
            case LogAppendStatus.Superseded:
                // Another activation writes this log. The attempt is no less current for that: who sends again meets the other one.
                DeactivateOnIdle();
                throw new InvalidOperationException($"Another activation writes the log of {Id}");
            default:
                return new LogAppended(LogVerdict.Stale, 0);
        }
    }

    public Task AttachNamcapAsync(BuildAttempt attempt, ReadOnlyMemory<byte> text) =>
        attempt.Number == State.Attempt && attempt.Builder == State.Builder && !State.Ended
            ? _store.AttachNamcapAsync(Key(), text, CancellationToken.None)
            : Task.CompletedTask;

    public async Task EndAsync(int attempt, string line, bool final)
    {
        if (attempt < State.Attempt)
        {
            return;
        }

        var writer = await WriterAsync();
        if (!writer.Finished)
        {
            if (State.End is null)
            {
                await WriteStateAsync(State with { Ended = true, End = writer.Length });
            }

            await SayAsync(writer, line);
            if (!final && State.End != State.Start)
            {
                // Who is told that the attempt has ended forgets its output, if there was any.
                await writer.SyncAsync(CancellationToken.None);
            }
        }

        if (final)
        {
            await writer.CompleteAsync(CancellationToken.None);
            LogFinished(_logger, Id, writer.Length);
        }

        TellFollowers(writer);
        if (final)
        {
            await CloseAsync();
            DeactivateOnIdle();
        }
    }

    public Task<LogPosition> FollowAsync(IBuildLogFollower follower)
    {
        _followers.Subscribe(follower, follower);
        return OpenAsync();
    }

    public async Task<LogPosition> OpenAsync()
    {
        if (_writer is null && _store.Find(Key()) is { } found)
        {
            return new LogPosition(found.Length, found.Finished);
        }

        var writer = await WriterAsync();
        var position = new LogPosition(writer.Length, writer.Finished);
        if (State.Attempt == 0)
        {
            // It may wait for days, and with it thousands of others.
            await CloseAsync();
        }

        return position;
    }

    public Task UnfollowAsync(IBuildLogFollower follower)
    {
        _followers.Unsubscribe(follower);
        return Task.CompletedTask;
    }

    private LogKey Key() => new(Id.Pkgbase, Id.Timestamp, Id.Target.Name, Id.Arch);

    private async Task<BuildLogWriter> WriterAsync()
    {
        if (_writer is not null)
        {
            return _writer;
        }

        var writer = await _store.OpenAsync(Key(), CancellationToken.None);
        try
        {
            var header = LogHeader.For(Id);
            if (writer.Length < header.Length)
            {
                // Also when a crash left half of it.
                await writer.AppendAsync(0, header, CancellationToken.None);
            }

            if (await writer.PadAsync(KnownLength, CancellationToken.None) is > 0 and var lost)
            {
                LogShortened(_logger, Id, lost);
            }
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }

        return _writer = writer;
    }

    /// <summary>Goes on with the attempt that sends, when the record that knew whose turn it was cannot be read. A first attempt starts
    /// behind the header; with a later one some bytes may stand there twice.</summary>
    private async Task AdoptAsync(LogPiece piece)
    {
        var writer = await WriterAsync();
        if (!writer.Finished)
        {
            var first = (long)LogHeader.For(Id).Length;
            var start = piece.Attempt.Number == 1 ? first : Math.Max(first, writer.Length - piece.Offset);
            await WriteStateAsync(new LogState { Attempt = piece.Attempt.Number, Builder = piece.Attempt.Builder, Start = start });
        }
    }

    private async Task CloseAsync()
    {
        if (_writer is { } writer)
        {
            _writer = null;
            await writer.DisposeAsync();
        }
    }

    /// <summary>Says a line of the farm's own behind the attempt's output, or what of it is not there yet.</summary>
    private async Task SayAsync(BuildLogWriter writer, string line)
    {
        var from = State.End ?? writer.Length;
        var said = new byte[writer.Length - from];
        if (said.Length > 0)
        {
            await using var file = _store.OpenRead(Key()) ?? throw new FileNotFoundException($"The log of {Id} is gone");
            file.Position = from;
            await file.ReadExactlyAsync(said);
        }

        await ClosingOnFailureAsync(() => writer.AppendAsync(FarmLines.Missing(said, line), CancellationToken.None));
    }

    /// <summary>A file that could not be written is opened anew by the next call: its length is then known for certain.</summary>
    private async Task<LogAppendResult> ClosingOnFailureAsync(Func<Task<LogAppendResult>> append)
    {
        try
        {
            return await append();
        }
        catch (IOException)
        {
            await CloseAsync();
            throw;
        }
    }

    /// <summary>What stands before an attempt's start is durable before the start is.</summary>
    private async Task SyncAsync()
    {
        try
        {
            await (await WriterAsync()).SyncAsync(CancellationToken.None);
        }
        catch (IOException exception)
        {
            // A log that cannot be written must not stop a build; should a power cut shorten it now, what is missing is marked.
            LogNotSynced(_logger, Id, exception);
        }
    }

    /// <summary>Writes the next state; on a failed write the activation goes, so that memory never stays ahead of storage.</summary>
    private async Task WriteStateAsync(LogState next)
    {
        try
        {
            await _state.WriteAsync(next);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    private void TellFollowers(BuildLogWriter writer)
    {
        if (_followers.Count > 0)
        {
            var position = new LogPosition(writer.Length, writer.Finished);
            _ = _followers.Notify(follower => follower.GrownAsync(Id, position));
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Record {Record} of the log of {Build} cannot be read: the log goes on where its file ends")]
    private static partial void LogDamaged(ILogger logger, string record, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The log of {Build} is finished with {Bytes} bytes")]
    private static partial void LogFinished(ILogger logger, BuildId build, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} had lost its last {Bytes} bytes, which are marked in it")]
    private static partial void LogShortened(ILogger logger, BuildId build, long bytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} could not be synced")]
    private static partial void LogNotSynced(ILogger logger, BuildId build, Exception exception);
}
