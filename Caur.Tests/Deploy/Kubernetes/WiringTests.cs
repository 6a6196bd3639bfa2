using System.Globalization;
using System.Text.Json.Nodes;
using Caur.Silo.Builders;
using Caur.Silo.Cli;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.Settings;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>What the objects say of each other, and of <c>caur</c>, is so.</summary>
[Collection(RenderedCollection.Name)]
public sealed class WiringTests(RenderedOverlays overlays)
{
    public static TheoryData<string> Names => RenderedOverlays.Names;

    [Theory]
    [InlineData("hub", "StatefulSet caur/caur-hub", "Ingress caur/caur", "Service caur/caur")]
    [InlineData("cluster", "StatefulSet caur/caur-control", "Deployment caur/caur-gateway", "StatefulSet caur/caur-redis", "PersistentVolumeClaim caur/caur-data", "PodDisruptionBudget caur/caur-control", "PodDisruptionBudget caur/caur-gateway", "Ingress caur/caur")]
    [InlineData("cluster-tls", "StatefulSet caur/caur-control", "Deployment caur/caur-gateway")]
    [InlineData("monitoring", "ServiceMonitor caur/caur")]
    [InlineData("builders", "StatefulSet caur-builders/caur-builder")]
    [InlineData("builders-node", "StatefulSet caur-builders/caur-builder")]
    public void Overlay_Rendered_HasWhatItIsFor(string name, params string[] objects) =>
        overlays[name].Select(static manifest => manifest.ToString()).Intersect(objects).ShouldBe(objects, ignoreOrder: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Objects_OfAnOverlay_AreThereOnceAndInANamespaceOfTheFarm(string name)
    {
        var all = overlays[name];

        all.Select(static manifest => manifest.ToString()).ShouldBeUnique();
        all.Where(static manifest => manifest.Namespace is not ("caur" or "caur-builders") && manifest.Kind != "Namespace").ShouldBeEmpty();
        all.Where(static manifest => manifest.Kind == "Secret").ShouldBeEmpty("secrets are people's");
        var secured = all.Where(static manifest => manifest.Kind == "Namespace").ToDictionary(static space => space.Name, static space => space.Labels["pod-security.kubernetes.io/enforce"]);
        secured.GetValueOrDefault("caur", "restricted").ShouldBe("restricted");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Selectors_OfServicesBudgetsAndWorkloads_FindPods(string name)
    {
        var all = overlays[name];
        var pods = overlays.Workloads(name);
        foreach (var workload in pods)
        {
            Manifest.Selects(workload.Spec["selector"], workload.PodLabels).ShouldBeTrue($"{workload}");
            pods.Count(other => Manifest.Selects(workload.Spec["selector"], other.PodLabels)).ShouldBe(1, $"{workload}");
            foreach (var spread in Manifest.Items(workload.PodSpec["topologySpreadConstraints"]))
            {
                Manifest.Selects(spread["labelSelector"], workload.PodLabels).ShouldBeTrue($"{workload}");
            }
        }

        foreach (var service in all.Where(static manifest => manifest.Kind == "Service"))
        {
            var labels = new JsonObject { ["matchLabels"] = service.Spec["selector"]!.DeepClone() };
            var behind = pods.Where(pod => pod.Namespace == service.Namespace && Manifest.Selects(labels, pod.PodLabels)).ShouldHaveSingleItem();
            var ports = behind.Containers.SelectMany(static container => Manifest.Items(container["ports"])).ToDictionary(static port => (string)port["name"]!, static port => (long)port["containerPort"]!);
            foreach (var port in Manifest.Items(service.Spec["ports"]))
            {
                ports.ShouldContainKeyAndValue((string)port["targetPort"]!, (long)port["port"]!);
            }
        }

        foreach (var budget in all.Where(static manifest => manifest.Kind == "PodDisruptionBudget"))
        {
            var meant = pods.Where(pod => Manifest.Selects(budget.Spec["selector"], pod.PodLabels)).ShouldHaveSingleItem();
            ((long)budget.Spec["maxUnavailable"]!).ShouldBe(1);
            ((long)meant.Spec["replicas"]!).ShouldBeGreaterThan(1, "with a single pod it could only forbid that a node is drained");
        }

        pods.Where(static pod => (long)pod.Spec["replicas"]! > 1 && pod.Namespace == "caur")
            .Where(pod => !all.Any(budget => budget.Kind == "PodDisruptionBudget" && Manifest.Selects(budget.Spec["selector"], pod.PodLabels)))
            .ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void References_ToOtherObjects_AreThereOrAreMadeByPeople(string name)
    {
        var all = overlays[name];
        foreach (var workload in overlays.Workloads(name))
        {
            var spec = workload.PodSpec;
            ShouldBeThere("ServiceAccount", (string)spec["serviceAccountName"]!);
            if (workload.Kind == "StatefulSet")
            {
                ShouldBeThere("Service", (string)workload.Spec["serviceName"]!);
            }

            var volumes = Manifest.Items(spec["volumes"]).ToDictionary(static volume => (string)volume["name"]!);
            var claims = Manifest.Items(workload.Spec["volumeClaimTemplates"]).Select(static claim => (string)claim["metadata"]!["name"]!).ToList();
            foreach (var volume in volumes.Values)
            {
                if ((string?)volume["configMap"]?["name"] is { } map)
                {
                    ShouldBeThere("ConfigMap", map);
                }

                if ((string?)volume["persistentVolumeClaim"]?["claimName"] is { } claim)
                {
                    ShouldBeThere("PersistentVolumeClaim", claim);
                }

                if ((string?)volume["secret"]?["secretName"] is { } secret)
                {
                    RenderedOverlays.Secrets.ShouldContain(one => one.Name == secret && one.Namespace == workload.Namespace, $"{workload}: {secret}");
                }
            }

            var mounted = workload.Containers.SelectMany(static container => Manifest.Items(container["volumeMounts"])).Select(static mount => (string)mount["name"]!).Distinct();
            mounted.ShouldBe(volumes.Keys.Concat(claims), ignoreOrder: true, $"{workload}: volumes, and what is mounted of them");

            // No secret comes by the environment, where every child process and every crash report has it.
            workload.Containers.SelectMany(static container => Manifest.Items(container["env"])).Where(static one => one["valueFrom"]?["secretKeyRef"] is not null).ShouldBeEmpty();

            void ShouldBeThere(string kind, string wanted) =>
                all.ShouldContain(one => one.Kind == kind && one.Namespace == workload.Namespace && one.Name == wanted, $"{workload}: {kind} {wanted}");
        }

        foreach (var ingress in all.Where(static manifest => manifest.Kind == "Ingress"))
        {
            var backend = ingress.Spec["rules"]![0]!["http"]!["paths"]![0]!["backend"]!["service"]!;
            var service = all.Single(one => one.Kind == "Service" && one.Namespace == ingress.Namespace && one.Name == (string)backend["name"]!);
            Manifest.Items(service.Spec["ports"]).ShouldContain(port => (string)port["name"]! == (string)backend["port"]!["name"]!);
            RenderedOverlays.Secrets.ShouldContain(one => one.Namespace == ingress.Namespace && one.Name == (string)ingress.Spec["tls"]![0]!["secretName"]!);
        }
    }

    /// <summary>A file that an argument or a variable names is a key of what is mounted there.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Files_ThatVariablesName_AreMounted(string name)
    {
        foreach (var workload in overlays.Workloads(name))
        {
            foreach (var container in workload.CaurContainers)
            {
                var mounts = Manifest.Items(container["volumeMounts"]).ToDictionary(static mount => (string)mount["mountPath"]!, static mount => (string)mount["name"]!);
                foreach (var (variable, file) in Environment(container).Where(static one => one.Value.StartsWith("/etc/", StringComparison.Ordinal) || one.Value.StartsWith("/run/secrets/", StringComparison.Ordinal)))
                {
                    var volume = Manifest.Items(workload.PodSpec["volumes"]).Single(volume => (string)volume["name"]! == mounts[Path.GetDirectoryName(file)!]);
                    var keys = (string?)volume["configMap"]?["name"] is { } map
                        ? (JsonObject)overlays[name].Single(one => one.Kind == "ConfigMap" && one.Name == map).Json["data"]!
                        : (JsonObject)RenderedOverlays.Secrets.Single(one => one.Name == (string)volume["secret"]!["secretName"]! && one.Namespace == workload.Namespace).Json["stringData"]!;
                    keys.ShouldContainKey(Path.GetFileName(file), $"{workload}: {variable}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Commands_OfCaur_AreVerbsWithTheirOptionsAndVariablesThatTheyRead(string name)
    {
        var commands = CommandLine.Create(new CliContext(static () => Stream.Null, TextWriter.Null, TextWriter.Null, static _ => null, isTerminal: false));
        foreach (var workload in overlays.Workloads(name))
        {
            foreach (var container in workload.CaurContainers)
            {
                ((JsonObject)container).ShouldNotContainKey("command", "the image's entry is caur");
                var arguments = Manifest.Texts(container["args"]);
                var cluster = arguments.Intersect(ClusterNames.Options).Any() || Environment(container).ContainsKey("CAUR_REDIS");
                cluster.ShouldBe(name.StartsWith("cluster", StringComparison.Ordinal), $"{workload}");
                var known = commands.Subcommands.Single(command => command.Name == arguments[0]).Options.Select(static option => option.Name);
                var parsed = commands.Parse([.. arguments.Except(ClusterNames.Options.Except(known))]);
                parsed.Errors.ShouldBeEmpty($"{workload}: {string.Join(' ', arguments)}");
                var verb = parsed.CommandResult.Command.Name;
                verb.ShouldBeOneOf("database", "web", "builder");

                var reader = verb == "builder" ? Readers.Builder : verb == "web" && !cluster ? Readers.Web : Readers.Hub;
                var variables = FarmVariables.All.Where(variable => variable.ReadBy.HasFlag(reader)).Select(static variable => variable.Name)
                    .Concat(cluster ? ClusterNames.Variables : []).Append("HOME");
                Environment(container).Keys.Except(variables).ShouldBeEmpty($"{workload}");
                BuilderSettings.Problems(Environment(container).GetValueOrDefault).ShouldBeEmpty($"{workload}");
            }
        }
    }

    /// <summary>The configuration of an overlay is one that the farm starts with.</summary>
    [Theory]
    [InlineData("hub")]
    [InlineData("cluster")]
    public void Configuration_OfAnOverlay_IsRight(string name)
    {
        using var folder = new TemporaryFolder();
        var map = overlays[name].Single(static one => one.Kind == "ConfigMap" && one.Json["data"]!["caur.json"] is not null);
        File.WriteAllText(folder["caur.json"], (string)map.Json["data"]!["caur.json"]!);

        var configuration = ConfigurationCheck.Run(folder["caur.json"], static _ => null);

        configuration.Problems.ShouldBeEmpty();
        DatabaseVerb.Read(new DatabaseVerb.Arguments(8080, "/var/lib/caur", 0, null), configuration).RunAgent.ShouldBeFalse();
    }

    /// <summary>Every secret that people are told to make is one that something uses, and the other way round (by the test of references).</summary>
    [Fact]
    public void Secrets_OfTheExample_AreAllUsed()
    {
        var used = RenderedOverlays.Names.SelectMany(row => overlays[row.Data])
            .SelectMany(static one => one.PodTemplate is not null ? Manifest.Items(one.PodSpec["volumes"]).Select(volume => ($"{one.Namespace}/{(string?)volume["secret"]?["secretName"]}"))
                : one.Kind == "Ingress" ? [$"{one.Namespace}/{(string)one.Spec["tls"]![0]!["secretName"]!}"] : []);

        RenderedOverlays.Secrets.Select(static secret => $"{secret.Namespace}/{secret.Name}").Except(used).ShouldBeEmpty();
        RenderedOverlays.Secrets.SelectMany(static secret => Manifest.Strings(secret.Json["stringData"]).Values).ShouldAllBe(static value => value == "FILL-IN");
    }

    /// <summary>Live logs, links of builders and large bodies come through.</summary>
    [Theory]
    [InlineData("hub")]
    [InlineData("cluster")]
    public void Ingress_OfAnOverlay_HoldsNothingBackAndCutsNothingOff(string name)
    {
        var annotations = Manifest.Strings(overlays[name].Single(static one => one.Kind == "Ingress").Json["metadata"]!["annotations"])
            .ToDictionary(static pair => pair.Key.Replace("nginx.ingress.kubernetes.io/", "", StringComparison.Ordinal), static pair => pair.Value);

        annotations.ShouldContainKeyAndValue("proxy-body-size", "0");
        annotations.ShouldContainKeyAndValue("proxy-request-buffering", "off");
        annotations.ShouldContainKeyAndValue("proxy-buffering", "off");
        int.Parse(annotations["proxy-read-timeout"], CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(3600);
        int.Parse(annotations["proxy-send-timeout"], CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(3600);
    }

    [Fact]
    public void Document_OfKubernetes_NamesEveryOverlayAndSecret()
    {
        var text = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "kubernetes.md"));

        RenderedOverlays.Names.Select(static row => row.Data).Where(name => !text.Contains($"| `{name}` |", StringComparison.Ordinal)).ShouldBeEmpty();
        RenderedOverlays.Secrets.Where(secret => !text.Contains(secret.Name, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>What kubectls from 1.20 on understand: folders only as bases, and patches only in files.</summary>
    [Fact]
    public void Kustomizations_AllOfThem_AreForOldKubectlsToo()
    {
        var files = Directory.EnumerateFiles(RenderedOverlays.Root, "kustomization.yaml", SearchOption.AllDirectories).ToList();
        files.Count.ShouldBeGreaterThan(10);
        foreach (var file in files)
        {
            var kustomization = YamlJson.ReadAll(File.ReadAllText(file)).Single();
            kustomization.Select(static pair => pair.Key).ShouldBeSubsetOf(["bases", "resources", "patchesStrategicMerge", "configMapGenerator", "generatorOptions", "images"], file);
            foreach (var resource in Manifest.Texts(kustomization["resources"]).Concat(Manifest.Texts(kustomization["patchesStrategicMerge"])))
            {
                File.Exists(Path.Combine(Path.GetDirectoryName(file)!, resource)).ShouldBeTrue($"{file}: {resource}");
            }
        }
    }

    /// <summary>Whatever can be an operator's own is set in an overlay, not in a base.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Images_OfAnOverlay_AreNamedWithATag(string name)
    {
        foreach (var image in overlays.Workloads(name).SelectMany(static workload => workload.Containers).Select(static container => (string)container["image"]!))
        {
            image.ShouldMatch(@"^[a-z0-9.-]+\.[a-z]+/[a-z0-9./-]+:[a-z0-9.-]+$");
        }
    }

    internal static Dictionary<string, string> Environment(JsonObject container) => Manifest.Items(container["env"])
        .ToDictionary(static one => (string)one["name"]!, static one => (string?)one["value"] ?? $"({(string?)one["valueFrom"]?["fieldRef"]?["fieldPath"]})", StringComparer.Ordinal);
}
