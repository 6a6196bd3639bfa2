using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Silo.Engines;

/// <summary>Calls again what could not be answered because a silo went away: every mutation has an operation's id and may be repeated. It goes on
/// until the others know of the death, and the grain stands on one of them.</summary>
internal sealed partial class OrleansRetries(TimeProvider clock, ILogger<OrleansRetries> logger) : IOutgoingGrainCallFilter
{
    /// <summary>Longer than a death stays unknown, shorter than a caller waits.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(25);

    private static readonly TimeSpan MostBetween = TimeSpan.FromSeconds(1);

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var started = clock.GetTimestamp();
        for (var wait = TimeSpan.FromMilliseconds(20); ; wait = wait * 2 < MostBetween ? wait * 2 : MostBetween)
        {
            try
            {
                await context.Invoke();
                if (context.Response?.Exception is not { } failure || !IsOfADeath(failure) || clock.GetElapsedTime(started) > GiveUpAfter)
                {
                    return;
                }

                LogAgain(logger, context.InterfaceName, context.MethodName, failure.Message);
                context.Response = null;
            }
            catch (Exception failure) when (IsOfADeath(failure) && clock.GetElapsedTime(started) <= GiveUpAfter)
            {
                LogAgain(logger, context.InterfaceName, context.MethodName, failure.Message);
            }

            await Task.Delay(wait, clock);
        }
    }

    private static bool IsOfADeath(Exception failure) => failure is SiloUnavailableException or OrleansMessageRejectionException;

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Interface}.{Method} is called again: {Problem}")]
    private static partial void LogAgain(ILogger logger, string @interface, string method, string problem);
}
