using System.Net;
using System.Net.Sockets;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Caur.Silo.Engines;

/// <summary>Looks before anything starts whether a silo's ports are free. A silo that joins takes one of the same address for its own former self
/// and has it declared dead, before it listens.</summary>
internal sealed partial class OrleansPorts(IOptions<EndpointOptions> endpoints, ClusterSettings cluster, ILogger<OrleansPorts> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Try(endpoints.Value.SiloListeningEndpoint!, "CAUR_SILO_PORT");
        if (endpoints.Value.GatewayListeningEndpoint is { } gateway)
        {
            Try(gateway, "CAUR_SILO_GATEWAY_PORT");
        }

        if (cluster.Tls is null && !IPAddress.IsLoopback(endpoints.Value.AdvertisedIPAddress))
        {
            LogOpen(logger, endpoints.Value.SiloListeningEndpoint!);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The silo listens on {Endpoint} without TLS: whoever reaches it may do everything that the farm can. Keep others from its ports, or set CAUR_SILO_TLS_CERT, _KEY and _CA")]
    private static partial void LogOpen(ILogger logger, IPEndPoint endpoint);

    private static void Try(IPEndPoint endpoint, string setting)
    {
        try
        {
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(endpoint);
        }
        catch (SocketException problem)
        {
            throw new HubSettingsException($"a silo cannot listen on {endpoint} ({setting}): {problem.Message}; where several run on one machine, each needs ports of its own");
        }
    }
}
