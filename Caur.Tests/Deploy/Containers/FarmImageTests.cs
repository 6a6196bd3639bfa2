using System.Text.Json;
using Caur.Tests.Api;
using Caur.Tests.Farm;
using Caur.Tests.Pipelines.Git;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Containers;

/// <summary>The farm's image, in a container that may do as little as compose.yaml lets it.</summary>
public sealed class FarmImageTests(FarmImage image) : IClassFixture<FarmImage>
{
    private static readonly string[] Rightless = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];

    private static readonly string[] Restricted = [.. Rightless, "--network", "none"];

    /// <summary>The script that compose.yaml and the image ask for health, and what a person looks for in a container, from one to the last.</summary>
    [Fact]
    public async Task Hub_InAContainerWithoutRights_StartsServesReapsAndEnds()
    {
        var name = $"caur-test-{Guid.NewGuid():N}";
        try
        {
            await MustAsync(
            [
                "run", "--detach", "--name", name, .. Restricted, "--volume", $"{name}:/var/lib/caur", "--health-interval", "1s",
                "--env", """PACKAGE_REPOS={"s":{"url":"https://git.example.org/s.git"}}""", "--env", """PACKAGE_TARGET_REPOS={"farm":{}}""",
                image.Name, "database", "--web-port", "8080", "--data", "/var/lib/caur", "--slots", "0",
            ]);
            await ApiHub.UntilAsync(async () => (await MustAsync(["inspect", "--format", "{{.State.Health.Status}} {{.State.Running}}", name])) switch
            {
                "healthy true" => true,
                "starting true" => false,
                var other => throw new InvalidOperationException($"{other}: {await image.Engine.RunAsync(["logs", name])}"),
            }, "health");
            var compose = ComposeFile.Lines(ComposeFile.Map(ComposeFile.Read().Services.Single(static service => service.Name == "hub")["healthcheck"])["test"]);
            compose[0].ShouldBe("CMD");
            await InsideAsync(name, [.. compose.Skip(1)]);

            (await InsideAsync(name, "id", "-u")).ShouldBe("10001");
            (await InsideAsync(name, "stat", "--format", "%u %a", "/var/lib/caur/admin.token")).ShouldBe("10001 600");
            (await InsideAsync(name, "caur", "token", "create", "--role", "ci", "--name", "somebody")).ShouldStartWith("caur_");
            await InsideAsync(name, "bash", "-c", "set -e; git --version; ssh -V; command -v sftp shfmt; gpg --homedir /var/lib/caur/keys --list-secret-keys; test -s /etc/ssl/certs/ca-certificates.crt; touch ~/x /tmp/x");
            (await image.Engine.RunAsync(["exec", name, "touch", "/opt/caur/x"])).ExitCode.ShouldNotBe(0, "nothing is written but in the volume");

            // A process whose parent has gone is the first process' child: it has to take in its end.
            var orphan = await InsideAsync(name, "bash", "-c", "sleep 0.2 >/dev/null & echo $!");
            await ApiHub.UntilAsync(async () => (await image.Engine.RunAsync(["exec", name, "test", "-e", $"/proc/{orphan}"])).ExitCode != 0, $"the end of process {orphan}");

            await MustAsync(["stop", "--time", "55", name]);
            (await MustAsync(["inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", name])).ShouldBe("0 false");
            (await image.Engine.RunAsync(["logs", name])).ToString().ShouldContain("The embedded engine has stopped");
        }
        finally
        {
            await image.Engine.CleanUpAsync(["rm", "--force", "--volumes", name]);
            await image.Engine.CleanUpAsync(["volume", "rm", "--force", name]);
        }
    }

    /// <summary>The agent is nobody on the machine but for the engine's socket, and builds lie where the machine has them.</summary>
    [Fact]
    public async Task Builder_InAContainerWithTheEnginesSocket_BuildsBesideItselfAndEnds()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Requirement.Missing("only root can give a folder to the image's user");
        }

        using var setup = await FarmSetup.CreateAsync();
        await setup.Sources.AddAsync("contained", "pkgver=1.0");
        await setup.Sources.CommitAsync();
        await using var sources = new GitDaemon(Path.GetDirectoryName(setup.Sources.Path)!);
        await using var hub = await setup.StartHubAsync(
            ("CAUR_SLOTS", "0"), ("PACKAGE_REPOS", $$$"""{"sources":{"url":"{{{sources.Url}}}/{{{Path.GetFileName(setup.Sources.Path)}}}"}}"""));
        var token = (await hub.PostAsync("/api/v1/tokens", new { role = "Builder", name = "contained" })).GetProperty("token").GetString();
        await File.WriteAllTextAsync(setup["token"], token, TestContext.Current.CancellationToken);
        var shared = Directory.CreateDirectory(setup["shared"]).FullName;
        (await Processes.RunAsync("chown", ["10001:10001", shared, setup["token"]])).ExitCode.ShouldBe(0);
        var group = (await Processes.RunAsync("stat", ["--format", "%g", image.Engine.SocketPath])).Output.Trim();
        var name = $"caur-test-{Guid.NewGuid():N}";
        try
        {
            await MustAsync(
            [
                "run", "--detach", "--name", name, .. Rightless, "--network", "host", "--group-add", group,
                "--volume", $"{image.Engine.SocketPath}:/var/run/docker.sock", "--volume", $"{shared}:/shared", "--volume", $"{setup["token"]}:/run/secrets/builder_token:ro",
                "--env", $"SHARED_PATH={shared}", "--env", "CAUR_TOKEN_FILE=/run/secrets/builder_token", "--env", "BUILDER_HOSTNAME=contained", "--env", "CAUR_SLOTS=1",
                "--env", $"CAUR_URL={hub.Http.BaseAddress}", image.Name, "builder",
            ]);
            var build = (await hub.ScheduleAsync("sources", "farm", "contained")).GetProperty("builds")[0].GetProperty("build").GetString()!;

            var ended = await hub.SettledAsync(build, TimeSpan.FromMinutes(2));

            ended.GetProperty("state").GetString().ShouldBe("Published", $"{ended}\n{await image.Engine.RunAsync(["logs", name])}");
            await MustAsync(["stop", "--time", "55", name]);
            (await MustAsync(["inspect", "--format", "{{.State.ExitCode}}", name])).ShouldBe("0");
            Directory.EnumerateFileSystemEntries(Path.Combine(shared, "attempts")).ShouldBeEmpty("what root wrote in the container of the build is gone too");
        }
        finally
        {
            await image.Engine.CleanUpAsync(["rm", "--force", "--volumes", name]);
        }
    }

    [Fact]
    public async Task Image_WithoutAVerb_SaysWhichThereAreAndWhatItIs()
    {
        (await MustAsync(["run", "--rm", .. Restricted, image.Name])).ShouldContain("builder");
        var inspected = JsonSerializer.Deserialize<JsonElement>(await MustAsync(["inspect", "--format", "{{json .Config}}", image.Name]));

        inspected.GetProperty("User").GetString().ShouldBe("10001:10001");
        inspected.GetProperty("StopSignal").GetString().ShouldBe("SIGTERM");
        inspected.GetProperty("ExposedPorts").EnumerateObject().ShouldHaveSingleItem().Name.ShouldBe("8080/tcp");
        inspected.GetProperty("Volumes").EnumerateObject().ShouldHaveSingleItem().Name.ShouldBe("/var/lib/caur");
        var labels = inspected.GetProperty("Labels");
        labels.GetProperty("org.caur.engine").GetString().ShouldBe("embedded");
        labels.GetProperty("org.opencontainers.image.version").GetString().ShouldBe(typeof(Caur.Silo.Cli.ExitCodes).Assembly.GetName().Version!.ToString(3));
    }

    private async Task<string> MustAsync(IEnumerable<string> arguments)
    {
        var ended = await image.Engine.RunAsync(arguments);
        ended.ExitCode.ShouldBe(0, $"{string.Join(' ', arguments)}: {ended}");
        return ended.Output.Trim();
    }

    private Task<string> InsideAsync(string container, params string[] command) => MustAsync(["exec", container, .. command]);
}
