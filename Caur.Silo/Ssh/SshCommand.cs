using System.ComponentModel;
using System.Diagnostics;

namespace Caur.Silo.Ssh;

/// <summary>How OpenSSH's programs are started: none of them asks anything, shares a connection, or outlives this process.</summary>
internal static class SshCommand
{
    /// <summary>What a shell says of a program that is not there.</summary>
    public const int NotFound = 127;

    /// <summary>Becomes the program, and leaves behind a watcher that ends it when the standard input closes: that is when the process that
    /// started it closes it, or is no more. Ctrl-C at the terminal is for that process alone; it may still need the way to end in order.
    /// The parent is looked at before it is killed, since the number of a program that has ended may be somebody else's.</summary>
    private const string Watched =
        """
        exec 3<&0
        { read -r _ <&3; read -r _ _ _ parent _ </proc/self/stat; [ "$parent" != $$ ] || kill $$; } >/dev/null 2>&1 &
        trap '' INT HUP

        """;

    private const string WithoutInput = Watched + "exec \"$@\" 3<&- </dev/null";

    private const string WithInput =
        Watched + $"""
        exec "$@" 3<&- <<CAUR_END
        ${InputVariable}
        CAUR_END

        """;

    private const string InputVariable = "CAUR_INPUT";

    /// <summary>Starts a program; closing the process' standard input ends it.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="input">What it reads; null for nothing.</param>
    /// <exception cref="SshTunnelException">No process can be started.</exception>
    public static Process Start(IEnumerable<string> command, string? input = null)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", input is null ? WithoutInput : WithInput, "caur-ssh", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Messages are looked at.
        start.Environment["LC_ALL"] = "C";
        if (input is not null)
        {
            start.Environment[InputVariable] = input;
        }

        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("no process was started");
        }
        catch (Win32Exception error)
        {
            throw new SshTunnelException($"ssh cannot be started: {error.Message}", error);
        }
    }

    /// <summary>Options of ssh and sftp alike.</summary>
    /// <param name="keyFile">The private key; null leaves it to ssh.</param>
    /// <param name="knownHosts">The file that must hold the server's key; null leaves it to ssh, and trusts a new server at first sight.</param>
    /// <param name="aliveSeconds">How often a silent server is asked whether it is there.</param>
    /// <param name="aliveCount">How often in a row it need not answer.</param>
    public static IEnumerable<string> Options(string? keyFile, string? knownHosts, int aliveSeconds, int aliveCount) =>
    [
        // Nobody is there to answer a question.
        "-o", "BatchMode=yes",
        "-o", "ConnectTimeout=5",
        "-o", FormattableString.Invariant($"ServerAliveInterval={aliveSeconds}"),
        "-o", FormattableString.Invariant($"ServerAliveCountMax={aliveCount}"),

        // A connection shared with other sessions would neither end with this one nor be ours alone.
        "-o", "ControlMaster=no",
        "-o", "ControlPath=none",
        "-o", "ForwardAgent=no",
        "-o", "ForwardX11=no",
        "-o", "PermitLocalCommand=no",
        .. knownHosts is { } known
            ? (string[])["-o", "StrictHostKeyChecking=yes", "-o", $"UserKnownHostsFile=\"{known}\"", "-o", "GlobalKnownHostsFile=none"]
            : ["-o", "StrictHostKeyChecking=accept-new"],
        .. keyFile is { } key ? (string[])["-i", key, "-o", "IdentitiesOnly=yes"] : [],
    ];
}
