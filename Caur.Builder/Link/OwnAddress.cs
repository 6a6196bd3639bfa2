using Caur.Protocol.Builders;

namespace Caur.Builder.Link;

/// <summary>Where nobody configured how build containers reach the gateway, they reach it as the agent does.</summary>
internal static class OwnAddress
{
    private const string Host = "host.docker.internal";

    /// <summary>The gateway as containers of this host see it, without a slash at the end.</summary>
    public static string Of(Uri gateway) =>
        (gateway.IsLoopback ? new UriBuilder(gateway) { Host = Host }.Uri : gateway).AbsoluteUri.TrimEnd('/');

    /// <summary>Puts it where the order names the gateway as its own machine sees it.</summary>
    public static BuildOrder Put(BuildOrder order, string? placeholder, Uri gateway) => placeholder is not { Length: > 0 } ? order : order with
    {
        Repositories =
        [
            .. order.Repositories.Select(repository => repository with
            {
                Servers = [.. repository.Servers.Select(server => server.StartsWith(placeholder + "/", StringComparison.Ordinal) ? Of(gateway) + server[placeholder.Length..] : server)],
            }),
        ],
    };
}
