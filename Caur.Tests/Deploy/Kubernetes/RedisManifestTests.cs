using System.Diagnostics;
using System.Globalization;
using Caur.Silo.Demo;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>The command and the probes of the manifest, with a real Redis: only folders and the port are others.</summary>
[Collection(RenderedCollection.Name)]
public sealed class RedisManifestTests(RenderedOverlays overlays)
{
    [Fact]
    public async Task Redis_OfTheCluster_KeepsEverythingAndWantsThePassword()
    {
        Requirement.Program("redis-server");
        Requirement.Program("redis-cli");
        using var folder = new TemporaryFolder();
        var port = FreePort.Find().ToString(CultureInfo.InvariantCulture);
        var manifest = overlays["cluster"].Single(static one => one is { Kind: "StatefulSet", Name: "caur-redis" });
        var container = manifest.Containers.Single();
        var configuration = (string)overlays["cluster"].Single(static one => one is { Kind: "ConfigMap", Name: "caur-redis" }).Json["data"]!["redis.conf"]!;
        Directory.CreateDirectory(folder["data"]);
        await File.WriteAllTextAsync(folder["redis.conf"], Here(configuration), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["password"], "3f9a\n", TestContext.Current.CancellationToken);
        var command = Manifest.Texts(container["command"]).Select(Here).ToList();
        using var redis = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = Task.WhenAll(redis.StandardOutput.ReadToEndAsync(CancellationToken.None), redis.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            await Logs.Until.AnsweredAsync(
                async () =>
                {
                    redis.HasExited.ShouldBeFalse("it ended at its start");
                    return (await ProbeAsync()).ExitCode == 0;
                },
                "a Redis that is ready");

            (await AskAsync("3f9a", "CONFIG GET appendonly")).ShouldBe("appendonly yes");
            (await AskAsync("3f9a", "CONFIG GET appendfsync")).ShouldBe("appendfsync always");
            (await AskAsync("3f9a", "CONFIG GET maxmemory-policy")).ShouldBe("maxmemory-policy noeviction");
            (await AskAsync("", "GET x")).ShouldStartWith("NOAUTH");
            (await AskAsync("3f9a", "SET x 1")).ShouldBe("OK");
            (await File.ReadAllTextAsync($"/proc/{redis.Id}/cmdline", TestContext.Current.CancellationToken)).ShouldNotContain("3f9a");
            Directory.Exists(folder["data", "appendonlydir"]).ShouldBeTrue("it lies on the volume");

            // The process is the server itself, so that the signal to end reaches it.
            (await Processes.RunAsync("kill", [redis.Id.ToString(CultureInfo.InvariantCulture)])).ExitCode.ShouldBe(0);
            await redis.WaitForExitAsync(TestContext.Current.CancellationToken).DefaultTimeout("the end of Redis");
            redis.ExitCode.ShouldBe(0);
        }
        finally
        {
            if (!redis.HasExited)
            {
                redis.Kill(entireProcessTree: true);
            }

            await said;
        }

        Task<ProcessResult> ProbeAsync()
        {
            var probe = Manifest.Texts(container["readinessProbe"]!["exec"]!["command"]).Select(Here).ToList();
            return Processes.RunAsync(probe[0], probe.Skip(1));
        }

        async Task<string> AskAsync(string password, string question)
        {
            var answer = await Processes.RunAsync("redis-cli", ["-p", port, .. question.Split(' ')], environment: new Dictionary<string, string> { ["REDISCLI_AUTH"] = password });
            return answer.Output.Trim().Replace('\n', ' ');
        }

        string Here(string text) => text
            .Replace("/etc/redis/redis.conf", folder["redis.conf"], StringComparison.Ordinal)
            .Replace("/run/secrets/redis/password", folder["password"], StringComparison.Ordinal)
            .Replace("dir /data", $"dir {folder["data"]}", StringComparison.Ordinal)
            .Replace("port 6379", $"bind 127.0.0.1\nport {port}", StringComparison.Ordinal)
            .Replace("redis-cli", $"redis-cli -p {port}", StringComparison.Ordinal);
    }
}
