using Caur.Api.Health;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Hub;

/// <summary>Says that a gateway of a cluster is up when it serves, and that it ends.</summary>
internal sealed partial class ClusterGatewayService(
    FarmHealth health, DataFolders folders, IServer server, IHostApplicationLifetime lifetime, ILogger<ClusterGatewayService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var starting = lifetime.ApplicationStarted.Register(started.SetResult);
        using var stopping = lifetime.ApplicationStopping.Register(health.Stopping);
        await started.Task.WaitAsync(stoppingToken);
        health.Started();
        LogUp(logger, string.Join(", ", server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []), folders.Root);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The gateway is up at {Addresses}, beside its cluster's data in {Folder}")]
    private static partial void LogUp(ILogger logger, string addresses, string folder);
}
