using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Messaging;

namespace Caur.Silo.Engines;

/// <summary>Knows when one of the silos went away that this client's calls go through. The client itself lets a call wait whose connection ended,
/// for as long as its answer may take: ten minutes for an order that has to fetch a repository first.</summary>
internal sealed partial class OrleansGateways(IGatewayListProvider list, TimeProvider clock, ILogger<OrleansGateways> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private long _lastLoss;

    /// <summary>Whether one went away since a moment of the clock's.</summary>
    public bool LostSince(long timestamp) => Volatile.Read(ref _lastLoss) is > 0 and var loss && loss >= timestamp;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        HashSet<Uri> known = [];
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                HashSet<Uri> now = [.. await list.GetGateways()];
                if (!known.IsSubsetOf(now))
                {
                    Volatile.Write(ref _lastLoss, clock.GetTimestamp());
                }

                known = now;
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                // Those that were known are still the ones to miss.
                LogUnknown(logger, problem.Message);
            }

            await Task.Delay(LookEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Which silos are there is not known now: {Problem}")]
    private static partial void LogUnknown(ILogger logger, string problem);
}
