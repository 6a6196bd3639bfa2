using Caur.Storage.Signing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Hub;

/// <summary>Looks at the signing key now and then, so that its end is known before it comes, and that it was prolonged soon after. The first
/// look is the start's own.</summary>
internal sealed partial class SigningKeyWatch(GpgSigner signer, SigningKeyInstruments keys, TimeProvider clock, ILogger<SigningKeyWatch> logger)
    : BackgroundService
{
    /// <summary>How soon a key that ended, went or was prolonged is told of. A look is one short process.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The hub ends.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            keys.Report(await signer.LookUpKeyAsync(cancellationToken));
        }
        catch (GpgException)
        {
            // Why not is said by the start, and beside what waits for it.
            keys.ReportNone();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Neither the key nor the farm suffers for it.
            LogNotLooked(logger, exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The signing key could not be looked at")]
    private static partial void LogNotLooked(ILogger logger, Exception exception);
}
