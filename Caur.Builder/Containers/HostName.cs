using Caur.Protocol.Builders;

namespace Caur.Builder.Containers;

/// <summary>What containers call the machine that they run on. Orders have docker's word for it.</summary>
internal static class HostName
{
    private const string OfDocker = "//host.docker.internal";

    /// <summary>Every podman puts this one into every container; docker's only the newer ones do.</summary>
    private const string OfPodman = "//host.containers.internal";

    /// <summary>The order as containers of podman can follow it.</summary>
    public static BuildOrder ForPodman(BuildOrder order) => order with
    {
        Repositories = [.. order.Repositories.Select(repository => repository with { Servers = [.. repository.Servers.Select(ForPodman)] })],
    };

    private static string ForPodman(string server)
    {
        var host = server.IndexOf(OfDocker, StringComparison.OrdinalIgnoreCase);
        var end = host + OfDocker.Length;
        return host > 0 && host == server.IndexOf("//", StringComparison.Ordinal) && (end == server.Length || server[end] is ':' or '/')
            ? $"{server[..host]}{OfPodman}{server[end..]}"
            : server;
    }
}
