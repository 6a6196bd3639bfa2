using System.Text.Json;
using Caur.Silo.Cli;
using Caur.Tests.Cli;
using Caur.Tests.Pipelines.Git;

namespace Caur.Tests.Pipelines.Ci;

public sealed class PlanVerbTests : IAsyncLifetime
{
    private SourceRemote _remote = null!;

    public async ValueTask InitializeAsync()
    {
        _remote = await SourceRemote.CreateAsync();
        await _remote.CommitAsync(
            "init",
            [
                .. SourceRemote.Package("base"),
                .. SourceRemote.Package("app"), ("app/.SRCINFO", SourceRemote.Srcinfo("app", "depends = base", "depends = libfoo.so")),
                .. SourceRemote.Package("heavy"), ("heavy/.CI/config", "CI_REBUILD_TRIGGERS=libfoo.so\nCI_ON_TRIGGER=heavy\n"),
            ]);
    }

    public ValueTask DisposeAsync()
    {
        _remote.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Plan_WithoutAFarm_PrintsOrderReasonsAndWhatIsLeftOut()
    {
        var run = await RunAsync("base", "--all", "libfoo.so");

        var lines = run.Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(4);
        lines[1].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ShouldBe(["1", "base", "asked", "for"]);
        lines[2].ShouldContain("depends on libfoo.so; depends on base, which is rebuilt");
        lines[2].ShouldEndWith("base");
        lines[3].ShouldBe("left out: heavy: not scheduled: trigger heavy");
    }

    [Fact]
    public async Task Plan_WithJson_PrintsOneDocument()
    {
        var head = await _remote.ParseAsync("HEAD");

        using var document = JsonDocument.Parse((await RunAsync("--json", "libfoo.so")).Succeeded().Output);

        var root = document.RootElement;
        (root.GetProperty("commit").GetString(), root.GetProperty("arch").GetString()).ShouldBe((head, "x86_64"));
        var build = root.GetProperty("builds").EnumerateArray().ShouldHaveSingleItem();
        build.GetProperty("pkgbase").GetString().ShouldBe("app");
        var reason = build.GetProperty("reasons").EnumerateArray().ShouldHaveSingleItem();
        (reason.GetProperty("kind").GetString(), reason.GetProperty("cause").GetString()).ShouldBe(("Dependency", "libfoo.so"));
        root.GetProperty("left_out").EnumerateArray().ShouldHaveSingleItem().GetProperty("pkgbase").GetString().ShouldBe("heavy");
        (root.GetProperty("cycles").GetArrayLength(), root.GetProperty("unknown").GetArrayLength()).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Plan_WhenANameIsUnknown_EndsWithOneAndNamesTheNearest()
    {
        var run = await RunAsync("haevy", "app");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("haevy is no package here, and none depends on it or has it as a rebuild trigger (did you mean heavy?)");
        run.Output.ShouldContain("asked for");
    }

    [Theory]
    [InlineData(ExitCodes.Usage)]
    [InlineData(ExitCodes.Usage, "app", "--depth", "-1")]
    [InlineData(ExitCodes.Usage, "app", "--depth", "x")]
    [InlineData(ExitCodes.Usage, "app", "--depth", "99999999999")]
    [InlineData(ExitCodes.Usage, "app", "--depth", "1", "--all")]
    [InlineData(ExitCodes.Usage, "app", "--arch", "../x")]
    [InlineData(ExitCodes.Failed, "app", "--commit", "--upload-pack=x")]
    public async Task Plan_WhenWronglyUsed_SaysSo(int code, params string[] arguments) => (await RunAsync(arguments)).ExitCode.ShouldBe(code);

    private Task<CliRun> RunAsync(params string[] arguments) => CliRun.RunAsync(["ci", "plan", "--repository", _remote.Work.Folder, .. arguments]);
}
