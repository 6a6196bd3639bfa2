using System.Text;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Grains.State;
using Caur.Storage.Logs;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Utilities;

namespace Caur.Grains.Logs;

/// <summary>The sole appender of one build's log. Only where the current attempt's output starts is grain state; how far it is, the
/// file's length says, so a restart continues where the file ends. The farm's own lines stand only between attempts.</summary>
internal sealed partial class BuildLogGrain : Grain, IBuildLogGrain
{
    private readonly IPersistentState<LogState> _state;
    private readonly BuildLogStore _store;
    private readonly LogInstruments _instruments;
    private readonly ILogger<BuildLogGrain> _logger;
    private readonly ObserverManager<IBuildLogFollower> _followers;
    private BuildLogWriter? _writer;

    public BuildLogGrain(
        [PersistentState("log", GrainStorageNames.Farm)] IPersistentState<LogState> state,
        BuildLogStore store,
        TimeProvider clock,
        LogInstruments instruments,
        ILogger<BuildLogGrain> logger)
    {
        _state = state;
        _store = store;
        _instruments = instruments;
        _logger = logger;
        _followers = new ObserverManager<IBuildLogFollower>(TimeSpan.FromMinutes(3), logger)
        {
            GetDateTime = () => clock.GetUtcNow().UtcDateTime,
        };
    }

    private BuildId Id => BuildId.Parse(this.GetPrimaryKeyString());

    private LogState State => _state.State;

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
        }
    }

    public async Task BeginAsync(BuildAttempt attempt)
    {
        if (attempt.Number <= State.Attempt)
        {
            return;
        }

        var writer = await WriterAsync();
        _state.State = new LogState { Attempt = attempt.Number, Builder = attempt.Builder, Start = writer.Length };
        await _state.WriteStateAsync();
    }

    public async Task<LogAppended> AppendAsync(LogPiece piece)
    {
        if (piece.Attempt.Number != State.Attempt || piece.Attempt.Builder != State.Builder || State.Ended)
        {
            return new LogAppended(LogVerdict.Stale, 0);
        }

        var writer = await WriterAsync();
        var before = writer.Length;
        var result = await writer.AppendAsync(State.Start + piece.Offset, piece.Bytes, CancellationToken.None);
        _instruments.OnAppended(result.Length - before);
        switch (result.Status)
        {
            case LogAppendStatus.Appended or LogAppendStatus.AlreadyThere:
                TellFollowers(writer);
                return new LogAppended(LogVerdict.Appended, result.Length - State.Start);
            case LogAppendStatus.Gap:
                return new LogAppended(LogVerdict.Gap, result.Length - State.Start);
            case LogAppendStatus.Superseded:
                // Another activation writes this log: this one has no business any more.
                DeactivateOnIdle();
                return new LogAppended(LogVerdict.Stale, 0);
            default:
                return new LogAppended(LogVerdict.Stale, 0);
        }
    }

    public async Task EndAsync(int attempt, string line, bool final)
    {
        if (attempt < State.Attempt)
        {
            return;
        }

        var writer = await WriterAsync();
        if (!State.Ended)
        {
            _state.State = State with { Ended = true };
            await _state.WriteStateAsync();
        }

        if (!writer.Finished)
        {
            await writer.AppendAsync(Encoding.UTF8.GetBytes($"{line}\r\n"), CancellationToken.None);
        }

        if (final)
        {
            await writer.CompleteAsync(CancellationToken.None);
            LogFinished(_logger, Id, writer.Length);
        }

        TellFollowers(writer);
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
        return new LogPosition(writer.Length, writer.Finished);
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

        _writer = await _store.OpenAsync(Key(), CancellationToken.None);
        var header = LogHeader.For(Id);
        if (_writer.Length < header.Length)
        {
            // Also when a crash left half of it.
            await _writer.AppendAsync(0, header, CancellationToken.None);
        }

        return _writer;
    }

    private void TellFollowers(BuildLogWriter writer)
    {
        if (_followers.Count > 0)
        {
            var position = new LogPosition(writer.Length, writer.Finished);
            _ = _followers.Notify(follower => follower.GrownAsync(Id, position));
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The log of {Build} is finished with {Bytes} bytes")]
    private static partial void LogFinished(ILogger logger, BuildId build, long bytes);
}
