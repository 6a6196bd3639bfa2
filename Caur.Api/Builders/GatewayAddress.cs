using Caur.Contracts.Farm;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Caur.Api.Builders;

/// <summary>Where build containers reach the gateway.</summary>
public sealed class GatewayAddress(IServer server, IOptions<FarmOptions> farm)
{
    /// <summary>The address without a slash at the end: the configured one, or the port this process listens on, on the builder's host.</summary>
    public string ForContainers()
    {
        if (farm.Value.RepositoryUrl is { Length: > 0 } configured)
        {
            return configured.TrimEnd('/');
        }

        // Without TLS where there is both: what comes from there is signed, and no authority of a farm's own is known in a container.
        var own = server.Features.Get<IServerAddressesFeature>()?.Addresses.MinBy(static address => address.StartsWith("https:", StringComparison.Ordinal))
            ?? throw new InvalidOperationException("The gateway does not listen yet");
        return $"http://host.docker.internal:{BindingPort(own)}";
    }

    /// <summary>The same when it was not configured, and so holds on this process' machine only; null when it was.</summary>
    public string? OnThisMachine => farm.Value.RepositoryUrl is { Length: > 0 } ? null : ForContainers();

    private static int BindingPort(string address) => Microsoft.AspNetCore.Http.BindingAddress.Parse(address).Port;
}
