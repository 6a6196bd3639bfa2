using Caur.Builder.Engines;
using Caur.Builder.Logs;
using Caur.Builder.Timing;
using Caur.Builder.Tracing;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>One attempt from its order to its result.</summary>
internal sealed partial class AttemptRun : IAsyncDisposable
{
    private const int RemovalTries = 4;

    private readonly AttemptServices _services;
    private readonly BuilderOptions _options;
    private readonly BuildOrder _order;
    private readonly AttemptControl _control;
    private readonly Action _free;
    private readonly AttemptSession _session;
    private readonly AttemptFolder _folder;
    private readonly LogPump _pump;
    private readonly AttemptLog _log;
    private readonly string _containerName;
    private readonly TimeSpan _timeout;
    private readonly int _skipCode;
    private string? _containerId;
    private string? _imageDigest;
    private DateTimeOffset? _started;
    private (long Since, TimeSpan Before) _run;
    private int? _exitCode;
    private IReadOnlyList<ArchiveInfo> _archives = [];
    private string? _namcap;

    /// <summary>Prepares it.</summary>
    /// <param name="services">What attempts share.</param>
    /// <param name="order">What to do.</param>
    /// <param name="control">By which others end it.</param>
    /// <param name="free">Called when its slot is free, which may be long before the end.</param>
    public AttemptRun(AttemptServices services, BuildOrder order, AttemptControl control, Action free)
    {
        (_services, _options, _order, _control, _free) = (services, services.Options, order, control, free);
        _session = new(services.Session, control, _options.CallTimeout, services.Time, services.Logger);
        _folder = services.Workspace.Folder(order.Attempt);
        _pump = new(services.Session, order.Attempt, _options.Logs, services.Time, services.Logger, ReopenOutputAsync);
        _log = new(_pump, _options.Logs.MaxBytes, services.Time);
        _containerName = $"caur-{services.Workspace.Instance}-{Workspace.KeyOf(order.Attempt)}";
        _timeout = order.Timeout > _options.Attempts.TimeoutAtLeast ? order.Timeout : _options.Attempts.TimeoutAtLeast;
        _skipCode = order.Environment.TryGetValue("CI_CODE_SKIP", out var text) && int.TryParse(text, out var code) && code is > 0 and <= 255
            ? code
            : _options.Attempts.SkipCode;
    }

    /// <summary>Runs it, or takes it over. Throws nothing: whatever goes wrong becomes a result, as far as one may still be reported.</summary>
    /// <returns>The outcome that was reported and counted; null when the attempt was lost or left.</returns>
    public async Task<AttemptOutcome?> RunAsync(AdoptedAttempt? adopted)
    {
        Verdict verdict;
        try
        {
            verdict = (adopted is null ? await StartAsync() : await TakeOverAsync(adopted)) ?? await SuperviseTracedAsync();
            if (verdict.Outcome == AttemptOutcome.Built)
            {
                verdict = await DeliverAsync();
            }
        }
        catch (Exception error)
        {
            verdict = await ExplainAsync(error);
        }

        var told = await TryReportAsync(verdict);
        if ((told || !_control.Silenced.IsCancellationRequested) && (_started is null || _exitCode is not null))
        {
            // Nothing runs here any more, and removing what is left may take long.
            _control.Reported();
            _free();
        }

        if (!_control.IsLeft)
        {
            await CleanUpAsync();
        }

        return told ? verdict.Outcome : null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_output is not null)
        {
            await _output.DisposeAsync();
        }

        await _pump.DisposeAsync();
    }

    private async Task<Verdict> SuperviseTracedAsync()
    {
        using var span = AttemptSpans.Step("container");
        var verdict = await SuperviseAsync();
        span?.SetTag("process.exit.code", _exitCode);
        return verdict;
    }

    private async Task<Verdict> ExplainAsync(Exception error)
    {
        if (_control.Stop.IsCompleted)
        {
            return Verdict.Of(await _control.Stop);
        }

        if (_started is null && WorkspaceDisk.IsFull(error))
        {
            return NoRoom() ?? Unfit($"The builder {_options.Name} has no room: {error.Message}", image: null);
        }

        if (error is EngineException { Failure: EngineFailure.Unreachable } && _started is null)
        {
            LogEngineFailed(_services.Logger, _order.Attempt, error.Message);
            return Unfit(error.Message, image: null);
        }

        if (error is EngineException)
        {
            LogEngineFailed(_services.Logger, _order.Attempt, error.Message);
            return Verdict.SystemError(error.Message);
        }

        LogBroke(_services.Logger, _order.Attempt, error);
        return Verdict.SystemError($"The builder {_options.Name} failed, the package did nothing wrong: {error.Message}");
    }

    /// <summary>No build can run here now. It is none of this one's attempts that count, unless that was so before: a failure that only
    /// shows when a build begins would hand it back for ever.</summary>
    private Verdict Unfit(string problem, string? image) => Unfit(problem, _services.Fitness.Lost(problem, image, _order.Attempt.Build));

    private static Verdict Unfit(string problem, bool isFirst) => isFirst ? Verdict.HandedBack(problem) : Verdict.SystemError(problem);

    /// <summary>Writes the outcome into the log, brings the log's rest over and reports.</summary>
    private async Task<bool> TryReportAsync(Verdict verdict)
    {
        if (_control.Silenced.IsCancellationRequested)
        {
            return false;
        }

        try
        {
            using var span = AttemptSpans.Step("report");
            await SayOutcomeAsync(verdict);
            if (!await _pump.CompleteAsync(_control.Silenced))
            {
                _control.RequestStop(StopKind.Lost, "the control plane refuses its log");
                return false;
            }

            var accepted = await _session.CompleteAsync(new AttemptResult
            {
                Attempt = _order.Attempt,
                Outcome = verdict.Outcome,
                Message = verdict.Message,
                ExitCode = _exitCode,
                Archives = verdict.Outcome == AttemptOutcome.Built ? _archives : [],
                Namcap = _namcap,
                ImageDigest = _imageDigest,
                Started = _started,
                Finished = _services.Time.GetUtcNow(),
            });
            LogEnded(_services.Logger, _order.Attempt, verdict.Outcome, verdict.Message, accepted);
            return accepted;
        }
        catch (OperationCanceledException) when (_control.Silenced.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task SayOutcomeAsync(Verdict verdict)
    {
        if (_log.Dropped > 0)
        {
            await _log.WarnAsync($"{_log.Dropped} bytes dropped: the log had reached its limit.", _control.Silenced);
        }

        switch (verdict.Outcome)
        {
            case AttemptOutcome.Built:
                await _log.SayAsync($"Built {_order.Pkgbase}: {string.Join(", ", _archives.Select(a => a.FileName))}", _control.Silenced);
                break;
            case AttemptOutcome.AlreadyBuilt or AttemptOutcome.Skipped:
                await _log.SayAsync(verdict.Message, _control.Silenced);
                break;
            case AttemptOutcome.Cancelled or AttemptOutcome.HandedBack:
                await _log.WarnAsync(verdict.Message, _control.Silenced);
                break;
            default:
                await _log.ErrorAsync(verdict.Message, _control.Silenced);
                break;
        }
    }

    private async Task CleanUpAsync()
    {
        var backoff = new Backoff(_services.Time);
        while (true)
        {
            try
            {
                await _services.Engine.RemoveAsync(_containerName, CancellationToken.None);
                _folder.Delete();
                return;
            }
            catch (Exception error) when (error is EngineException or IOException or UnauthorizedAccessException)
            {
                if (backoff.Tries == RemovalTries)
                {
                    // The agent looks for strays now and then, and at its start.
                    LogNotCleaned(_services.Logger, _order.Attempt, error.Message);
                    return;
                }
            }

            await backoff.WaitAsync(CancellationToken.None);
        }
    }
}
