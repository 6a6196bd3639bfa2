using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Silo.Engines;

/// <summary>Calls again what could not be answered because a silo went away: every mutation has an operation's id and may be repeated. It goes on
/// until the others know of the death, and the grain stands on one of them.</summary>
internal sealed partial class OrleansRetries(IServiceProvider services, TimeProvider clock, ILogger<OrleansRetries> logger) : IOutgoingGrainCallFilter
{
    private readonly bool _isClient = services.GetService<ILocalSiloDetails>() is null;
    private readonly Lazy<OrleansGateways?> _gateways = new(services.GetService<OrleansGateways>);

    /// <summary>Longer than a death stays unknown, shorter than a caller waits.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(25);

    /// <summary>How long a client waits for one answer. It is not told that the silo died which had its call, as silos are, and asks again then.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan MostBetween = TimeSpan.FromSeconds(1);

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.Request.GetInterfaceType().Namespace?.StartsWith("Orleans", StringComparison.Ordinal) != false)
        {
            // The silos' own calls, by which they find out who is dead.
            await context.Invoke();
            return;
        }

        var started = clock.GetTimestamp();
        for (var wait = TimeSpan.FromMilliseconds(20); ; wait = wait * 2 < MostBetween ? wait * 2 : MostBetween)
        {
            try
            {
                await AskAsync(context);
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

    /// <summary>Asks once. A call that may take long, and whose way ended meanwhile, is given up: whoever asked hears that it may have been done.</summary>
    private async Task AskAsync(IOutgoingGrainCallContext context)
    {
        var asked = clock.GetTimestamp();
        var call = context.Invoke();
        while (_isClient && !call.IsCompleted)
        {
            try
            {
                await call.WaitAsync(AnswerWithin + TimeSpan.FromSeconds(2), clock);
            }
            catch (TimeoutException) when (!call.IsCompleted)
            {
                if (_gateways.Value?.LostSince(asked) == true)
                {
                    throw new LostCallException($"the way of {context.InterfaceName}.{context.MethodName} to {context.TargetId} ended before it was answered");
                }
            }
        }

        await call;
    }

    /// <summary>In a silo, who waits too long hears of it: a death it would have heard of before.</summary>
    private bool IsOfADeath(Exception failure) => failure is SiloUnavailableException or OrleansMessageRejectionException || (_isClient && failure is TimeoutException and not LostCallException);

    /// <summary>Not called again here: the first may still be waited for.</summary>
    private sealed class LostCallException(string message) : TimeoutException(message);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Interface}.{Method} is called again: {Problem}")]
    private static partial void LogAgain(ILogger logger, string @interface, string method, string problem);
}
