using Caur.Protocol.Builders;

namespace Caur.Builder.Agents;

internal sealed partial class BuilderAgent
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Builder {Name} ({Instance}) starts with {Slots} slots and the container engine at {Engine}")]
    private static partial void LogStarting(ILogger logger, string name, string instance, int slots, string engine);

    [LoggerMessage(Level = LogLevel.Information, Message = "The container engine is {Engine} {Version}")]
    private static partial void LogEngineFound(ILogger logger, string engine, string? version);

    [LoggerMessage(Level = LogLevel.Error, Message = "No work is taken until the container engine answers: {Problem}")]
    private static partial void LogNoEngine(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Builder {Name} joined with {Running} running attempts, {Current} of them current")]
    private static partial void LogJoined(ILogger logger, string name, int running, int current);

    [LoggerMessage(Level = LogLevel.Error, Message = "The control plane refuses this builder: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The control plane cannot be reached and is tried again: {Problem}")]
    private static partial void LogNotJoined(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Work could not be asked for: {Problem}")]
    private static partial void LogNotTaken(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "No work is taken until builds can run here: {Problem}")]
    private static partial void LogUnfit(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Builds can run here again")]
    private static partial void LogFit(ILogger logger);

    [LoggerMessage(Level = LogLevel.Information, Message = "No more orders are taken; what runs goes on to its end")]
    private static partial void LogDraining(ILogger logger);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The order of {Attempt} was withdrawn")]
    private static partial void LogWithdrawn(ILogger logger, AttemptRef attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The order of {Attempt} is given back, for whether it was accepted is not known: {Problem}")]
    private static partial void LogNotAccepted(ILogger logger, AttemptRef attempt, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "The order of {Attempt} is refused: {Problem}")]
    private static partial void LogBadOrder(ILogger logger, AttemptRef attempt, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Container {Container} of {Attempt} belongs to no current attempt and is removed")]
    private static partial void LogStray(ILogger logger, string container, AttemptRef? attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Leftovers could not be removed and will be tried again: {Problem}")]
    private static partial void LogNotSwept(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The agent ends; {Running} attempts run, mode {Mode}")]
    private static partial void LogEnding(ILogger logger, int running, ShutdownMode mode);

    [LoggerMessage(Level = LogLevel.Critical, Message = "What goes on beside the work has ended, and the agent ends with it")]
    private static partial void LogHelperEnded(ILogger logger, Exception? error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Running} attempts did not end within the agent's budget and are cut off")]
    private static partial void LogCutOff(ILogger logger, int running);
}
