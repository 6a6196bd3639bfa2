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

    /// <summary>How long making a connection may take. When two in a row took longer, the next may take four times as long: a way that is slow
    /// is found in the end, and one that is lost does not eat up a lease. Default: 5 s.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the gateway may take from there to a link, TLS included; longer as with <see cref="ConnectWithin"/>. Default: 5 s.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Told when nothing comes any more over connections that were made, so that a tunnel below them can be made anew.</summary>
    public Action? NoAnswer { get; init; }

    /// <summary>Brings archives by another way than through the gateway, where the hub or this machine's settings name one; null for none.</summary>
    public IArchiveCarrier? Carrier { get; init; }

    /// <summary>How long archives go through the gateway when that way failed. Default: 5 minutes.</summary>
    public TimeSpan CarrierPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The most bytes of an archive in one request; fewer when the gateway or a proxy does not take as many. Default: 16 MiB.</summary>
    public int PieceBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long an upload may stand still before it is cut and goes on over another connection. Default: 15 s.</summary>
    public TimeSpan UploadSilence { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a request of an upload may wait for its answer, beside the time in which a slow disk reads the archive for its hash.
    /// Default: 2 minutes.</summary>
    public TimeSpan UploadAnswerWithin { get; init; } = TimeSpan.FromMinutes(2);
}
