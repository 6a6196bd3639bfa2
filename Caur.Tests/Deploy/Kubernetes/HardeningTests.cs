using System.Text.Json.Nodes;
using Caur.Builder;
using Caur.Silo.Hub;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>Nothing runs with more than it needs, and whatever runs is looked after and may end in order.</summary>
[Collection(RenderedCollection.Name)]
public sealed class HardeningTests(RenderedOverlays overlays)
{
    /// <summary>How long an endpoint may go on before it is told to end, and what is left at the end.</summary>
    private static readonly TimeSpan Spare = TimeSpan.FromSeconds(5);

    public static TheoryData<string> Names => RenderedOverlays.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Containers_AllOfThem_HaveTheLeastRights(string name)
    {
        foreach (var workload in overlays.Workloads(name))
        {
            var pod = workload.PodSpec["securityContext"]!;
            ((bool)pod["runAsNonRoot"]!).ShouldBeTrue($"{workload}");
            ((long)pod["runAsUser"]!).ShouldBeGreaterThan(0);
            ((long)pod["fsGroup"]!).ShouldBe((long)pod["runAsGroup"]!);
            ((string)pod["fsGroupChangePolicy"]!).ShouldBe("OnRootMismatch");
            ((string)pod["seccompProfile"]!["type"]!).ShouldBe("RuntimeDefault");
            foreach (var shared in (string[])["hostNetwork", "hostPID", "hostIPC"])
            {
                workload.PodSpec.ShouldNotContainKey(shared);
            }

            foreach (var container in workload.Containers)
            {
                if ((string)container["name"]! == "engine")
                {
                    // Starts containers, for which it has to be privileged; in a namespace for nothing else.
                    workload.Namespace.ShouldBe("caur-builders");
                    continue;
                }

                var rights = container["securityContext"]!;
                ((bool)rights["allowPrivilegeEscalation"]!).ShouldBeFalse($"{workload}");
                ((bool)rights["readOnlyRootFilesystem"]!).ShouldBeTrue();
                Manifest.Texts(rights["capabilities"]!["drop"]).ShouldBe(["ALL"]);
                ((JsonObject)rights).Select(static pair => pair.Key).Except(["allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities"])
                    .ShouldBeEmpty("what the pod has is not taken back");
                Manifest.Items(container["volumeMounts"]).ShouldContain(static mount => (string)mount["mountPath"]! == "/tmp");
            }

            if (workload.Namespace == "caur")
            {
                // What the profile "restricted" leaves.
                Manifest.Items(workload.PodSpec["volumes"]).SelectMany(static volume => volume.Select(static pair => pair.Key)).Where(static key => key != "name")
                    .ShouldBeSubsetOf(["configMap", "secret", "emptyDir", "persistentVolumeClaim"]);
                Manifest.Items(workload.PodSpec["initContainers"]).ShouldBeEmpty();
            }

            if (workload.CaurContainers.Any())
            {
                ((long)pod["runAsUser"]!).ShouldBe(10001, "the image's user");
            }
        }
    }

    /// <summary>A node's folders are for the builders that use the node's engine, and for nobody else.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Volumes_OfANode_AreForBuildersAlone(string name)
    {
        foreach (var workload in overlays.Workloads(name).Where(static workload => Manifest.Items(workload.PodSpec["volumes"]).Any(static volume => volume["hostPath"] is not null)))
        {
            name.ShouldBe("builders-node");
            ((JsonObject)workload.PodSpec["nodeSelector"]!).ShouldContainKey("caur-builder");
        }
    }

    /// <summary>Nothing speaks to Kubernetes, so nobody gets a token or a role.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Accounts_AllOfThem_HaveNoRightAtAll(string name)
    {
        overlays[name].Where(static one => one.Kind is "Role" or "ClusterRole" or "RoleBinding" or "ClusterRoleBinding").ShouldBeEmpty();
        overlays[name].Where(static one => one.Kind == "ServiceAccount").ShouldAllBe(static account => !(bool)account.Json["automountServiceAccountToken"]!);
        overlays.Workloads(name).ShouldAllBe(static workload => !(bool)workload.PodSpec["automountServiceAccountToken"]! && !(bool)workload.PodSpec["enableServiceLinks"]!);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Probes_OfWhateverServes_AreThoseOfTheProcess(string name)
    {
        foreach (var (workload, container) in overlays.Workloads(name).SelectMany(static workload => workload.Containers.Select(container => (workload, container))))
        {
            if (Manifest.Texts(container["args"]).FirstOrDefault() == "builder")
            {
                // It opens no port. The farm itself watches builders: one that hangs loses its lease, one that cannot work ends.
                continue;
            }

            foreach (var probe in (string[])["startupProbe", "readinessProbe", "livenessProbe"])
            {
                container.ShouldContainKey(probe, $"{workload}");
            }

            if ((string)container["name"]! == "caur")
            {
                (Path("startupProbe"), Path("readinessProbe"), Path("livenessProbe")).ShouldBe(("/health/startup", "/health/ready", "/health/live"));
                Manifest.Items(container["ports"]).ShouldContain(port => (string)port["name"]! == (string)container["livenessProbe"]!["httpGet"]!["port"]!);
            }

            string? Path(string probe) => (string?)container[probe]!["httpGet"]?["path"];
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Resources_OfEveryContainer_AreAskedForAndMemoryIsBounded(string name)
    {
        foreach (var (workload, container) in overlays.Workloads(name).SelectMany(static workload => workload.Containers.Select(container => (workload, container))))
        {
            ((JsonObject)container["resources"]!["requests"]!).Select(static pair => pair.Key).ShouldBeSubsetOf(["cpu", "memory", "ephemeral-storage"]);
            container["resources"]!["requests"]!["memory"].ShouldNotBeNull($"{workload}");
            container["resources"]!["limits"]!["memory"].ShouldNotBeNull($"{workload}");
            container["resources"]!["limits"]!["cpu"].ShouldBeNull($"{workload}: what is held back looks like what died");
        }
    }

    /// <summary>Kubernetes waits longer than a process takes to end in order, with what it waits before that.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void GracePeriod_OfEveryPod_IsLongerThanItsEnd(string name)
    {
        foreach (var workload in overlays.Workloads(name))
        {
            var grace = TimeSpan.FromSeconds((long)workload.PodSpec["terminationGracePeriodSeconds"]!);
            foreach (var container in workload.CaurContainers)
            {
                var before = TimeSpan.FromSeconds((long?)container["lifecycle"]?["preStop"]?["sleep"]?["seconds"] ?? 0);
                BuilderOptions? agent = null;
                if (Manifest.Texts(container["args"])[0] == "builder")
                {
                    agent = new BuilderOptions();
                    agent.ReadEnvironment(WiringTests.Environment(container).GetValueOrDefault);
                }

                grace.ShouldBeGreaterThanOrEqualTo(before + HubHost.ShutdownTimeOf(agent) + Spare, $"{workload}");
                if (agent is null)
                {
                    before.ShouldBeGreaterThan(TimeSpan.Zero, $"{workload}: nobody is to be sent to it any more when it ends");
                }
            }
        }
    }

    /// <summary>A gateway is replaced by one that is ready, and silos one by one; all of them on several nodes.</summary>
    [Fact]
    public void Cluster_WhenItIsUpdated_IsNeverWithoutEither()
    {
        var (gateway, control) = (overlays["cluster"].Single(static one => one.Kind == "Deployment"), overlays["cluster"].Single(static one => one is { Kind: "StatefulSet", Name: "caur-control" }));

        ((long)gateway.Spec["strategy"]!["rollingUpdate"]!["maxUnavailable"]!).ShouldBe(0);
        ((long)gateway.Spec["replicas"]!).ShouldBeGreaterThanOrEqualTo(2);
        ((long)control.Spec["replicas"]!).ShouldBeInRange(2, 3);
        foreach (var workload in (Manifest[])[gateway, control])
        {
            workload.PodSpec["affinity"]!["podAntiAffinity"].ShouldNotBeNull();
            ((long)workload.Spec["minReadySeconds"]!).ShouldBeGreaterThan(0);
        }

        var environment = WiringTests.Environment(control.CaurContainers.Single());
        (environment["CAUR_SILO_NAME"], environment["CAUR_SILO_ADDRESS"]).ShouldBe(("(metadata.name)", "(status.podIP)"));
    }

    /// <summary>The engine's folder of images is not its volume's root, whose modes Kubernetes would mend, and every file with them, at each start.</summary>
    [Fact]
    public void Engine_OfABuilder_StartsBeforeTheAgentAndOpensNoPort()
    {
        var workload = overlays.Workloads("builders").Single();
        var engine = Manifest.Items(workload.PodSpec["initContainers"]).Single();
        var agent = workload.CaurContainers.Single();

        ((string)engine["restartPolicy"]!).ShouldBe("Always", "it goes on beside the agent, and ends after it");
        Manifest.Texts(engine["args"]).ShouldContain("--host=unix:///run/engine/docker.sock");
        Manifest.Texts(engine["args"]).Where(static argument => argument.StartsWith("--host=", StringComparison.Ordinal)).ShouldHaveSingleItem();
        WiringTests.Environment(agent)["DOCKER_HOST"].ShouldBe("unix:///run/engine/docker.sock");
        var options = new BuilderOptions();
        options.ReadEnvironment(WiringTests.Environment(agent).GetValueOrDefault);
        var data = WiringTests.Environment(agent)["CAUR_DATA"];
        foreach (var container in (JsonObject[])[engine, agent])
        {
            Manifest.Items(container["volumeMounts"]).ShouldContain(mount => (string)mount["mountPath"]! == data && (string)mount["name"]! == "workspace");
        }

        var root = Manifest.Texts(engine["args"]).Single(static argument => argument.StartsWith("--data-root=", StringComparison.Ordinal)).Split('=')[1];
        Manifest.Items(engine["volumeMounts"]).ShouldContain(mount => (string)mount["mountPath"]! == Path.GetDirectoryName(root));
        Manifest.Texts(engine["args"]).ShouldContain($"--group={(long)workload.PodSpec["securityContext"]!["fsGroup"]!}", "the agent's group has the socket");
    }
}
