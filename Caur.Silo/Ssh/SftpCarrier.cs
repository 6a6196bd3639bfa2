using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Builder.Link;
using Caur.Protocol.Link;
using Microsoft.Win32.SafeHandles;

namespace Caur.Silo.Ssh;

/// <summary>Brings archives by OpenSSH's <c>sftp</c>, to the server that this machine's settings name or the hub.</summary>
internal sealed partial class SftpCarrier(SftpOptions options, TimeProvider time) : IArchiveCarrier
{
    private const int DefaultPort = 22;

    /// <inheritdoc/>
    public string? Target(SftpServer? told) => To(told) is { } server ? Shown(server) : null;

    /// <inheritdoc/>
    public async Task<string?> CarryAsync(
        SftpServer? told, string place, long offset, SafeFileHandle content, TimeSpan silence, CancellationToken cancellationToken)
    {
        if (To(told) is not { } server)
        {
            return "there is no server to bring it to";
        }

        if (!SshNames.IsName(server.Host) || (server.User is { } user && !SshNames.IsName(user)))
        {
            return "what the hub calls its server is no name of a host and a user";
        }

        var there = options.LandingZone is { } zone ? $"{zone.TrimEnd('/')}/{UploadProtocol.Incoming}/{place[(place.LastIndexOf('/') + 1)..]}" : place;
        if (!SftpOptions.IsPath(there))
        {
            return "the hub's folder has a name that sftp would take for something else";
        }

        if (!IncomingFile().IsMatch(there))
        {
            // A hub may not have other files removed and written with this machine's key.
            return "what the hub names is no file for an archive";
        }

        // What this process has open, whatever becomes of its name.
        var file = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{content.DangerousGetHandle()}");

        // The hub's user reads it, not the one that writes it. What lies there at the beginning may be written by a session that died unnoticed.
        var batch = $"""
            {(offset > 0 ? "" : $"-rm \"{there}\"\n")}{(offset > 0 ? "reput" : "put")} {file} "{there}"
            -chmod 644 "{there}"
            """;
        try
        {
            await using var run = new SftpRun(Command(server), batch, silence, time);
            return await run.EndAsync(cancellationToken) is { IsOk: false } end ? SshWords.Explain(Shown(server), options with { User = server.User }, end.Said) : null;
        }
        catch (SshTunnelException error)
        {
            // No sftp could be started at all: there is the other way.
            return error.Message;
        }
    }

    private static string Shown(SftpServer server) => string.Create(
        CultureInfo.InvariantCulture, $"{(server.User is { } user ? $"{user}@" : "")}{server.Host}:{server.Port ?? DefaultPort}");

    [GeneratedRegex("^[^\n]*/\\.incoming/[0-9a-f]{64}$", RegexOptions.CultureInvariant)]
    private static partial Regex IncomingFile();

    /// <summary>The server. A hub's is gone to with a key that was given for it alone, never with one that ssh finds by itself.</summary>
    private SftpServer? To(SftpServer? told) => (options.Host ?? (options.KeyFile is null ? null : told?.Host)) is not { Length: > 0 } host || host == SshTunnelOptions.None
        ? null
        : new SftpServer(host) { Port = options.Port ?? told?.Port, User = options.User ?? told?.User };

    private IEnumerable<string> Command(SftpServer server) =>
    [
        "sftp", "-b", "-", "-P", (server.Port ?? DefaultPort).ToString(CultureInfo.InvariantCulture),
        .. server.User is { } user ? (string[])["-o", $"User={user}"] : [],

        // As long as an upload through the gateway may stand still.
        .. SshCommand.Options(options.KeyFile, options.KnownHosts, aliveSeconds: 5, aliveCount: 3),
        "--", server.Host.Contains(':', StringComparison.Ordinal) && !server.Host.StartsWith('[') ? $"[{server.Host}]" : server.Host,
    ];
}
