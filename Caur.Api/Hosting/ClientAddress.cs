using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Hosting;

/// <summary>Where a request comes from, behind the proxies that are trusted.</summary>
internal static class ClientAddress
{
    /// <summary>The address; null for one without, as over a local socket.</summary>
    public static IPAddress? Of(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4(),
        var address => address,
    };

    /// <summary>What counts as one client: an IPv4 address, or the /64 that one customer has of IPv6.</summary>
    public static string Client(HttpContext context)
    {
        if (Of(context) is not { } address)
        {
            return "local";
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"{Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8))}::"
            : address.ToString();
    }
}
