using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

internal sealed partial class AttemptRun
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Attempt} started in container {Container}")]
    private static partial void LogStarted(ILogger logger, AttemptRef attempt, string container);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Attempt} was taken over in container {Container}")]
    private static partial void LogTakenOver(ILogger logger, AttemptRef attempt, string container);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Attempt} is being ended: {Cause}")]
    private static partial void LogEnding(ILogger logger, AttemptRef attempt, EndCause cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Attempt} ended as {Outcome}: {Reason} (counted: {Accepted})")]
    private static partial void LogEnded(ILogger logger, AttemptRef attempt, AttemptOutcome outcome, string reason, bool accepted);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Attempt} met a failure of the container engine: {Problem}")]
    private static partial void LogEngineFailed(ILogger logger, AttemptRef attempt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Attempt} keeps {Archive} and offers it again until the farm has room: {Reason}")]
    private static partial void LogNoRoom(ILogger logger, AttemptRef attempt, string archive, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Attempt} broke off")]
    private static partial void LogBroke(ILogger logger, AttemptRef attempt, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What {Attempt} left could not be removed yet: {Problem}")]
    private static partial void LogNotCleaned(ILogger logger, AttemptRef attempt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The container engine said of {Attempt}'s container: {Warning}")]
    private static partial void LogEngineWarned(ILogger logger, AttemptRef attempt, string warning);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The container engine may not set limits of open files; containers go without: {Problem}")]
    private static partial void LogUlimitsRefused(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The output of {Attempt} broke off and is opened again: {Problem}")]
    private static partial void LogOutputBroke(ILogger logger, AttemptRef attempt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Attempt}: the end of the container cannot be waited for, and is again: {Problem}")]
    private static partial void LogWaitBroke(ILogger logger, AttemptRef attempt, string problem);
}
