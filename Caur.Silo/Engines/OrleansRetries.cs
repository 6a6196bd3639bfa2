using Caur.Contracts.Queue;
using Caur.Contracts.Sources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Silo.Engines;

/// <summary>Calls again what could not be answered because a silo went away: mutations have an operation's id and may be repeated, but for those
/// that are named here. It goes on until the others know of the death, and the grain stands on one of them.</summary>
internal sealed partial class OrleansRetries(IServiceProvider services, TimeProvider clock, ILogger<OrleansRetries> logger) : IOutgoingGrainCallFilter
{
    private readonly bool _isClient = services.GetService<ILocalSiloDetails>() is null;
    private readonly Lazy<OrleansGateways?> _gateways = new(services.GetService<OrleansGateways>);

    /// <summary>Longer than a death stays unknown, shorter than a caller waits.</summary>
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(25);

    /// <summary>A client is not told that the silo died which had its call, as silos are. It looks so often whether one did, and asks again then.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>What is done twice when it is asked twice: whoever asked is told that it may have been done.</summary>
    private static readonly HashSet<(Type Interface, string Method)> NotRepeated =
    [
        (typeof(ISourceRepositoryGrain), nameof(ISourceRepositoryGrain.StartRunAsync)), (typeof(IBuildQueueGrain), nameof(IBuildQueueGrain.ResetAsync)),
    ];

    /// <summary>How long an answer may take although a silo was lost: another one has the call.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

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
        var mayRepeat = !NotRepeated.Contains((context.Request.GetInterfaceType(), context.MethodName));
        for (var wait = TimeSpan.FromMilliseconds(20); ; wait = wait * 2 < MostBetween ? wait * 2 : MostBetween)
        {
            try
            {
                await AskAsync(context);
                if (!mayRepeat || context.Response?.Exception is not { } failure || !IsOfADeath(failure) || clock.GetElapsedTime(started) > GiveUpAfter)
                {
                    return;
                }

                LogAgain(logger, context.InterfaceName, context.MethodName, failure.Message);
                context.Response = null;
            }
            catch (Exception failure) when (mayRepeat && IsOfADeath(failure) && clock.GetElapsedTime(started) <= GiveUpAfter)
            {
                LogAgain(logger, context.InterfaceName, context.MethodName, failure.Message);
            }

            await Task.Delay(wait, clock);
        }
    }

    private static bool IsOfADeath(Exception failure) => failure is SiloUnavailableException or OrleansMessageRejectionException;

    /// <summary>Asks once. A call whose answer does not come, while a silo was lost, is given up: whoever asked hears that it may have been done. The
    /// engine would let it wait for as long as its answer may take, which is ten minutes for an order that has to fetch a repository first.</summary>
    private async Task AskAsync(IOutgoingGrainCallContext context)
    {
        var asked = clock.GetTimestamp();
        var call = context.Invoke();
        while (_isClient && !call.IsCompleted)
        {
            await Task.WhenAny(call, Task.Delay(LookEvery, clock));
            if (!call.IsCompleted && clock.GetElapsedTime(asked) > Patience && _gateways.Value?.LostSince(asked) == true)
            {
                throw new TimeoutException($"a silo was lost, and {context.InterfaceName}.{context.MethodName} of {context.TargetId} was not answered since");
            }
        }

        await call;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Interface}.{Method} is called again: {Problem}")]
    private static partial void LogAgain(ILogger logger, string @interface, string method, string problem);
}
