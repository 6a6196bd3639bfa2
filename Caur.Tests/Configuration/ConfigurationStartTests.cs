using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Configuration;

/// <summary>What the process says and how it ends.</summary>
public sealed class ConfigurationStartTests
{
    [Fact]
    public async Task Start_WithSettingsThatCannotWork_EndsWithTwoAndALineForEach()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["caur.json"], "{\n  \"builds\": { \"timeuot\": 1 },\n  \"gateway\": { \"port\": 8080 }\n}", TestContext.Current.CancellationToken);
        var ended = await Processes.RunAsync(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), "database", "--data", folder.Path, "--slots", "-1"],
            environment: new Dictionary<string, string>
            {
                ["PACKAGE_REPOS"] = ConfigurationHarness.Sources,
                ["PACKAGE_TARGET_REPOS"] = """{"farm":{"architecture":[]}}""",
                ["CAUR_WEB_PORT"] = "0",
                ["BUILDER_TIMEOUT"] = "an hour",
            });
        ended.ExitCode.ShouldBe(2, ended.ToString());
        ended.Output.ShouldBe("");
        var file = folder["caur.json"];
        ended.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
        [
            $"caur database: note: {file}:3: gateway.port is not used: CAUR_WEB_PORT in the environment wins over the file",
            "caur database: 4 things are wrong:",
            $"{file}:2: 'builds.timeuot' is no setting; did you mean builds.timeout?",
            "PACKAGE_TARGET_REPOS (environment): target_repositories: 'architecture' is no key of farm; did you mean architectures?",
            "BUILDER_TIMEOUT (environment): builds.timeout must be a whole number from 1 to 2592000 (seconds), not 'an hour'",
            "--slots must be from 0 to 1000, not -1",
        ]);
        Directory.EnumerateFileSystemEntries(folder.Path).ShouldHaveSingleItem("nothing was made");
    }

    [Fact]
    public async Task Start_OnAPortThatIsTaken_SaysOneThing()
    {
        using var folder = new TemporaryFolder();
        using var other = new TcpListener(IPAddress.IPv6Any, 0);
        other.Server.DualMode = true;
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var ended = await Processes.RunAsync(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "caur.dll"), "database", "--data", folder.Path, "--slots", "0", "--web-port", port],
            environment: new Dictionary<string, string>
            {
                ["PACKAGE_REPOS"] = ConfigurationHarness.Sources,
                ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
            });

        ended.ExitCode.ShouldBe(2, ended.ToString());
        ended.Error.ShouldBe($"caur database: Failed to bind to address http://[::]:{port}: address already in use.\n");
        ended.Output.ShouldNotContain("Exception");
    }
}
