using Microsoft.Extensions.Logging;
using Orleans;

namespace Caur.Silo.Engines;

/// <summary>A gateway may come up before the silos: it waits for them for a while.</summary>
internal sealed partial class OrleansPatience(TimeProvider clock, ILogger<OrleansPatience> logger) : IClientConnectionRetryFilter
{
    private const int MostTries = 120;

    private int _tries;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (++_tries == 1)
        {
            LogWaiting(logger, exception.Message);
        }

        await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellationToken);
        return _tries < MostTries;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No silo of the cluster answers yet: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
