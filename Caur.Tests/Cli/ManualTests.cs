using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Silo.Cli;
using Caur.Silo.Settings;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Cli;

/// <summary>What somebody who has only the manual in hand types, against the real hub.</summary>
[SupportedOSPlatform("linux")]
[Collection(nameof(CliHub))]
public sealed class ManualTests(CliHub hub)
{
    /// <summary>Every variable of reference/chaotic.md 1.1.</summary>
    public static readonly TheoryData<string> Variables =
    [
        "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_SSH_HOST", "REDIS_SSH_PORT", "REDIS_SSH_USER", "LANDING_ZONE_PATH", "REPO_PATH",
        "GPG_PATH", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER", "LANDING_ZONE_ADVERTISED_PATH", "LOGS_URL", "PACKAGE_REPOS",
        "PACKAGE_TARGET_REPOS", "PACKAGE_REPOS_NOTIFIERS", "BUILDER_IMAGE", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "SHARED_PATH",
        "BUILDER_HOSTNAME", "BUILDER_TIMEOUT", "CI_CODE_SKIP", "BUILDER_CLASS", "BUILDER_LIMITS_CPUS", "BUILDER_LIMITS_RAM",
        "BUILDER_SRCDEST_CACHE_OVERRIDE", "BUILDER_BUILD_DIR_HOST", "BUILDER_BUILD_DIR_MANAGER", "CONTAINER_ENGINE", "DOCKER_SOCKET",
        "BUILDER_IS_HPC", "TRUST_PROXY", "NO_HTTP_LOG", "NODE_ENV", "API_TOKEN", "CI_BUILDS_DIR", "GITHUB_WORKSPACE",
    ];

    [Theory]
    [MemberData(nameof(Variables))]
    public async Task ConfigCheck_WhenAVariableOfTheManualIsSet_SaysWhatBecomesOfIt(string name)
    {
        var run = await CliRun.RunAsync(["config", "check", "--json"], new Dictionary<string, string> { [name] = "s3cr3t-value" });

        using var json = JsonDocument.Parse(run.Output);
        var one = json.RootElement.GetProperty("variables").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);
        one.GetProperty("meaning").GetString()!.Length.ShouldBeGreaterThan(10);
        one.GetProperty("meaning").GetString()!.ShouldNotContain("\n");
        if (name is "REDIS_PASSWORD" or "TELEGRAM_BOT_TOKEN" or "API_TOKEN" or "PACKAGE_REPOS_NOTIFIERS")
        {
            run.Output.ShouldNotContain("s3cr3t-value");
        }
    }

    [Theory]
    [InlineData("REDIS_PASSWORD", "CAUR_TOKEN")]
    [InlineData("REDIS_HOST", "CAUR_URL")]
    [InlineData("REDIS_PORT", "CAUR_URL")]
    public async Task Schedule_WhenAVariableIsReplaced_SaysByWhatInOneLineAndGoesOn(string name, string instead)
    {
        var run = await hub.RunAsync(["schedule", "other"], (name, "whatever"));

        run.Succeeded().Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem().ShouldStartWith($"note: {name} is not used: ");
        run.Error.ShouldContain(instead);
        run.Error.ShouldNotContain("whatever");
    }

    [Fact]
    public async Task ConfigCheck_OfTheManualsExamples_SaysWhatIsUsedAndWhatInstead()
    {
        var manager = await CliRun.RunAsync(["config", "check", "--json"], ManualText.ManagerEnvironment());
        var builder = await CliRun.RunAsync(["config", "check"], ManualText.BuilderEnvironment());

        using var json = JsonDocument.Parse(manager.Output);
        manager.ExitCode.ShouldBe(ExitCodes.Ok, manager.Error);
        var notes = string.Join('\n', json.RootElement.GetProperty("notes").EnumerateArray().Select(note => note.GetString()));
        notes.ShouldNotContain("extra_keyrings");
        json.RootElement.GetProperty("variables").EnumerateArray().Where(one => one.GetProperty("used").GetBoolean()).Select(one => one.GetProperty("name").GetString())
            .ShouldBe(["CAUR_DATA", "PACKAGE_REPOS", "PACKAGE_TARGET_REPOS", "LOGS_URL", "REPO_PATH", "LANDING_ZONE_PATH", "GPG_PATH", "PACKAGE_REPOS_NOTIFIERS", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_USER"], ignoreOrder: true);
        builder.Output.ShouldMatch(@"(?m)^BUILDER_HOSTNAME +yes ");
        builder.Output.ShouldMatch(@"(?m)^REDIS_PASSWORD +no +there is no Redis; CAUR_TOKEN");
    }

    [Fact]
    public void Commands_OfTheManual_AreAllThereWithTheirArguments()
    {
        var root = CommandLine.Create(Context());
        var verbs = ManualText.Verbs();

        verbs.Select(verb => verb.Verb).ShouldBe(["schedule", "builder", "auto-repo-remove", "database", "web"]);
        foreach (var (name, arguments) in verbs)
        {
            var verb = root.Subcommands.Single(verb => verb.Name == name);
            arguments.ShouldBeSubsetOf(verb.Options.Select(option => option.Name.TrimStart('-')));
        }

        var database = root.Parse(ManualText.Command(ManualText.Manager));
        database.Errors.ShouldBeEmpty();
        database.GetValue<int?>("--web-port").ShouldBe(8080);
        root.Parse(ManualText.Command(ManualText.Builder)).Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Schedule_WithAllArgumentsOfTheManual_QueuesThatCommitInThatOrder()
    {
        var run = await hub.RunAsync(
            $"schedule --arch x86_64 --target-repo awesome-repo --source-repo awesome-repo --commit {hub.Commit}:4711 --deptree hello:hello:;hello-more:hello-more:hello hello hello-more/2");

        run.Succeeded().Output.ShouldContain($"Queued 2 builds of awesome-repo at {hub.Commit[..10]} for awesome-repo/x86_64");
        run.Output.ShouldMatch(@"(?m)^  awesome-repo/x86_64/hello-more/\d+  after hello");
    }

    [Fact]
    public async Task Schedule_WithTheDeptreeOfAPipeline_ReadsItsFile()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder[".ci"]);
        await File.WriteAllTextAsync(folder[".ci", "deptree.txt"], "this is no deptree", TestContext.Current.CancellationToken);

        // That it was read shows in what is wrong with it.
        (await hub.RunAsync(["schedule", "other"], ("CI_BUILDS_DIR", folder.Path))).Error.ShouldContain("deptree");
        (await hub.RunAsync(["schedule", "other"], ("GITHUB_WORKSPACE", folder.Path))).Error.ShouldContain("deptree");
        (await hub.RunAsync(["schedule", "other"])).Error.ShouldNotContain("deptree");
    }

    [Fact]
    public async Task Schedule_WithoutPackages_IsAnError()
    {
        // The original ends with 1; ours tells wrong usage from a farm that says no.
        (await hub.RunAsync("schedule --arch x86_64")).ExitCode.ShouldBe(ExitCodes.Usage);
    }

    [Fact]
    public async Task Schedule_WhenAPackageIsUnknown_NamesTheNearest()
    {
        var run = await hub.RunAsync("schedule helo");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("there is no package folder 'helo'");
        run.Error.ShouldContain("hello");
    }

    [Fact]
    public async Task AutoRepoRemove_AsThePipelinesCallIt_KeepsWhatIsNamed()
    {
        var run = await hub.RunAsync("auto-repo-remove --arch x86_64 --target-repo awesome-repo hello hello-more other");

        run.Succeeded().Output.ShouldContain("awesome-repo/x86_64: nothing to do");
    }

    [Fact]
    public void Notes_ForTheHub_SayWhatTheManualsExampleSetsInVain()
    {
        var variables = ManualText.ManagerEnvironment();

        FarmVariables.Notes(variables.GetValueOrDefault, Readers.Hub).Select(note => note.Split(' ')[0]).ShouldBe(
            [
                "REDIS_PASSWORD", "REDIS_SSH_HOST", "REDIS_SSH_USER",
            ],
            ignoreOrder: true);
    }

    /// <summary>Each is honoured, or answered by what does its work here.</summary>
    [Theory]
    [InlineData("TELEGRAM_BOT_TOKEN", "nothing is sent to Telegram: notifications.telegram_chat (TELEGRAM_CHAT_ID) is not set")]
    [InlineData("TELEGRAM_CHAT_ID", "nothing is sent to Telegram: notifications.telegram_token (TELEGRAM_BOT_TOKEN) is not set")]
    [InlineData("DATABASE_PORT", "upload.sftp_port is not used: upload.sftp_host (DATABASE_HOST) is not set")]
    [InlineData("DATABASE_USER", "upload.sftp_user is not used: upload.sftp_host (DATABASE_HOST) is not set")]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", "gateway.logs_url (LOGS_URL) is not set, so commit statuses have no link to the log")]
    public void HubsStart_WhenOneOfTheManualsVariablesIsSet_SaysWhatBecomesOfIt(string name, string said)
    {
        var value = name == "DATABASE_PORT" ? "22" : name == "PACKAGE_REPOS_NOTIFIERS" ? """{"chaotic-aur":{"id":"1","token":"s3cr3t","check_name":"c"}}""" : "s3cr3t";
        string? Variable(string wanted) => wanted == name ? value : null;

        var lines = FarmVariables.Notes(Variable, Readers.Hub).Concat(Caur.Silo.Configuration.ConfigurationCheck.OfEnvironment(Variable).Notes.Select(note => note.ToString())).ToList();

        lines.ShouldHaveSingleItem().ShouldContain(said);
        lines[0].ShouldNotContain("s3cr3t");
    }

    private static CliContext Context() => new(() => Stream.Null, TextWriter.Null, TextWriter.Null, _ => null, isTerminal: false);
}
