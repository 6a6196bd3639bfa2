using System.Text.RegularExpressions;
using Caur.Pacman;
using Caur.Pipelines.Reading;
using Caur.Silo.Cli;
using Caur.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace Caur.Tests.Template;

/// <summary>The template of a source repository: what its CI files call, on either forge, with whatever somebody fills in.</summary>
public sealed partial class TemplateTests
{
    /// <summary>What <c>caur ci</c> has for a pipeline. None of them takes an option in the template.</summary>
    private static readonly string[] Verbs = ["add", "bump", "drop", "on-commit", "on-schedule", "schedule"];

    private static readonly string[] Hostile =
    [
        "a; touch pwned", "$(touch pwned)", "`touch pwned`", "a\ntouch pwned\n", "' || touch pwned; '", "\"; touch pwned; \"", "--help", "${CAUR_TOKEN} *",
    ];

    private static string Workflow(string name) => Path.Combine(TemplateFiles.Folder, ".github", "workflows", $"{name}.yml");

    private static readonly (string, string)[] Secrets =
    [
        ("vars.CAUR_URL", "https://farm.example.org"), ("secrets.CAUR_TOKEN", "caur-secret"), ("secrets.ACCESS_TOKEN", "git-secret"), ("github.token", "job-token"),
    ];

    [Fact]
    public async Task GitLab_OnAPush_HandsOverWhatCameAndNothingElse()
    {
        using var run = await TemplateRun.CreateAsync();

        var (job, result, calls) = (await run.GitLabAsync("push", ("CAUR_TOKEN", "caur-secret"))).ShouldHaveSingleItem();

        (job, result.ExitCode).ShouldBe(("on-commit", 0), result.ToString());
        calls.ShouldHaveSingleItem().Arguments.ShouldBe(["ci", "on-commit"]);
        (await run.GitLabAsync("push", ("OPERATION", "drop"), ("PACKAGES", "a"))).ShouldHaveSingleItem().Job.ShouldBe("on-commit");
    }

    [Theory]
    [InlineData("schedule", "none", "")]
    [InlineData("schedule", "none", "daily")]
    [InlineData("web", "on-schedule", "midnight; touch pwned")]
    public async Task GitLab_OnASchedule_LooksForWhatIsNew(string source, string operation, string trigger)
    {
        using var run = await TemplateRun.CreateAsync();

        var (job, result, calls) = (await run.GitLabAsync(source, ("OPERATION", operation), ("TRIGGER", trigger), ("PACKAGES", "a"))).ShouldHaveSingleItem();

        (job, result.ExitCode).ShouldBe(("on-schedule", 0), result.ToString());
        var call = calls.ShouldHaveSingleItem();
        call.Arguments.ShouldBe(["ci", "on-schedule"]);
        call.Environment["TRIGGER"].ShouldBe(trigger);
        File.Exists(Path.Combine(run.Checkout, "pwned")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("schedule", "schedule")]
    [InlineData("none", "schedule")]
    [InlineData("add", "add")]
    [InlineData("drop", "drop")]
    [InlineData("bump", "bump")]
    public async Task GitLab_WhenSomebodyOrders_PassesItOnUnchangedWhateverItIs(string operation, string verb)
    {
        using var run = await TemplateRun.CreateAsync();
        foreach (var value in Hostile.Prepend("a:b/9"))
        {
            var (job, result, calls) = (await run.GitLabAsync("web", ("OPERATION", operation), ("PACKAGES", value))).ShouldHaveSingleItem();

            (job, result.ExitCode).ShouldBe((verb, 0), result.ToString());
            var call = calls.ShouldHaveSingleItem();
            call.Arguments.ShouldBe(["ci", verb]);
            call.Environment["PACKAGES"].ShouldBe(value);
        }

        File.Exists(Path.Combine(run.Checkout, "pwned")).ShouldBeFalse();
    }

    [Fact]
    public async Task GitLab_WhenNothingOrSomethingUnknownIsOrdered_RunsNothing()
    {
        using var run = await TemplateRun.CreateAsync();

        (await run.GitLabAsync("web")).ShouldBeEmpty();
        (await run.GitLabAsync("web", ("OPERATION", "\" || \"1\" == \"1"), ("PACKAGES", "a"))).ShouldBeEmpty();
        (await run.GitLabAsync("merge_request_event", ("CI_DEFAULT_BRANCH", "other"))).ShouldBeEmpty();
    }

    [Fact]
    public async Task GitLab_WithSecretsInFiles_GivesSshAClosedFileAndCaurTheAursKey()
    {
        using var run = await TemplateRun.CreateAsync();
        var (ssh, aur) = (await run.FileAsync("ssh", "ssh-key\n"), await run.FileAsync("aur", "line 1\nline 2\n"));

        var call = (await run.GitLabAsync("schedule", ("CAUR_SSH_KEY", ssh), ("AUR_KEY", aur))).ShouldHaveSingleItem().Calls.ShouldHaveSingleItem();

        (call.Environment["CAUR_SSH_KEY"], call.Environment["AUR_KEY"]).ShouldBe((ssh, "line 1\nline 2"));
        File.GetUnixFileMode(ssh).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await run.GitLabAsync("schedule", ("AUR_KEY", "the text"))).ShouldHaveSingleItem().Calls.ShouldHaveSingleItem().Environment["AUR_KEY"].ShouldBe("the text");
    }

    [Fact]
    public async Task GitLab_WhenCaurFails_TheJobFails()
    {
        using var run = await TemplateRun.CreateAsync();
        run.Failing = "ci on-commit";

        (await run.GitLabAsync("push")).ShouldHaveSingleItem().Result.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task GitHub_OnAPush_HandsOverWhatCameWithItsSecretsAlone()
    {
        using var run = await TemplateRun.CreateAsync();

        var (last, calls) = await run.GitHubAsync(Workflow("on-commit"), [.. Secrets, ("secrets.AUR_KEY", "aur-secret"), ("secrets.CAUR_SSH_KEY", "ssh-secret")]);

        last.ExitCode.ShouldBe(0, last.ToString());
        var call = calls.ShouldHaveSingleItem();
        call.Arguments.ShouldBe(["ci", "on-commit"]);
        (call.Environment["CAUR_URL"], call.Environment["CAUR_TOKEN"], call.Environment["ACCESS_TOKEN"]).ShouldBe(("https://farm.example.org", "caur-secret", "git-secret"));
        (call.Environment["AUR_KEY"], call.Environment.Values.Count(value => value == "ssh-secret")).ShouldBe(("aur-secret", 0));
        File.ReadAllText(call.Environment["CAUR_SSH_KEY"]).ShouldBe("ssh-secret\n");
        File.GetUnixFileMode(call.Environment["CAUR_SSH_KEY"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData("7,37 * * * *", null, "")]
    [InlineData("17 3 * * *", null, "daily")]
    [InlineData(null, "midnight; touch pwned", "midnight; touch pwned")]
    [InlineData(null, "", "")]
    public async Task GitHub_OnASchedule_FirstDoesWhatAPushLeft(string? cron, string? input, string trigger)
    {
        using var run = await TemplateRun.CreateAsync();
        var crons = ((YamlSequenceNode)TemplateFiles.Parse(Workflow("on-schedule")).Find("on", "schedule")!).Select(one => one.Find("cron").Text());

        var (last, calls) = await run.GitHubAsync(
            Workflow("on-schedule"),
            [.. Secrets.Where(pair => pair.Item1 != "secrets.ACCESS_TOKEN"), ("secrets.AUR_KEY", "aur-secret"), ("github.event.schedule", cron ?? ""), ("inputs.trigger", input ?? "")]);

        last.ExitCode.ShouldBe(0, last.ToString());
        calls.Select(call => string.Join(' ', call.Arguments)).ShouldBe(["ci on-commit", "ci on-schedule"]);
        calls.ShouldAllBe(call => call.Environment["TRIGGER"] == trigger && call.Environment["ACCESS_TOKEN"] == "job-token");
        calls.ShouldAllBe(call => call.Environment["AUR_KEY"] == "aur-secret");
        File.Exists(Path.Combine(run.Checkout, "pwned")).ShouldBeFalse();
        (cron is null || crons.Contains(cron)).ShouldBeTrue("the schedule that stands for a trigger is one of the workflow's");
    }

    [Fact]
    public async Task GitHub_WhenWhatAPushLeftFails_LooksForNothing()
    {
        using var run = await TemplateRun.CreateAsync();
        run.Failing = "ci on-commit";

        var (last, calls) = await run.GitHubAsync(Workflow("on-schedule"), Secrets);

        (last.ExitCode, calls.Count).ShouldBe((1, 1));
    }

    [Theory]
    [InlineData("schedule")]
    [InlineData("add")]
    [InlineData("drop")]
    [InlineData("bump")]
    public async Task GitHub_WhenSomebodyOrders_PassesItOnUnchangedWhateverItIs(string operation)
    {
        using var run = await TemplateRun.CreateAsync();
        foreach (var value in Hostile.Prepend("a:b/9"))
        {
            var (last, calls) = await run.GitHubAsync(Workflow("manual"), [.. Secrets, ("inputs.operation", operation), ("inputs.packages", value)]);

            last.ExitCode.ShouldBe(0, last.ToString());
            var call = calls.ShouldHaveSingleItem();
            call.Arguments.ShouldBe(["ci", operation]);
            call.Environment["PACKAGES"].ShouldBe(value);
            call.Environment["CAUR_TOKEN"].ShouldBe("caur-secret");
        }

        File.Exists(Path.Combine(run.Checkout, "pwned")).ShouldBeFalse();
    }

    [Fact]
    public void Scripts_OnBothForges_CallTheVerbsThatThereAreAndHaveNoInputInTheirText()
    {
        var lab = TemplateFiles.GitLabJobs().Values.SelectMany(job => job["script"].Lines()).ToList();
        var hub = TemplateFiles.Workflows.SelectMany(file => TemplateFiles.Scripts(TemplateFiles.Parse(file))).Select(script => script.Script).ToList();

        // What looks only, somebody does at home.
        var real = CommandLine.Create(new CliContext(() => Stream.Null, TextWriter.Null, TextWriter.Null, _ => null, isTerminal: false))
            .Subcommands.Single(verb => verb.Name == "ci").Subcommands.Select(verb => verb.Name).ToList();
        real.ShouldContain("on-commit");
        real.Except(["plan"]).ShouldBeSubsetOf(Verbs);
        Called(lab).ShouldBe(Verbs);
        Called(hub).ShouldBe(Verbs);
        hub.ShouldAllBe(script => !script.Contains("${{", StringComparison.Ordinal));
        File.ReadAllText(TemplateFiles.GitLab).ShouldNotContain("$[[");

        static IEnumerable<string> Called(IEnumerable<string> scripts) =>
            scripts.SelectMany(script => CaurCall().Matches(script)).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Jobs_ThatChangeTheRepository_NeverOverlap()
    {
        TemplateFiles.GitLabJobs().Where(job => job.Value.TryGetValue("resource_group", out var group) && group.Text() == "caur").Select(job => job.Key).Order(StringComparer.Ordinal)
            .ShouldBe(Verbs.Except(["schedule"]));
        foreach (var file in TemplateFiles.Workflows)
        {
            var concurrency = TemplateFiles.Parse(file).Find("concurrency");
            var operations = Path.GetFileName(file) == "manual.yml" ? Verbs.Except(["on-commit", "on-schedule"]) : ["none"];
            foreach (var operation in operations)
            {
                ForgeExpression.Fill(concurrency.Find("group").Text()!, name => name == "inputs.operation" ? operation : "77")
                    .ShouldBe(operation == "schedule" ? "caur-77" : "caur", file);
            }

            concurrency.Find("cancel-in-progress").Text().ShouldBe("false", file);
        }
    }

    [Fact]
    public void Checkouts_OnGitHub_LeaveNoPasswordBehind()
    {
        foreach (var file in TemplateFiles.Workflows)
        {
            var jobs = ((YamlMappingNode)TemplateFiles.Parse(file).Find("jobs")!).Children.Values;
            var checkouts = jobs.SelectMany(job => (YamlSequenceNode)job.Find("steps")!).Where(step => step.Find("uses").Text()?.StartsWith("actions/checkout@", StringComparison.Ordinal) == true);
            checkouts.ShouldHaveSingleItem(file).Find("with", "persist-credentials").Text().ShouldBe("false");
        }
    }

    /// <summary>Who starts a workflow by hand chooses a branch, and what stands there was reviewed by nobody.</summary>
    [Fact]
    public void Jobs_ThatAreStartedByHandOnGitHub_AreForTheDefaultBranchAlone()
    {
        foreach (var file in TemplateFiles.Workflows)
        {
            var workflow = TemplateFiles.Parse(file);
            foreach (var job in ((YamlMappingNode)workflow.Find("jobs")!).Children.Values.Where(_ => workflow.Find("on", "workflow_dispatch") is not null))
            {
                job.Find("if").Text().ShouldNotBeNull(file).ShouldContain("github.ref_name == github.event.repository.default_branch");
            }
        }
    }

    [Fact]
    public void Config_NamesEveryKeyThatIsReadAndNoOther()
    {
        var text = File.ReadAllText(Path.Combine(TemplateFiles.Folder, ".ci", "config"));
        var source = File.ReadAllText(Path.Combine(SourceTree.Root, "Caur.Pipelines", "Reading", "RepositorySettings.cs"));
        var uncommented = CiConfig.Parse(CommentedSetting().Replace(text, ""));

        uncommented.Keys.Order(StringComparer.Ordinal).ShouldBe(ReadKey().Matches(source).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));
        RepositorySettings.Read(uncommented).Problems.ShouldBeEmpty();
        var settings = RepositorySettings.Read(CiConfig.Parse(text));
        settings.Problems.ShouldBeEmpty();
        (settings.SourceRepository, settings.TargetRepository, settings.HumanReview, settings.TunnelHost).ShouldBe(("my-repo", "my-repo", true, null));
    }

    [Fact]
    public void Readme_NamesWhatHasToBeSet()
    {
        var readme = File.ReadAllText(Path.Combine(TemplateFiles.Folder, "README.md"));
        var names = TemplateFiles.Workflows.SelectMany(file => Setting().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).Distinct().ToList();

        names.Count.ShouldBeGreaterThan(4);
        names.Where(name => !readme.Contains($"`{name}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Scripts_AreCleanForShellcheck()
    {
        Requirement.Program("shellcheck");
        using var run = await TemplateRun.CreateAsync();
        var scripts = TemplateFiles.GitLabJobs().Values.Select(job => string.Join("\n", job["before_script"].Lines().Concat(job["script"].Lines())))
            .Concat(TemplateFiles.Workflows.SelectMany(file => TemplateFiles.Scripts(TemplateFiles.Parse(file))).Select(script => script.Script))
            .Distinct().Index().ToList();
        var files = new List<string>();
        foreach (var (number, script) in scripts)
        {
            files.Add(await run.FileAsync($"{number}.sh", $"#!/usr/bin/env bash\nset -eo pipefail\n{script}\n"));
        }

        files.Count.ShouldBeGreaterThan(6);
        var result = await Processes.RunAsync("shellcheck", files);
        result.ExitCode.ShouldBe(0, result.ToString());
    }

    [GeneratedRegex(@"\bcaur ci (\S+)[ \t]*$", RegexOptions.Multiline)]
    private static partial Regex CaurCall();

    [GeneratedRegex(@"^# (?=[A-Z_]+=)", RegexOptions.Multiline)]
    private static partial Regex CommentedSetting();

    [GeneratedRegex(@"read\.\w+\(""([A-Z_]+)""")]
    private static partial Regex ReadKey();

    [GeneratedRegex(@"(?:secrets|vars)\.([A-Z_]+)")]
    private static partial Regex Setting();
}
