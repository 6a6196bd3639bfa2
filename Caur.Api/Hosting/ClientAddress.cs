using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Hosting;

/// <summary>Where a request comes from, behind the proxies that are trusted.</summary>
internal static class ClientAddress
{
    /// <summary>The address; null for one without, as over a local socket.</summary>
    public static IPAddress? Of(HttpContext context) => context.Connection.RemoteIpAddress is { } address ? Plain(address) : null;

    /// <summary>What counts as one client: an IPv4 address, or the /64 that one customer has of IPv6.</summary>
    public static string Client(HttpContext context) => Of(context) is { } address ? Client(address) : "local";

    /// <summary>The client of an address.</summary>
    public static string Client(IPAddress address)
    {
        var plain = Plain(address);
        return plain.AddressFamily == AddressFamily.InterNetworkV6
            ? $"{Convert.ToHexStringLower(plain.GetAddressBytes().AsSpan(0, 8))}::"
            : plain.ToString();
    }

    /// <summary>An IPv4 address as what it is, also where it came in as one of IPv6.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
