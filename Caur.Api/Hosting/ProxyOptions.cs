using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

namespace Caur.Api.Hosting;

/// <summary>Which reverse proxies are believed when they say whom they speak for.</summary>
public sealed class ProxyOptions
{
    /// <summary>Their addresses or networks (<c>CAUR_TRUSTED_PROXIES</c>), as <c>127.0.0.1</c> or <c>10.0.0.0/8</c>. Default: none, and
    /// <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are ignored.</summary>
    public IList<string> Trusted { get; } = [];

    /// <summary>Reads an address or a network.</summary>
    internal static bool TryParse(string text, out IPNetwork network)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
            return true;
        }

        return IPNetwork.TryParse(text, out network);
    }
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class ProxyOptionsValidator : IValidateOptions<ProxyOptions>
{
    public ValidateOptionsResult Validate(string? name, ProxyOptions options) =>
        options.Trusted.FirstOrDefault(text => !ProxyOptions.TryParse(text, out _)) is { } wrong
            ? ValidateOptionsResult.Fail($"CAUR_TRUSTED_PROXIES: '{wrong}' is no address and no network like 10.0.0.0/8")
            : ValidateOptionsResult.Success;
}

/// <summary>Tells the framework whom to believe: every hop from the nearest on, for as long as each is trusted.</summary>
internal sealed class TrustedProxies(IOptions<ProxyOptions> options) : IConfigureOptions<ForwardedHeadersOptions>
{
    public void Configure(ForwardedHeadersOptions forwarded)
    {
        forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
        forwarded.ForwardLimit = null;
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var text in options.Value.Trusted)
        {
            if (ProxyOptions.TryParse(text, out var network))
            {
                forwarded.KnownIPNetworks.Add(network);
            }
        }
    }
}
