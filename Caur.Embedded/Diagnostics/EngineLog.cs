using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Caur.Embedded;

/// <summary>What the engine says.</summary>
internal sealed partial class EngineLog(ILogger logger)
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The embedded engine has started with {Classes} grain classes and {Reminders} reminders.")]
    public partial void Started(int classes, int reminders);

    [LoggerMessage(Level = LogLevel.Information, Message = "The embedded engine has stopped.")]
    public partial void Stopped();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The engine stops although {Activations} grains are still busy.")]
    public partial void StoppedBusy(int activations);

    [LoggerMessage(Level = LogLevel.Error, Message = "The one-way call {Method} on {Grain} failed; its caller does not hear of it.")]
    public partial void OneWayFailed(string method, GrainId grain, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The call {Method} on {Grain} failed after its caller had stopped waiting.")]
    public partial void UnheardFailure(string method, GrainId grain, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Grain} could not be activated; its callers are told.")]
    public partial void ActivationFailed(GrainId grain, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Grain} did not deactivate cleanly.")]
    public partial void DeactivationFailed(GrainId grain, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A timer tick of {Grain} failed; the timer goes on.")]
    public partial void TimerFailed(GrainId grain, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The reminder {Reminder} of {Grain} failed; it goes on.")]
    public partial void ReminderFailed(string reminder, GrainId grain, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The reminder {Reminder} of {Grain} has no grain class any more; it is kept and not sent.")]
    public partial void ReminderWithoutClass(string reminder, GrainId grain);

    [LoggerMessage(Level = LogLevel.Error, Message = "The reminder '{Reminder}' of grain '{Grain}' is damaged: {Why}. It is kept and not sent; the grain may register it again.")]
    public partial void ReminderDamaged(string reminder, string grain, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The one-way call {Method} on the observer {Observer} is lost: the observer is gone.")]
    public partial void ObserverGone(string method, GrainId observer);
}
