using System.Globalization;
using System.Net;
using Caur.Api.Hosting;
using Caur.Api.Problems;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

namespace Caur.Api.Limits;

/// <summary>How many connections each address holds. One that is too much is answered once, if it asks, and does not stay.</summary>
internal sealed class ClientConnections(IOptions<ClientLimits> limits, IOptions<ProxyOptions> proxies, TimeProvider clock)
{
    /// <summary>How long one that is too much may take to ask and to be answered.</summary>
    private static readonly TimeSpan CrowdedTime = TimeSpan.FromSeconds(10);

    private readonly ClientCounts _counts = new();
    private readonly IPNetwork[] _trusted =
        [.. proxies.Value.Trusted.Select(text => ProxyOptions.TryParse(text, out var network) ? network : (IPNetwork?)null).OfType<IPNetwork>()];

    /// <summary>Serves a connection.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        // Not over IP: a local socket.
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || IsTrusted(address))
        {
            await next(connection);
            return;
        }

        using var entered = _counts.TryEnter(ClientAddress.Client(address), limits.Value.Connections);
        if (entered is null)
        {
            connection.Features.Set(new Crowded(limits.Value.Connections));
            await using var end = clock.CreateTimer(static state => ((ConnectionContext)state!).Abort(), connection, CrowdedTime, Timeout.InfiniteTimeSpan);
            await next(connection);
        }
        else
        {
            await next(connection);
        }
    }

    /// <summary>Refuses what is asked on a connection that is too much. Probes are answered: they come from where others may come from too.</summary>
    public static async Task RefuseAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<Crowded>() is not { } crowded || context.Request.Path.StartsWithSegments("/health"))
        {
            await next(context);
            return;
        }

        context.Response.Headers.Connection = "close";
        context.Response.Headers.RetryAfter = "10";
        await Refusals.WriteAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            string.Create(CultureInfo.InvariantCulture, $"{crowded.Most} connections are open from this address, and that is the most: close some. Nothing was done"));
    }

    private bool IsTrusted(IPAddress address)
    {
        var plain = ClientAddress.Plain(address);
        return _trusted.Any(network => network.Contains(plain));
    }

    /// <summary>On a connection that is too much.</summary>
    private sealed record Crowded(int Most);
}
