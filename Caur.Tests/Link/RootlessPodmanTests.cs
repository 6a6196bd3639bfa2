using System.Diagnostics;
using System.Globalization;
using Caur.Builder.Containers;
using Caur.Protocol.Builders;
using Caur.Silo.Cli;
using Caur.Tests.Support;

namespace Caur.Tests.Link;

/// <summary>A builder that an ordinary user runs with a podman of their own, prepared as docs/builders.md says.</summary>
public sealed class RootlessPodmanTests
{
    private const string UserVariable = "CAUR_TEST_ROOTLESS_USER";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Builder_OfAnOrdinaryUserWithRootlessPodman_BuildsUploadsAndLeavesNothing()
    {
        if (Environment.GetEnvironmentVariable(UserVariable) is not { Length: > 0 } name || !Environment.IsPrivilegedProcess || !Processes.OnPath("podman"))
        {
            Requirement.Missing($"{UserVariable} names no user with a rootless podman, or this is not root: docs/builders.md has how to prepare one");
            return;
        }

        var farm = new BuilderFarm();
        await farm.InitializeAsync();
        var user = new User(name, await IdAsync("-u"), await IdAsync("-g"));
        var folder = Directory.CreateDirectory(farm.Setup["rootless"]).FullName;
        var data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, ".gitconfig"), "[safe]\n\tdirectory = *\n", Token);
        (await Processes.RunAsync("chown", ["-R", $"{user.Id}:{user.Group}", folder])).ExitCode.ShouldBe(0);
        var image = farm.Setup.Engine.BuilderImage;
        await LoadAsync();
        var socket = Path.Combine(folder, "podman.sock");
        using var service = Process.Start(new ProcessStartInfo("setpriv", [.. user.Podman, "system", "service", "--time", "0", $"unix://{socket}"]) { RedirectStandardError = true })!;
        try
        {
            await Api.ApiHub.UntilAsync(() => Task.FromResult(File.Exists(socket)), "podman's socket");
            var variables = await farm.VariablesAsync("rootless");
            foreach (var (key, value) in ((string, string)[])[("HOME", folder), ("CAUR_DATA", data), ("CONTAINER_ENGINE", "podman"), ("DOCKER_HOST", $"unix://{socket}")])
            {
                variables[key] = value;
            }

            var build = await farm.ScheduleAsync("quick");
            await using var builder = BuilderProcess.Start(["--once"], variables, ["setpriv", .. user.Become]);
            (await builder.EndAsync()).ShouldBe(ExitCodes.Ok, builder.Output);

            var view = await farm.Hub.SettledAsync(build, TestTimeouts.Longest);
            view.GetProperty("state").GetString().ShouldBe("Published", await farm.LogAsync(build));
            builder.Output.ShouldContain("The container engine is podman");
            Directory.EnumerateFileSystemEntries(Path.Combine(data, "builder", "attempts")).ShouldBeEmpty();
            (await Processes.RunAsync("setpriv", [.. user.Podman, "ps", "--all", "--quiet", "--filter", "label=caur.builder=rootless"])).Output.Trim().ShouldBeEmpty();
        }
        finally
        {
            service.Kill();
            await service.WaitForExitAsync(CancellationToken.None);
            await farm.DisposeAsync();
        }

        async Task<int> IdAsync(string what) =>
            int.Parse((await Processes.RunAsync("id", [what, name])).Output, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

        // Carried over once; afterwards it is there.
        async Task LoadAsync()
        {
            if ((await Processes.RunAsync("setpriv", [.. user.Podman, "image", "exists", image])).ExitCode == 0)
            {
                return;
            }

            var archive = Path.Combine(folder, "image.tar");
            (await farm.Setup.Engine.RunAsync(["save", "--output", archive, image])).ExitCode.ShouldBe(0);
            File.SetUnixFileMode(archive, (UnixFileMode)0b110_100_100);
            var loaded = await Processes.RunAsync("setpriv", [.. user.Podman, "load", "--input", archive]);
            loaded.ExitCode.ShouldBe(0, loaded.ToString());
            File.Delete(archive);
        }
    }

    [Theory]
    [InlineData("http://host.docker.internal:8080/repos/$repo/$arch", "http://host.containers.internal:8080/repos/$repo/$arch")]
    [InlineData("https://host.docker.internal", "https://host.containers.internal")]
    [InlineData("https://host.docker.internal.example.org/x", "https://host.docker.internal.example.org/x")]
    [InlineData("https://example.org//host.docker.internal/x", "https://example.org//host.docker.internal/x")]
    public void ForPodman_OfTheHostsName_SaysPodmans(string server, string expected)
    {
        var order = new BuildOrder
        {
            Attempt = new AttemptRef("farm/x86_64/a/1900000000000", 1),
            Pkgbase = "a",
            TargetRepository = "farm",
            Arch = "x86_64",
            SourceRepository = "tests",
            SourceUrl = "https://example.org/x.git",
            Commit = "0123456789",
            Image = "x",
            Repositories = [new PacmanRepository("farm", [server])],
        };

        HostName.ForPodman(order).Repositories[0].Servers.ShouldBe([expected]);
    }

    private sealed record User(string Name, int Id, int Group)
    {
        /// <summary>setpriv's arguments before a command of this user.</summary>
        public string[] Become => [$"--reuid={Id}", $"--regid={Group}", "--init-groups"];

        /// <summary>The user's own podman; its storage is theirs, and where it runs is what a login makes.</summary>
        public string[] Podman => [.. Become, "env", "-C", $"/home/{Name}", "-u", "CONTAINER_HOST", "-u", "DOCKER_HOST", $"HOME=/home/{Name}", $"XDG_RUNTIME_DIR=/run/user/{Id}", "podman"];
    }
}
