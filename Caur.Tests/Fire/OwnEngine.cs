using System.Diagnostics;
using System.Globalization;
using Caur.Tests.Api;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A container engine of a test's own, which may be stopped: nobody else's containers are in it.</summary>
internal sealed class OwnEngine : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _data;
    private readonly ContainerEngine _engine;
    private readonly string _bridge = string.Create(CultureInfo.InvariantCulture, $"fire{Random.Shared.Next(1, 1 << 24):x}");
    private Process? _daemon;

    private OwnEngine(string folder, string image)
    {
        _folder = folder;
        _data = Path.Combine(folder, "data");
        _engine = new ContainerEngine(Path.Combine(folder, "docker.sock"), image);
    }

    public string Socket => _engine.SocketPath;

    /// <summary>Whether this machine lets one be made.</summary>
    public static bool IsPossible => Environment.IsPrivilegedProcess && Processes.OnPath("dockerd");

    /// <summary>Starts one that has the builder image, and whose containers outlive it.</summary>
    public static async Task<OwnEngine> StartAsync(string folder, ContainerEngine other)
    {
        Requirement.Program("dockerd");
        if (!Environment.IsPrivilegedProcess)
        {
            Requirement.Missing("a container engine of its own is started by root alone");
        }

        Directory.CreateDirectory(folder);
        var engine = new OwnEngine(folder, other.BuilderImage);
        try
        {
            await engine.MountDataAsync();
            var image = Path.Combine(folder, "image.tar");
            var saved = other.RunAsync(["save", "--output", image, other.BuilderImage]);
            await engine.StartAsync(keepsContainers: true);
            (await saved).ExitCode.ShouldBe(0, (await saved).ToString());
            var loaded = await engine._engine.RunAsync(["load", "--quiet", "--input", image]);
            loaded.ExitCode.ShouldBe(0, loaded.ToString());
            File.Delete(image);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon.</summary>
    /// <param name="keepsContainers">Whether its containers live when it ends; otherwise they are ended, at the latest when it starts.</param>
    public async Task StartAsync(bool keepsContainers)
    {
        string[] arguments =
        [
            "--host", $"unix://{Socket}", "--data-root", _data, "--exec-root", Path.Combine(_folder, "exec"),
            "--pidfile", Path.Combine(_folder, "docker.pid"), $"--bridge={_bridge}", "--iptables=false", "--ip-masq=false", "--shutdown-timeout=3",
            .. keepsContainers ? ["--live-restore"] : Array.Empty<string>(),
        ];
        var log = Path.Combine(_folder, "log");

        // With a bridge of its own, though nobody uses it: an engine that is started without one (--bridge=none) removes docker0, which is
        // the machine's engine's.
        await MakeBridgeAsync();
        _daemon = Process.Start(new ProcessStartInfo("bash", ["-c", "exec dockerd \"$@\" >>\"$0\" 2>&1 </dev/null", log, .. arguments]))!;
        await ApiHub.UntilAsync(
            async () =>
            {
                _daemon.HasExited.ShouldBeFalse(_daemon.HasExited ? await File.ReadAllTextAsync(log) : "");
                return File.Exists(Socket) && (await _engine.RunAsync(["version"])).ExitCode == 0;
            },
            "the engine's start");
    }

    /// <summary>The image is unpacked in memory: that costs half of what it costs on a disk, and nobody reads it twice.</summary>
    private async Task MountDataAsync()
    {
        Directory.CreateDirectory(_data);
        var mounted = await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", "size=2g", "caur-fire", _data]);
        mounted.ExitCode.ShouldBe(0, mounted.ToString());
    }

    private async Task MakeBridgeAsync()
    {
        if ((await Processes.RunAsync("ip", ["link", "show", _bridge])).ExitCode == 0)
        {
            return;
        }

        (await Processes.RunAsync("ip", ["link", "add", _bridge, "type", "bridge"])).ExitCode.ShouldBe(0);
        var address = string.Create(CultureInfo.InvariantCulture, $"10.{Random.Shared.Next(90, 98)}.{Random.Shared.Next(256)}.1/29");
        (await Processes.RunAsync("ip", ["address", "add", address, "dev", _bridge])).ExitCode.ShouldBe(0);
        (await Processes.RunAsync("ip", ["link", "set", _bridge, "up"])).ExitCode.ShouldBe(0);
    }

    /// <summary>Ends the daemon, as a service manager does.</summary>
    public async Task StopAsync()
    {
        await CleanUp.RunAsync("kill", "-TERM", $"{_daemon!.Id}");
        await _daemon.WaitForExitAsync().DefaultTimeout("the engine's end");
        _daemon.Dispose();
        _daemon = null;
        File.Delete(Socket);
    }

    /// <summary>Each by itself: an engine that does not start again leaves no less behind.</summary>
    public async ValueTask DisposeAsync() => await CleanUp.AllAsync(
        EndContainersAsync, EndDaemonAsync, EndLeftoversAsync, () => CleanUp.RunAsync("ip", "link", "delete", _bridge), UnmountAsync, () => CleanUp.RunAsync("rm", "-rf", _folder));

    private async Task EndContainersAsync()
    {
        if (_daemon is null && Directory.Exists(_data))
        {
            // A test that failed in between: what outlived the engine is ended by it.
            await StartAsync(keepsContainers: false);
        }

        if (_daemon is { HasExited: false } && (await _engine.CleanUpAsync(["ps", "--all", "--quiet"])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } left)
        {
            await _engine.CleanUpAsync(["rm", "--force", .. left]);
        }
    }

    private async Task EndDaemonAsync()
    {
        if (_daemon is null)
        {
            return;
        }

        try
        {
            if (!_daemon.HasExited)
            {
                await StopAsync();
            }
        }
        finally
        {
            if (_daemon is { HasExited: false } hanging)
            {
                hanging.Kill();
            }

            _daemon?.Dispose();
            _daemon = null;
        }
    }

    /// <summary>The processes that a daemon leaves behind which did not end well, each named with the engine's folder.</summary>
    private async Task EndLeftoversAsync()
    {
        foreach (var process in Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(static name => name!.All(char.IsAsciiDigit)))
        {
            try
            {
                if ((await File.ReadAllTextAsync($"/proc/{process}/cmdline")).Contains($"{_folder}/exec/", StringComparison.Ordinal))
                {
                    await CleanUp.RunAsync("kill", "-KILL", process!);
                }
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
    }

    /// <summary>It leaves mounts behind, its own data among them.</summary>
    private async Task UnmountAsync()
    {
        var mounts = (await File.ReadAllLinesAsync("/proc/mounts")).Select(static line => line.Split(' ')[1]);
        foreach (var mount in mounts.Where(path => path.StartsWith($"{_folder}/", StringComparison.Ordinal)).Reverse())
        {
            await CleanUp.RunAsync("umount", "--lazy", mount);
        }
    }
}
