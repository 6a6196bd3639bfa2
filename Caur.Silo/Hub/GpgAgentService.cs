using Caur.Storage.Signing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Hub;

/// <summary>gpg starts an agent of its own accord, which would outlive the hub.</summary>
internal sealed partial class GpgAgentService(GpgSigner signer, ILogger<GpgAgentService> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await signer.StopAgentAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogStays(logger, exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "gpg's agent was not stopped: {Problem}")]
    private static partial void LogStays(ILogger logger, string problem);
}
