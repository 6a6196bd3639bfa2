using System.Globalization;
using Caur.Builder;
using Caur.Silo.Cli;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.Settings;
using Caur.Tests.Deploy.Kubernetes;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Containers;

/// <summary>deploy/compose.yaml and what it mounts, against the verbs, settings and files that there are.</summary>
public sealed class ComposeTests
{
    private readonly ComposeFile _file = ComposeFile.Read();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IEnumerable<ComposeService> Ours => _file.Services.Where(static service => service.IsOurs);

    [Fact]
    public void Commands_OfOurImage_AreVerbsAndOptionsThatThereAre()
    {
        Ours.Count().ShouldBe(9);
        foreach (var service in Ours)
        {
            var parsed = CommandLine.Create(new CliContext(() => Stream.Null, TextWriter.Null, TextWriter.Null, _ => null, isTerminal: false))
                .Parse([.. service.Command.Where(word => !service.IsOfCluster || !ClusterNames.Options.Contains(word))]);

            parsed.Errors.Select(static error => error.Message).ShouldBeEmpty(service.Name);
            parsed.CommandResult.Command.Name.ShouldBe(service.Verb, service.Name);
        }
    }

    [Fact]
    public void Variables_OfOurServices_AreReadByWhatTheyRun()
    {
        var known = FarmVariables.All.ToDictionary(static one => one.Name);
        foreach (var service in Ours)
        {
            var reader = service.Command switch
            {
                ["builder", ..] => Readers.Builder,
                ["web", ..] when !service.IsOfCluster => Readers.Web,
                _ => Readers.Hub,
            };
            foreach (var name in service.Environment.Keys.Where(name => !(service.IsOfCluster && ClusterNames.Variables.Contains(name) && !known.ContainsKey(name))))
            {
                known.ShouldContainKey(name, service.Name);
                known[name].ReadBy.HasFlag(reader).ShouldBeTrue($"{service}: {name} does nothing there");
            }
        }
    }

    /// <summary>Whoever copies the example and changes nothing else has a farm that starts.</summary>
    [Fact]
    public void Settings_OfTheExample_CanWork()
    {
        var hub = Service("hub").Environment;
        ConfigurationCheck.OfEnvironment(name => hub.GetValueOrDefault(name)).Problems.ShouldBeEmpty();
        foreach (var service in Ours.Where(static service => service.Verb == "builder"))
        {
            // The token is a person's to make.
            Caur.Silo.Builders.BuilderSettings.Problems(name => name == "CAUR_TOKEN_FILE" ? null : service.Environment.GetValueOrDefault(name)).ShouldBeEmpty(service.Name);
        }
    }

    [Fact]
    public async Task VariablesOfTheEnvironment_AreInTheExampleOrNamedWhereTheyAreDocumented()
    {
        var documented = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "deployment.md"), Token);
        var settings = FarmVariables.All.Select(static one => one.Name).ToHashSet();
        var example = ComposeFile.OfExample().ToList();
        var asked = ComposeFile.Asked().ToList();

        foreach (var (name, _) in asked.Where(one => !settings.Contains(one.Name)))
        {
            (example.Any(one => one.Name == name) || documented.Contains($"`{name}`", StringComparison.Ordinal)).ShouldBeTrue($"{name} stands nowhere");
        }

        foreach (var (name, value, isOff) in example.Where(static one => !one.Name.StartsWith("COMPOSE_", StringComparison.Ordinal)))
        {
            var defaults = asked.Where(one => one.Name == name).Select(static one => one.Default).ToList();
            defaults.ShouldNotBeEmpty($"nothing asks for {name}");
            if (isOff && defaults is [{ Length: > 0 } one])
            {
                one.ShouldBe(value, $"what is commented out in the example is the default of {name}");
            }
        }

        _file.Variables["COMPOSE_PROFILES"].Split(',').ShouldBeSubsetOf(_file.Services.SelectMany(static service => service.Profiles));
    }

    [Fact]
    public void Mounts_OfFiles_AreInTheTreeAndReadOnlyAndSecretsAreNot()
    {
        foreach (var service in _file.Services)
        {
            foreach (var (source, target, mode) in service.Mounts.Where(static mount => mount.Source.StartsWith('.')))
            {
                mode.ShouldBe("ro", $"{service}: {target}");
                if (source.StartsWith("./secrets/", StringComparison.Ordinal))
                {
                    Path.Exists(Path.Combine(ComposeFile.Folder, source)).ShouldBeFalse($"{source} belongs to nobody but the farm");
                }
                else
                {
                    Path.Exists(Path.Combine(ComposeFile.Folder, source)).ShouldBeTrue($"{service}: {source} is not there");
                }
            }
        }

        File.ReadLines(Path.Combine(SourceTree.Root, ".gitignore")).ShouldContain("/deploy/secrets/");
        File.ReadLines(Path.Combine(SourceTree.Root, ".gitignore")).ShouldContain("/deploy/.env");
    }

    [Fact]
    public void VolumesNetworksAndSecrets_AreDeclaredAndUsed()
    {
        var services = _file.Services.ToList();
        services.SelectMany(static service => service.Mounts).Select(static mount => mount.Source).Where(static source => source[0] is not ('.' or '/')).Distinct()
            .ShouldBe(_file.Names("volumes"), ignoreOrder: true);
        services.SelectMany(static service => service.Networks).Distinct().ShouldBe(_file.Names("networks"), ignoreOrder: true);
        services.SelectMany(static service => ComposeFile.Lines(service["secrets"])).Distinct().ShouldBe(_file.Names("secrets"), ignoreOrder: true);
        foreach (var service in services)
        {
            service.Environment.Values.Where(static value => value.StartsWith("/run/secrets/", StringComparison.Ordinal)).Select(static value => value["/run/secrets/".Length..])
                .ShouldBeSubsetOf(ComposeFile.Lines(service["secrets"]), service.Name);
        }

        // Build containers are in the network that the agents name, with whoever the agents reach, and with neither silos nor Redis.
        var builds = (string)ComposeFile.Map(_file.Section("networks")["builds"])["name"]!;
        services.Where(static service => service.Verb == "builder").ShouldAllBe(service => service.Environment["CAUR_BUILDER_NETWORK"] == builds);
        services.Where(static service => service.Networks.Contains("builds")).Select(static service => service.Name)
            .ShouldBe(["hub", "builder", "gateway-1", "gateway-2", "builder-1", "builder-2"], ignoreOrder: true);
        services.Where(static service => service.Networks.Contains("silos")).Select(static service => service.Name)
            .ShouldBe(["redis", "control-1", "control-2", "gateway-1", "gateway-2"], ignoreOrder: true);
    }

    /// <summary>Builders reach who is there by the name that is in CAUR_URL, and so do their builds.</summary>
    [Fact]
    public void Addresses_OfGateways_AreServicesInTheSameNetworks()
    {
        foreach (var builder in _file.Services.Where(static service => service.Verb == "builder"))
        {
            var url = new Uri(builder.Environment["CAUR_URL"]);
            var named = _file.Services.Where(service => service.Name == url.Host || Aliases(service).Any(aliases => aliases.Contains(url.Host))).ToList();

            named.Count.ShouldBe(builder.IsOfCluster ? 2 : 1, builder.Name);
            named.ShouldAllBe(service => service.Networks.Contains("farm") && service.Networks.Contains("builds") && PortOf(service) == url.Port);
            named.SelectMany(static service => service.Profiles).Intersect(builder.Profiles).ShouldNotBeEmpty();
        }

        static IEnumerable<List<string>> Aliases(ComposeService service) =>
            ComposeFile.Map(service["networks"]).Values.Select(static network => ComposeFile.Lines(ComposeFile.Map(network).GetValueOrDefault("aliases")));
    }

    [Fact]
    public void Services_AllOfThem_HaveNoRightThatTheyDoNotNeed()
    {
        foreach (var service in _file.Services)
        {
            service["read_only"]?.ToString().ShouldBe("true", service.Name);
            ComposeFile.Lines(service["cap_drop"]).ShouldBe(["ALL"], service.Name);
            ComposeFile.Lines(service["security_opt"]).ShouldBe(["no-new-privileges:true"], service.Name);
            ComposeFile.Lines(service["tmpfs"]).ShouldBe(["/tmp"], service.Name);
            foreach (var key in (string[])["privileged", "cap_add", "network_mode", "pid", "ipc", "devices"])
            {
                service[key].ShouldBeNull($"{service}: {key}");
            }

            service["user"]?.ToString().ShouldNotStartWith("0");

            // From elsewhere nothing is reached but what somebody opened.
            ComposeFile.Lines(service["ports"]).ShouldAllBe(port => port.StartsWith("127.0.0.1:", StringComparison.Ordinal));
        }

        _file.Services.Where(static service => service.Mounts.Any(static mount => mount.Target.EndsWith("docker.sock", StringComparison.Ordinal))).Select(static service => service.Name)
            .ShouldBe(["builder", "builder-1", "builder-2"], ignoreOrder: true);
    }

    [Fact]
    public void Services_WithAGateway_AreAskedForTheirHealthWhereTheyListen()
    {
        foreach (var service in Ours.Where(static service => service.Verb != "builder"))
        {
            var port = PortOf(service).ShouldNotBeNull(service.Name);
            string.Join(' ', ComposeFile.Lines(ComposeFile.Map(service["healthcheck"])["test"])).ShouldContain($"/dev/tcp/127.0.0.1/{port} ", Case.Sensitive, service.Name);
            ComposeFile.Lines(service["ports"]).ShouldAllBe(published => published.EndsWith($":{port}", StringComparison.Ordinal), service.Name);
        }
    }

    [Fact]
    public void TimeToEnd_IsMoreThanTheProcessTakes()
    {
        foreach (var service in Ours)
        {
            var grace = int.Parse(((string)service["stop_grace_period"]!).TrimEnd('s'), CultureInfo.InvariantCulture);
            var needed = service.Verb == "web" && !service.IsOfCluster ? 15 : HubHost.ShutdownTimeOf(new BuilderOptions()).TotalSeconds;
            ((double)grace).ShouldBeGreaterThan(needed, service.Name);
        }
    }

    [Fact]
    public async Task Images_AreThoseThatCaurMakesOrHaveAVersion()
    {
        var makes = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "eng", "cli", "image.bash"), Token);
        makes.ShouldContain("farm_repository=localhost/caur\n");
        makes.ShouldContain("image_repository=localhost/caur-builder\n");

        Ours.Select(static service => service.Image).Distinct().ShouldBe(["localhost/caur:latest", "localhost/caur:orleans"], ignoreOrder: true);
        Service("hub").Environment["BUILDER_IMAGE"].ShouldBe("localhost/caur-builder:latest");
        _file.Services.Where(static service => !service.IsOurs).ShouldAllBe(service => System.Text.RegularExpressions.Regex.IsMatch(service.Image, @"^docker\.io/[a-z/]+:v?\d+\.\d+"));
    }

    [Fact]
    public async Task Monitoring_AsksWhatRunsAndFindsWhatIsMounted()
    {
        var prometheus = Service("prometheus");
        var mounts = prometheus.Mounts.ToDictionary(static mount => mount.Target, static mount => mount.Source);
        mounts["/etc/prometheus"].ShouldBe("./prometheus");
        var configuration = await ReadAsync("prometheus", "prometheus.yml");
        ComposeFile.Lines(configuration["rule_files"]).ShouldBe(["/etc/prometheus/alerts.yml"]);
        var jobs = ((List<object?>)configuration["scrape_configs"]!).Select(ComposeFile.Map).ToDictionary(static job => (string)job["job_name"]!);
        var discovery = ComposeFile.Map(((List<object?>)jobs["caur"]["file_sd_configs"]!)[0]);
        ComposeFile.Lines(discovery["files"]).ShouldBe([mounts.Single(static mount => mount.Value.StartsWith("./prometheus/targets/", StringComparison.Ordinal)).Key]);
        foreach (var shape in (string[])["hub", "cluster"])
        {
            var text = await File.ReadAllTextAsync(Path.Combine(ComposeFile.Folder, "prometheus", "targets", $"{shape}.yml"), Token);
            var targets = ((List<object?>)ComposeFile.Parse($"all:\n{text}")["all"]!).SelectMany(static group => ComposeFile.Lines(ComposeFile.Map(group)["targets"])).ToList();

            targets.ShouldBe(
                Ours.Where(service => service.Profiles.Contains(shape) && PortOf(service) is not null).Select(service => string.Create(CultureInfo.InvariantCulture, $"{service}:{PortOf(service)}")),
                ignoreOrder: true);
            targets.ShouldAllBe(target => Service(target.Split(':', 2)[0]).Networks.Intersect(prometheus.Networks).Any());
        }

        var grafana = Service("grafana");
        grafana.Mounts.ShouldContain(("./grafana", "/etc/caur/grafana", "ro"));
        grafana.Environment["GF_PATHS_PROVISIONING"].ShouldBe("/etc/caur/grafana/provisioning");
        var source = ComposeFile.Map(((List<object?>)(await ReadAsync("grafana", "provisioning", "datasources", "prometheus.yml"))["datasources"]!)[0]);
        (source["uid"], source["url"]).ShouldBe(("prometheus", "http://prometheus:9090"));
        var dashboards = ComposeFile.Map(((List<object?>)(await ReadAsync("grafana", "provisioning", "dashboards", "caur.yml"))["providers"]!)[0]);
        ComposeFile.Map(dashboards["options"])["path"].ShouldBe("/etc/caur/grafana/dashboards");
        Service("grafana").Networks.Intersect(prometheus.Networks).ShouldNotBeEmpty();

        static async Task<Dictionary<object, object?>> ReadAsync(params string[] names) =>
            ComposeFile.Parse(await File.ReadAllTextAsync(Path.Combine([ComposeFile.Folder, .. names]), Token));
    }

    [Fact]
    public async Task Prometheus_UnderstandsItsConfiguration()
    {
        Requirement.Program("promtool");
        var said = await Processes.RunAsync("promtool", ["check", "config", "--syntax-only", Path.Combine(ComposeFile.Folder, "prometheus", "prometheus.yml")]);
        said.ExitCode.ShouldBe(0, said.ToString());
    }

    /// <summary>The start of a silo is refused otherwise.</summary>
    [Fact]
    public void RedisOfTheCluster_ForgetsNothing()
    {
        var command = string.Join(' ', Service("redis").Command);
        command.ShouldContain("'appendonly yes'");
        command.ShouldContain("'maxmemory-policy noeviction'");
        command.ShouldNotContain("--requirepass");
        Service("redis").Mounts.ShouldContain(("redis", "/data", "rw"));
    }

    private ComposeService Service(string name) => _file.Services.Single(service => service.Name == name);

    /// <summary>Where its gateway listens; null without one.</summary>
    private static int? PortOf(ComposeService service) =>
        Array.IndexOf(service.Command, "--web-port") is >= 0 and var at ? int.Parse(service.Command[at + 1], CultureInfo.InvariantCulture) : null;
}
