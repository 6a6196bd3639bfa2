using System.Diagnostics;
using System.Text;

namespace Caur.Builder.Sources;

/// <summary>What a git command came to.</summary>
/// <param name="ExitCode">0 when it did what it should.</param>
/// <param name="Output">Its standard output, unless that was read as a stream.</param>
/// <param name="Complaint">The end of its standard error, on one line, for people.</param>
internal sealed record GitResult(int ExitCode, string Output, string Complaint)
{
    public bool Succeeded => ExitCode == 0;
}

/// <summary>Runs the <c>git</c> command in one bare repository, without questions, hooks or transports that run commands.</summary>
/// <param name="repository">The bare repository's folder.</param>
/// <param name="globalConfig">Stands in for the user's own configuration file when set.</param>
internal sealed class GitCommand(string repository, string? globalConfig)
{
    private const int ComplaintLength = 2000;

    private static readonly string[] Settings =
    [
        "protocol.allow=never", "protocol.http.allow=always", "protocol.https.allow=always", "protocol.git.allow=always",
        "protocol.ssh.allow=always", "protocol.file.allow=always", "protocol.ext.allow=never",
        "gc.auto=0", "maintenance.auto=false", "core.hooksPath=/dev/null", "fetch.recurseSubmodules=false", "tar.umask=0022",
    ];

    /// <summary>Runs it to its end and keeps what it said.</summary>
    public Task<GitResult> RunAsync(CancellationToken cancellationToken, params IReadOnlyList<string> arguments) =>
        RunAsync(null, cancellationToken, arguments);

    /// <summary>Runs it while <paramref name="readOutput"/> reads its standard output.</summary>
    public async Task<GitResult> RunAsync(
        Func<Stream, CancellationToken, Task>? readOutput, CancellationToken cancellationToken, params IReadOnlyList<string> arguments)
    {
        using var process = new Process { StartInfo = StartInfo(arguments) };
        process.Start();
        try
        {
            process.StandardInput.Close();
            var complaint = TailAsync(process.StandardError, cancellationToken);
            var output = "";
            if (readOutput is null)
            {
                output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            }
            else
            {
                await readOutput(process.StandardOutput.BaseStream, cancellationToken);
            }

            await process.WaitForExitAsync(cancellationToken);
            return new(process.ExitCode, output, await complaint);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task<string> TailAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var tail = new StringBuilder();
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            tail.Append(tail.Length > 0 ? "; " : "").Append(line.Trim());
            if (tail.Length > ComplaintLength)
            {
                tail.Remove(0, tail.Length - ComplaintLength);
            }
        }

        return tail.ToString();
    }

    private ProcessStartInfo StartInfo(IReadOnlyList<string> arguments)
    {
        var info = new ProcessStartInfo("git")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = repository,
        };
        info.ArgumentList.Add("--git-dir=" + repository);
        info.ArgumentList.Add("--literal-pathspecs");
        foreach (var setting in Settings)
        {
            info.ArgumentList.Add("-c");
            info.ArgumentList.Add(setting);
        }

        foreach (var argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        // A repository that the surroundings point at must not be mixed up with this one.
        foreach (var name in info.Environment.Keys.Where(n => n.StartsWith("GIT_", StringComparison.Ordinal) && n is not "GIT_SSH_COMMAND").ToList())
        {
            info.Environment.Remove(name);
        }

        info.Environment["GIT_TERMINAL_PROMPT"] = "0";
        info.Environment["GIT_ASKPASS"] = "/bin/false";
        info.Environment["LC_ALL"] = "C";
        info.Environment.TryAdd("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        if (globalConfig is not null)
        {
            info.Environment["GIT_CONFIG_GLOBAL"] = globalConfig;
        }

        return info;
    }
}
