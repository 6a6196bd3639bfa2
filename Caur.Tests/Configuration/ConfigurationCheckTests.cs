using System.Text;
using Caur.Builder;
using Caur.Contracts.Farm;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;

namespace Caur.Tests.Configuration;

/// <summary>What a farm is told, and what it says when that is wrong.</summary>
public sealed class ConfigurationCheckTests : IDisposable
{
    private readonly ConfigurationHarness _told = new();

    public void Dispose() => _told.Dispose();

    [Fact]
    public void Check_WhenManyValuesAreWrong_NamesEachWithItsLineAtOnce()
    {
        _told.Environment.Clear();
        _told.Environment["BUILDER_LIMITS_RAM"] = "much";
        _told.Environment["LOGS_URL"] = "logs.example.org";
        _told.Problems("""
            // The farm at home.
            {
              "source_repositories": {
                "packages": { "url": "https://example.org/x.git", "hold_dependents": false },
                "bad name": { "url": "" } /* a name and a url */
              },
              "target_repositories": { "farm": { "architectures": ["x86_64", "any"], }, },
              "gateway": { "prot": 8080, "port": 70000 },
              "builds": { "timeout": "3600" },
              "builder": 7,
              "slots": 2,
            }
            """).ShouldBe(
            [
                "caur.json:8: 'gateway.prot' is no setting; did you mean gateway.port?",
                "caur.json:9: builds.timeout must be a whole number from 1 to 2592000 (seconds), not a text (3600)",
                "caur.json:10: builder must be an object with slots, name, class, labels, cpus, memory, processes, network, workspace, shutdown, shutdown_time, "
                    + "lease_grace, keep_sources, log_size, image_refresh, image_timeout, fetch_timeout, upload_timeout, engine, engine_address, not a number",
                "caur.json:11: 'slots' is no setting; did you mean builder.slots?",
                "caur.json:5: source_repositories: 'bad name' is no name of a source repository: letters, digits and @ . _ + - are allowed, a hyphen or a dot at the start is not",
                "caur.json:4: source_repositories: 'hold_dependents' is no key of packages; did you mean hold_dependants?",
                "caur.json:5: source_repositories: source repository bad name: '' is no url that git can fetch",
                "caur.json:7: target_repositories: target repository farm cannot be built for 'any': an architecture as pacman names it is wanted, x86_64 for one",
                "caur.json:8: gateway.port must be a whole number from 0 to 65535, not '70000'",
                "LOGS_URL (environment): gateway.logs_url must be an address, http:// or https://, not 'logs.example.org'",
                "BUILDER_LIMITS_RAM (environment): builder.memory must be a whole number from 6 to 67108864 (MiB), not 'much'",
            ],
            ignoreOrder: true);
    }

    [Fact]
    public void Check_WhenAnArchitectureStandsTwice_SaysSo() => _told.Problems("""
        {
          "target_repositories": {
            "farm": { "architectures": ["x86_64",
              "aarch64", "x86_64"] } },
        }
        """).ShouldBe(["caur.json:4: target_repositories: target repository farm names the architecture 'x86_64' twice"]);

    [Fact]
    public void Check_WhenBothSetTheSame_TakesTheEnvironmentAndSaysSo()
    {
        _told.Environment["CAUR_WEB_PORT"] = "9090";
        var result = _told.Check("""
            {
              "gateway": {
                "port": 8081,
                "logs_url": "https://example.org/logs.html" // only here
              }
            }
            """);
        result.Problems.ShouldBeEmpty();
        result.Notes.ShouldHaveSingleItem().ToString()
            .ShouldBe($"{_told.File}:3: gateway.port is not used: CAUR_WEB_PORT in the environment wins over the file");
        result.Variable("CAUR_WEB_PORT").ShouldBe("9090");
        result.Variable("LOGS_URL").ShouldBe("https://example.org/logs.html");
        result.Variable("PACKAGER").ShouldBeNull();
        var settings = DatabaseVerb.Read(new DatabaseVerb.Arguments(null, null, null, null), result);
        settings.WebPort.ShouldBe(9090);
        DatabaseVerb.Read(new DatabaseVerb.Arguments(9191, "/srv/farm", 0, null), result).ShouldSatisfyAllConditions(
            told => told.WebPort.ShouldBe(9191), told => told.DataFolder.ShouldBe("/srv/farm"), told => told.RunAgent.ShouldBeFalse());
    }

    [Theory]
    [InlineData("", "caur.json:1: it is no JSON: ")]
    [InlineData("{\n  \"builds\": {\n    \"timeout\": 5\n  \"x\": 1 }\n}", "caur.json:4: it is no JSON: ")]
    [InlineData("[1]", "caur.json:1: the file must be one object, { ... }, not a list")]
    [InlineData("{} {}", "caur.json:1: it is no JSON: ")]
    [InlineData("{\"builds\":\n{\"timeout\": 5,\n\"timeout\": 6}}", "caur.json:3: 'timeout' is set twice, first at caur.json:2")]
    [InlineData("{\"builds\": {\"timeout\": 5},\n\"builds.timeout\": 6}", "caur.json:2: builds.timeout is set twice, first at caur.json:1")]
    [InlineData("{\"builds\":\n{\"image\": \"\"}}", "caur.json:2: builds.image is empty; leave it out for the default (`localhost/caur-builder:latest`)")]
    [InlineData("{\"builds\": {\"image\": null}}", "caur.json:1: builds.image must be an image reference without blanks, not null")]
    [InlineData("{\"BUILDER_TIMEOUT\": 5}", "caur.json:1: 'BUILDER_TIMEOUT' is no setting; in the file it is called builds.timeout")]
    [InlineData("{\"frobnicate_the_thing\": 5}", "caur.json:1: 'frobnicate_the_thing' is no setting; known here are source_repositories, ")]
    [InlineData("{\"builder\": {\"labels\": [\"a b\"]}}", "caur.json:1: builder.labels must be words of letters, digits and @ . _ + -, not a list")]
    [InlineData("{\"builder\": {\"shutdown\": \"now\"}}", "caur.json:1: builder.shutdown must be one of hand-back, finish, leave, not 'now'")]
    [InlineData("{\"a\\ud800\": 1}", "caur.json:1: it is no JSON: ")]
    public void Check_OnAWrongFile_SaysWhereAndWhat(string text, string problem) =>
        _told.Problems(text).ShouldHaveSingleItem().Replace($"{Path.GetDirectoryName(_told.File)}/", "", StringComparison.Ordinal).ShouldStartWith(problem);

    [Fact]
    public void Check_OnAFileThatIsNone_SaysSo()
    {
        File.WriteAllBytes(_told.File, [.. Encoding.UTF8.GetBytes("{\"x\": \""), 0xFF, (byte)'"', (byte)'}']);
        ConfigurationCheck.Run(_told.File, _told.Variable).Problems.ShouldHaveSingleItem().Text.ShouldBe("it is not UTF-8");
        File.WriteAllText(_told.File, string.Concat(Enumerable.Repeat("[", 100)) + string.Concat(Enumerable.Repeat("]", 100)));
        ConfigurationCheck.Run(_told.File, _told.Variable).Problems.ShouldHaveSingleItem().Text.ShouldStartWith("it is no JSON: ");
        File.WriteAllText(_told.File, new string(' ', 5_000_000));
        ConfigurationCheck.Run(_told.File, _told.Variable).Problems.ShouldHaveSingleItem().Text.ShouldBe("the file is larger than 4194304 bytes");
        ConfigurationCheck.Run(_told["nothing.json"], _told.Variable).Problems.ShouldHaveSingleItem().Text.ShouldStartWith("the file cannot be read: ");
        ConfigurationCheck.Run(Path.GetDirectoryName(_told.File), _told.Variable).Problems.ShouldHaveSingleItem().Text.ShouldStartWith("this is a folder, and a file is wanted, as ");

        // Then nobody knows what it would have set, and what is missing is not worth a line.
        _told.Environment.Clear();
        ConfigurationCheck.Run(_told["nothing.json"], _told.Variable).Problems.ShouldHaveSingleItem();
        _told.Problems().Length.ShouldBe(2, "no file: both kinds of repositories are missing");
    }

    [Fact]
    public void Find_TakesTheArgumentThenTheVariableThenTheDataFolder()
    {
        _told.Environment["CAUR_DATA"] = Path.GetDirectoryName(_told.File)!;
        ConfigurationFile.Find(null, null, _told.Variable).ShouldNotBe(_told.File);
        File.WriteAllText(_told.File, """{"builds":{"timeout":5}}""");
        var result = ConfigurationCheck.Run(null, _told.Variable);
        result.File.ShouldBe(_told.File);
        result.Variable("BUILDER_TIMEOUT").ShouldBe("5");
        ConfigurationFile.Find(null, _told["elsewhere"], _told.Variable).ShouldNotBe(_told.File);
        _told.Environment["CAUR_CONFIG"] = _told["other.json"];
        ConfigurationFile.Find(null, null, _told.Variable).ShouldBe(_told["other.json"]);
        ConfigurationFile.Find(_told["named.json"], null, _told.Variable).ShouldBe(_told["named.json"]);
        ConfigurationFile.Find(ConfigurationFile.None, null, _told.Variable).ShouldBeNull();
    }

    [Fact]
    public void Check_OfADataFolderThatItsOwnFileContradicts_IsAProblem()
    {
        _told.Environment["CAUR_DATA"] = Path.GetDirectoryName(_told.File)!;
        File.WriteAllText(_told.File, """{"data":"/srv/other"}""");
        _told.Environment.Remove("CAUR_DATA", out var folder);
        ConfigurationCheck.Run(_told.File, _told.Variable).Problems.ShouldBeEmpty("it was named");
        ConfigurationCheck.Run(null, name => name == "CAUR_DATA" ? folder : _told.Variable(name)).Notes
            .ShouldHaveSingleItem().Text.ShouldBe("data is not used: CAUR_DATA in the environment wins over the file");
    }

    [Fact]
    public void Check_OfTheManualsOwnSettings_FindsNothingWrong()
    {
        _told.Environment["PACKAGE_REPOS"] = """
            {
                "awesome-repo": {
                    "url": "https://gitlab.com/awesome-repo/pkgbuilds"
                }
            }
            """;
        _told.Environment["PACKAGE_TARGET_REPOS"] = """
            {
                "awesome-repo": {
                    "extra_repos": [
                        { "name": "awesome-repo", "servers": [ "https://sub.domain.tld/awesome-repo/x86_64" ] }
                    ],
                    "extra_keyrings": [ "https://sub.domain.tld/awesome-repo/awesome-keyring.pkg.tar.zst" ]
                }
            }
            """;
        _told.Environment["PACKAGE_REPOS_NOTIFIERS"] = """
            { "awesome-repo": { "id": "123456", "token": "GITLABAPITOKENWITHAPIACCESS", "check_name": "awesome-repo: %pkgbase%" } }
            """;
        _told.Environment["REPO_PATH"] = "/srv/http/repos";
        _told.Environment["LOGS_URL"] = "https://sub.domain.tld/logs/logs.html";
        _told.Environment["BUILDER_CLASS"] = "9";
        var result = _told.Check();
        result.Problems.ShouldBeEmpty();
        result.Notes.ShouldBeEmpty();
        var farm = new FarmOptions();
        FarmEnvironment.Read(farm, result.Variable);
        farm.SourceRepositories["awesome-repo"].Url.ShouldBe("https://gitlab.com/awesome-repo/pkgbuilds");
        farm.TargetRepositories["awesome-repo"].ExtraRepositories.ShouldHaveSingleItem().Servers.ShouldBe(["https://sub.domain.tld/awesome-repo/x86_64"]);
        farm.Notifiers["awesome-repo"].ShouldSatisfyAllConditions(
            told => told.Project.ShouldBe("123456"),
            told => told.Token.ShouldBe("GITLABAPITOKENWITHAPIACCESS"),
            told => told.CheckName.ShouldBe("awesome-repo: %pkgbase%"));
    }

    [Fact]
    public void Check_OfTheSameInTheFile_GivesTheSameOptions()
    {
        _told.Environment.Clear();
        File.WriteAllText(_told["token"], "sesame\n");
        var result = _told.Check($$"""
            {
              // Comments are allowed here too.
              "source_repositories": { "packages": { "url": "https://example.org/x.git", "hold_dependants": false /* for now */ } },
              "target_repositories": { "farm": { "architectures": ["x86_64", "aarch64"], }, },
              "notifiers": { "packages": { "id": "7", "token_file": "{{_told["token"]}}", "check_name": "%pkgbase%" } },
              "builder": { "labels": ["avx512", "fast-disk"], "class": 9, "memory": 4096, "cpus": 1.5, "shutdown": "leave" },
              "builds": { "timeout": 7200, "skip_code": "77" },
            }
            """);
        result.Problems.ShouldBeEmpty();
        var farm = new FarmOptions();
        FarmEnvironment.Read(farm, result.Variable);
        farm.SourceRepositories["packages"].HoldDependants.ShouldBeFalse();
        farm.TargetRepositories["farm"].Architectures.ShouldBe(["x86_64", "aarch64"]);
        farm.Notifiers["packages"].Token.ShouldBe("sesame");
        farm.BuildTimeout.ShouldBe(TimeSpan.FromHours(2));
        var agent = new BuilderOptions();
        agent.ReadEnvironment(result.Variable);
        agent.Labels.ShouldBe(["avx512", "fast-disk"]);
        agent.Class.ShouldBe("9");
        agent.Shutdown.ShouldBe(ShutdownMode.Leave);
        agent.Containers.MemoryBytes.ShouldBe(4096L << 20);
        agent.Containers.Cpus.ShouldBe(1.5);
        agent.Attempts.SkipCode.ShouldBe(77);
    }

    [Theory]
    [InlineData("PACKAGE_REPOS", "{", "PACKAGE_REPOS (environment): source_repositories: it is no JSON: ")]
    [InlineData("PACKAGE_REPOS", "{\n\"a\": {\n\"urll\": 1 } }", "PACKAGE_REPOS (environment, line 3): source_repositories: 'urll' is no key of a; did you mean url?")]
    [InlineData("PACKAGE_REPOS", "[]", "PACKAGE_REPOS (environment): source_repositories: wanted is {\"ID\":{\"url\":\"https://...\",\"hold_dependants\":true,\"follow\":true,\"webhook_secret\":\"...\",\"schedule\":\"*/30 * * * *\",\"triggers\":{\"daily\":\"0 3 * * *\"},\"token\":\"...\",\"aur_key\":\"...\"}}, with webhook_secret_file, token_file and aur_key_file for secrets in files, not a list")]
    [InlineData("PACKAGE_REPOS", "{}", "PACKAGE_REPOS (environment): source_repositories names no source repository; it wants ")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"--upload-pack=x\"}}", "PACKAGE_REPOS (environment): source_repositories: source repository a: '--upload-pack=x' is no url that git can fetch")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"x\",\"schedule\":\"* * *\"}}", "PACKAGE_REPOS (environment): source_repositories: '* * *' is no cron expression: five fields are wanted")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"x\",\"schedule\":\"0 0 30 2 *\"}}", "PACKAGE_REPOS (environment): source_repositories: '0 0 30 2 *' never comes true")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"x\",\"triggers\":{\"a b\":\"@daily\"}}}", "PACKAGE_REPOS (environment): source_repositories: 'a b' is no name of a trigger")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"x\",\"triggers\":{\"daily\":\"61 * * * *\"}}}", "PACKAGE_REPOS (environment): source_repositories: '61 * * * *' is no cron expression")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"x\",\"triggers\":[]}}", "PACKAGE_REPOS (environment): source_repositories: triggers must be an object with a cron expression for each trigger, not a list")]
    [InlineData("PACKAGE_REPOS", "{\"a\":{\"url\":\"x\",\"token\":\"\"}}", "PACKAGE_REPOS (environment): source_repositories: source repository a: token must be a text that is not empty")]
    [InlineData("PACKAGE_REPOS", "{\"a\":5}", "PACKAGE_REPOS (environment): source_repositories: a must be an object, not a number")]
    [InlineData("PACKAGE_TARGET_REPOS", "{\"../x\":{}}", "PACKAGE_TARGET_REPOS (environment): target_repositories: '../x' is no name of a target repository: ")]
    [InlineData("PACKAGE_TARGET_REPOS", "{\"x\":{\"extra_repos\":{\"a\":1}}}", "PACKAGE_TARGET_REPOS (environment): target_repositories: extra_repos must be a list of objects with name and servers, not an object")]
    [InlineData("PACKAGE_TARGET_REPOS", "{\"x\":{\"extra_repos\":[{\"name\":\"y\",\"servers\":[]}]}}", "PACKAGE_TARGET_REPOS (environment): target_repositories: an extra repository has no servers")]
    [InlineData("PACKAGE_TARGET_REPOS", "{\"x\":{\"extra_repos\":[{\"name\":\"y\\n[z]\",\"servers\":[\"https://z\"]}]}}", "PACKAGE_TARGET_REPOS (environment): target_repositories: 'y?[z]' is no name of a repository: ")]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", "{\"pakages\":{\"id\":\"1\",\"token\":\"t\",\"check_name\":\"c\"}}", "PACKAGE_REPOS_NOTIFIERS (environment): notifiers: pakages is no source repository; did you mean packages?")]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", "{\"packages\":{\"id\":\"1\",\"check_name\":\"c\"}}", "PACKAGE_REPOS_NOTIFIERS (environment): notifiers: the notifier of packages has no token")]
    [InlineData("PACKAGE_REPOS_NOTIFIERS", "{\"packages\":{\"id\":1,\"token\":\"t\",\"check_name\":\"c\"}}", "PACKAGE_REPOS_NOTIFIERS (environment): notifiers: id must be a text, not a number")]
    [InlineData("BUILDER_TIMEOUT", "0", "BUILDER_TIMEOUT (environment): builds.timeout must be a whole number from 1 to 2592000 (seconds), not '0'")]
    [InlineData("BUILDER_LIMITS_CPUS", "NaN", "BUILDER_LIMITS_CPUS (environment): builder.cpus must be a number from 0.01 to 10000 (processors), not 'NaN'")]
    [InlineData("CAUR_SLOTS", "99999999999999999999", "CAUR_SLOTS (environment): builder.slots must be a whole number from 0 to 1000, not '99999999999999999999'")]
    [InlineData("DOCKER_HOST", "ssh://host", "DOCKER_HOST (environment): builder.engine_address must be unix:///path, an absolute path, or tcp://host:port, not 'ssh://host'")]
    [InlineData("OTEL_TRACES_SAMPLER", "sometimes", "OTEL_TRACES_SAMPLER (environment): telemetry.traces.sampler must be one of always_on, ")]
    [InlineData("CI_CODE_SKIP", "121", "CI_CODE_SKIP (environment): builds.skip_code must be a whole number from 1 to 255, and none of 13, 120, 121, 122, 124")]
    public void Check_OnAWrongVariable_NamesItItsValueAndWhatIsAllowed(string variable, string value, string problem)
    {
        _told.Environment[variable] = value;
        var problems = _told.Problems();
        problems.ShouldContain(line => line.StartsWith(problem, StringComparison.Ordinal), string.Join('\n', problems));
    }

    [Fact]
    public void Check_OfSecrets_NeverShowsThem()
    {
        const string Secret = "hunter2-sesame";
        _told.Environment["PACKAGE_REPOS"] = $$"""{"packages":{"url":"ftp\nhttps://me:{{Secret}}@example.org/x.git"} }""";
        _told.Environment["PACKAGE_REPOS_NOTIFIERS"] = $$"""{"packages":{"id":"","token":"{{Secret}}","tokn":"{{Secret}}","check_name":7} }""";
        _told.Environment["OTEL_EXPORTER_OTLP_HEADERS"] = Secret;
        _told.Environment["LOGS_URL"] = $"gopher://user:{Secret}@example.org/";
        var result = _told.Check(
            """{"telemetry": {"traces": {"headers": "SECRET"}, "headers": ["SECRET"]}, "gateway": {"repository_url": "x://SECRET@h/"}}"""
                .Replace("SECRET", Secret, StringComparison.Ordinal));
        result.Problems.Count.ShouldBeGreaterThanOrEqualTo(7, result.ProblemText);
        result.ProblemText.ShouldNotContain(Secret);
        result.Values.ShouldAllBe(value => !value.ShownText.Contains(Secret));
        string.Join('\n', result.Notes).ShouldNotContain(Secret);
    }

    [Fact]
    public void Check_OfASecretInAFile_TakesItFromThere()
    {
        File.WriteAllText(_told["headers"], "authorization=Bearer x\n");
        File.WriteAllText(_told["repos"], """{"packages":{"url":"https://me:token@example.org/x.git"}}""");
        _told.Environment["OTEL_EXPORTER_OTLP_HEADERS_FILE"] = _told["headers"];
        _told.Environment["PACKAGE_REPOS_FILE"] = _told["repos"];
        _told.Environment.Remove("PACKAGE_REPOS");
        var result = _told.Check($$"""{ "telemetry": { "traces": { "headers_file": "{{_told["headers"]}}" } } }""");
        result.Problems.ShouldBeEmpty();
        result.Variable("OTEL_EXPORTER_OTLP_HEADERS").ShouldBe("authorization=Bearer x");
        result.Variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS").ShouldBe("authorization=Bearer x");
        result.Variable("PACKAGE_REPOS").ShouldNotBeNull().ShouldContain("me:token@");

        _told.Environment["PACKAGE_REPOS"] = ConfigurationHarness.Sources;
        _told.Problems().ShouldBe(["PACKAGE_REPOS_FILE (environment): PACKAGE_REPOS is set too; one of them has to go"]);
        _told.Environment.Remove("PACKAGE_REPOS");
        File.WriteAllText(_told["repos"], "{\n\"packages\": {}\n}");
        _told.Problems().ShouldBe(["repos:2: source_repositories: source repository packages has no url"]);
        File.Delete(_told["repos"]);
        _told.Problems().ShouldHaveSingleItem().ShouldStartWith("PACKAGE_REPOS_FILE (environment): repos cannot be read: ");
        File.WriteAllText(_told["repos"], "\n");
        _told.Problems().ShouldBe(["PACKAGE_REPOS_FILE (environment): repos is empty"]);
    }
}
