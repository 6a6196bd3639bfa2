namespace Caur.Builder.Link;

/// <summary>Where an agent's link goes.</summary>
public sealed class LinkAgentOptions
{
    /// <summary>The gateway's address with a slash at its end; a path before ours is a reverse proxy's.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>The token to present; asked anew for each connection, so that a file may be exchanged.</summary>
    public required Func<string?> Token { get; init; }

    /// <summary>Makes connections by another way than the network's own, as through a tunnel; null for none. Closed with the session.</summary>
    public Func<CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>How long making a connection may take. Default: 20 s.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The most bytes of an archive in one request; halved when a proxy does not take as many. Default: 16 MiB.</summary>
    public int PieceBytes { get; init; } = 16 * 1024 * 1024;
}
