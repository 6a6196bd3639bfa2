using System.Text;
using Caur.Pipelines.Sandbox;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;
using Caur.Tests.Pipelines.Upstream;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Sandbox;

public sealed class ContainerSandboxTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunAsync_WhenScriptWorks_GivesWhatItSaidAndLeft()
    {
        var sandbox = await SandboxAsync();
        var files = FileTree.Of(
        [
            new("PKGBUILD", TreeFile.Plain("pkgname=tool\npkgver=1.0\npkgrel=1\narch=(any)\nlicense=(MIT)\nsource=(a.txt)\nsha256sums=('old')\n")),
            new("a.txt", TreeFile.Plain("content")),
            new("run.sh", new TreeFile(TreeFileKind.Executable, Encoding.UTF8.GetBytes("#!/bin/sh\nid -u\n"))),
            new("d/link", new TreeFile(TreeFileKind.Link, "../a.txt"u8.ToArray())),
        ]);
        var ran = await sandbox.RunAsync(Job(files, "./run.sh; echo \"$PACKAGE ${PWD##*/} ${HUB_SECRET-none}\"; echo oops >&2; echo x > new; rm a.txt; exit 5"), Token);
        ran.Problem.ShouldBeNull();
        ran.Value!.ExitCode.ShouldBe(5);
        ran.Value.Output.ShouldBe("1000\ntool tool none\n");
        ran.Value.Error.ShouldBe("oops\n");
        ran.Value.Files.Files.Keys.ShouldBe(["PKGBUILD", "d/link", "new", "run.sh"]);
        ran.Value.Files.Find("run.sh").ShouldBe(files.Find("run.sh"));
        ran.Value.Files.Find("d/link").ShouldBe(files.Find("d/link"));

        // With the image's own makepkg.
        var sums = await new PackageScripts(sandbox).SumsAsync("tool", files, "new", Token);
        sums.Problem.ShouldBeNull();
        sums.Value!.Files!.Text("PKGBUILD")!.ShouldContain("sha256sums=('ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73')");
        sums.Value.Files.Text(".SRCINFO")!.ShouldContain("\tpkgver = 1.0\n");
    }

    [Fact]
    public async Task RunAsync_WhenScriptIsHostile_IsRefusedAndNothingStays()
    {
        var engine = await ContainerEngine.RequireAsync();
        var sandbox = await SandboxAsync();
        var files = FileTreeTests.Tree(("PKGBUILD", "x"));
        (await sandbox.RunAsync(Job(files, "ln -s /etc/passwd PKGBUILD2"), Token)).Problem.ShouldEndWith("it holds a link that leads out of its folder: PKGBUILD2");
        (await sandbox.RunAsync(Job(files, "sleep 1000") with { Timeout = TimeSpan.FromSeconds(2) }, Token)).Problem!.ShouldContain("it took longer than");
        (await sandbox.RunAsync(Job(files, "yes | head -c 9000000 > large"), Token)).Problem!.ShouldContain("it wrote too much");

        var left = await engine.RunAsync(["ps", "--all", "--quiet", "--filter", $"label=caur.sandbox.test={_mark}"]);
        left.Output.Trim().ShouldBeEmpty();
    }

    [Fact]
    public async Task RunAsync_WhenThereIsNoEngine_SaysSo() =>
        (await new ContainerSandbox(new ProcessRunner(TimeProvider.System), new SandboxOptions { Command = "no-such-engine", Image = "x" }).RunAsync(Job(FileTree.Empty, ""), Token))
            .Problem.ShouldBe("test did not run to its end: no-such-engine is not installed");

    private readonly string _mark = Guid.NewGuid().ToString("N");

    private static SandboxJob Job(FileTree files, string script) => new()
    {
        What = "test",
        PkgBase = "tool",
        Files = files,
        Script = script,
        Environment = new Dictionary<string, string> { ["PACKAGE"] = "tool" },
    };

    private async Task<ContainerSandbox> SandboxAsync()
    {
        var engine = await ContainerEngine.RequireAsync();
        return new ContainerSandbox(new ProcessRunner(TimeProvider.System), new SandboxOptions
        {
            Command = engine.Command,
            GlobalArguments = engine.Command == "podman" ? ["--remote"] : [],
            Environment = new Dictionary<string, string?>
            {
                ["DOCKER_HOST"] = $"unix://{engine.SocketPath}",
                ["CONTAINER_HOST"] = $"unix://{engine.SocketPath}",
                ["HUB_SECRET"] = "hunter2",
            },
            Image = engine.BuilderImage,
            Network = "none",
            MaxBytes = 4 << 20,
            Labels = new Dictionary<string, string> { ["caur.sandbox.test"] = _mark },
        });
    }
}
