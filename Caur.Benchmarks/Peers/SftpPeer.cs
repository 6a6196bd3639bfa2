using System.Diagnostics;
using Caur.Benchmarks.Running;
using Caur.Storage.Processes;

namespace Caur.Benchmarks.Peers;

/// <summary>OpenSSH's sftp to a server of its own, which serves one connection through a pipe: no port, no account but this one.</summary>
internal static class SftpPeer
{
    private const string Server = "/usr/sbin/sshd";

    /// <summary>Adds its line.</summary>
    /// <returns>Measures it once.</returns>
    public static async Task<Func<Task>> PrepareAsync(BenchRun run, Line ours, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(Server))
        {
            run.CannotMeasure("sftp", "there is no sshd; on Debian: apt-get install openssh-server openssh-client");
            return static () => Task.CompletedTask;
        }

        var folder = run.NewFolder();
        foreach (var key in (string[])["host", "user"])
        {
            await RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(folder, key)]);
        }

        File.Copy(Path.Combine(folder, "user.pub"), Path.Combine(folder, "authorized"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "known_hosts"), $"bench {await File.ReadAllTextAsync(Path.Combine(folder, "host.pub"), cancellationToken)}", cancellationToken);
        await File.WriteAllLinesAsync(
            Path.Combine(folder, "config"),
            [
                $"HostKey {folder}/host", $"AuthorizedKeysFile {folder}/authorized", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
                "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "PidFile none", "LogLevel ERROR", "Subsystem sftp internal-sftp",
            ],
            cancellationToken);
        if (Environment.IsPrivilegedProcess)
        {
            // What the system's own start of the service makes.
            Directory.CreateDirectory("/run/sshd");
        }

        var batch = Path.Combine(folder, "batch");
        var line = run.Add("sftp, the file synced (put -f)", "MB/s", LineKind.Peer);
        run.Compare(ours, line);
        return async () =>
        {
            var copy = Path.Combine(folder, $"copy-{Guid.NewGuid():n}");
            await File.WriteAllTextAsync(batch, $"put -f {path} {copy}\n", cancellationToken);
            var cpu = CpuTime.Now();
            var began = Stopwatch.GetTimestamp();
            await RunAsync(
                "sftp",
                [
                    "-q", "-b", batch, "-i", $"{folder}/user", "-o", $"ProxyCommand={Server} -i -f {folder}/config", "-o", $"UserKnownHostsFile={folder}/known_hosts",
                    "-o", "IdentitiesOnly=yes", $"{Environment.UserName}@bench",
                ]);
            var size = new FileInfo(copy).Length;
            run.Take(line, size / 1e6 / Stopwatch.GetElapsedTime(began).TotalSeconds, CpuTime.Now() - cpu);
            BenchRun.Check(size == new FileInfo(path).Length, "sftp brought less");
            File.Delete(copy);
        };

        async Task RunAsync(string program, IReadOnlyList<string> arguments)
        {
            var done = await new ProcessRunner(TimeProvider.System).RunAsync(
                new ProcessRequest { FileName = program, Arguments = arguments, WorkingFolder = folder }, cancellationToken);
            BenchRun.Check(done.Succeeded, $"{program} ended with {done.ExitCode}: {done.Error}");
        }
    }
}
