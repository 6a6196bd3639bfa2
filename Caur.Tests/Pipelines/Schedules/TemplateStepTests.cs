using Caur.Pipelines.Runs;
using Caur.Tests.Sources;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>The CI files follow a template, and only they do.</summary>
public sealed class TemplateStepTests(ScheduleStart start) : IAsyncLifetime, IClassFixture<ScheduleStart>
{
    private ScheduleRig _rig = null!;
    private GitWorkTree _template = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await ScheduleRig.StartAsync(start);
        _template = new GitWorkTree(_rig.Remote["template"]);
        await PushAsync(
            "ci",
            (".ci/config", $"{ScheduleRig.Config}TEMPLATE_ENABLE_UPDATES=true\nTEMPLATE_REPO=file://{_template.Folder}\n"),
            (".gitlab-ci.yml", "old\n"),
            (".github/workflows/push.yml", "old\n"),
            ("README.md", "ours\n"));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task RunAsync_WhenTheTemplateIsNewer_BringsTheListedFilesThatAreThereAndMovesTheTag()
    {
        await TemplateAsync(
            "# kept up to date\n.gitlab-ci.yml\n\n.github/workflows/push.yml\n.github/workflows/new.yml\n.woodpecker/push.yml\n.forgejo.yml\n",
            (".gitlab-ci.yml", "new\n"), (".github/workflows/push.yml", "new\n"), (".github/workflows/new.yml", "new\n"), (".woodpecker/push.yml", "new\n"),
            (".forgejo.yml", "new\n"), (".ci/config", "BUILD_REPO=theirs\n"), ("README.md", "theirs\n"));
        var before = await _rig.RefAsync("refs/heads/main");

        var dry = await _rig.RunAsync(_rig.Options with { DryRun = true });
        Template(dry).Detail.ShouldEndWith(": .github/workflows/push.yml, .gitlab-ci.yml, .github/workflows/new.yml");
        (await _rig.RefAsync("refs/heads/main")).ShouldBe(before);

        var run = await _rig.RunAsync();

        Template(run).Outcome.ShouldBe(StepOutcome.Done, Template(run).Detail);
        var head = await _rig.RefAsync("refs/heads/main");
        (run.Commit, await _rig.Remote.TagAsync()).ShouldBe((head, head));
        (await _rig.GitAsync("log", "-1", "--format=%P %s", "main")).ShouldMatch($"^{before} chore\\(ci\\): template [0-9a-f]{{10}} \\[skip ci\\]$");
        (await _rig.GitAsync("diff", "--name-only", before, head)).Split('\n').ShouldBe([".github/workflows/new.yml", ".github/workflows/push.yml", ".gitlab-ci.yml"]);
        (await _rig.TextAsync(".gitlab-ci.yml")).ShouldBe("new");

        // Once: what somebody changes afterwards stays, until the template has a newer commit.
        await _rig.Remote.Work.GitAsync("pull", "-q", "origin", "main");
        await PushAsync("by hand", (".gitlab-ci.yml", "mine\n"));
        Template(await _rig.RunAsync()).Detail.ShouldStartWith("nothing newer than ");
        (await _rig.TextAsync(".gitlab-ci.yml")).ShouldBe("mine");
        await TemplateAsync(".gitlab-ci.yml\n", (".gitlab-ci.yml", "newer\n"));
        Template(await _rig.RunAsync()).Detail.ShouldEndWith(": .gitlab-ci.yml");
        (await _rig.TextAsync(".gitlab-ci.yml")).ShouldBe("newer");
    }

    [Theory]
    [InlineData(null, "it has no .ci/template")]
    [InlineData(".gitlab-ci.yml\ntool/PKGBUILD\n", "lists tool/PKGBUILD, which no template may change")]
    [InlineData(".ci/config\n", "lists .ci/config, which no template may change")]
    [InlineData(".github/../tool/PKGBUILD\n", "which no template may change")]
    [InlineData(".gitlab-ci.yml\n.github/away.yml\n", "lists .github/away.yml, which it does not have as a file")]
    public async Task RunAsync_WhenTheTemplateIsNoneOrReachesTooFar_TakesNothingAndSaysSoEachTime(string? list, string said)
    {
        await TemplateAsync(list, (".gitlab-ci.yml", "new\n"), ("tool/PKGBUILD", "evil\n"), (".ci/config", "evil\n"));
        var refs = await _rig.RefAsync("refs/heads/main");

        for (var i = 0; i < 2; i++)
        {
            var run = await _rig.RunAsync();
            run.Outcome.ShouldBe(RunOutcome.NothingToDo, run.Summary);
            Template(run).Outcome.ShouldBe(StepOutcome.Skipped);
            run.Notes.ShouldContain(note => note.Contains(said, StringComparison.Ordinal));
        }

        (await _rig.RefAsync("refs/heads/main")).ShouldBe(refs);
    }

    private static RunStep Template(PipelineRun run) => run.Steps.Single(step => step.Name == "template");

    private Task TemplateAsync(string? list, params (string Path, string Text)[] files) =>
        _template.CommitAsync(list is null ? files : [(".ci/template", list), .. files]);

    private async Task PushAsync(string message, params (string Path, string Text)[] files) => await _rig.TagAsync(await _rig.Remote.PushAsync(message, files));
}
