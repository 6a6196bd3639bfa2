namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>Who may speak to whom, with every overlay applied: this list, and nobody else.</summary>
[Collection(RenderedCollection.Name)]
public sealed class NetworkTests(RenderedOverlays overlays)
{
    private const string Name = "app.kubernetes.io/name";
    private const string Component = "app.kubernetes.io/component";

    private static readonly int[] Ports = [22, 53, 80, 443, 2375, 6379, 8080, 8443, 10250, 11111, 30000];

    private static readonly Dictionary<string, Peer> Others = new()
    {
        ["ingress"] = new("ingress-nginx", (Name, "ingress-nginx"), (Component, "controller")),
        ["prometheus"] = new("monitoring", (Name, "prometheus")),
        ["names"] = new("kube-system", ("k8s-app", "kube-dns")),
        ["stranger"] = new("default", (Name, "caur"), (Component, "gateway")),
        ["system"] = new("kube-system", ("k8s-app", "metrics-server")),
        ["grafana"] = new("monitoring", (Name, "grafana")),
        ["guest"] = new("caur", (Name, "debug")),
        ["guest of builders"] = new("caur-builders", (Name, "debug")),
    };

    [Fact]
    public void Hub_WithBuildersAndMonitoring_IsReachedByThoseWhoMay() =>
        Allowed("hub").ShouldBe(
            [
                "hub > names:53", "builder > names:53", "guest > names:53",
                "ingress > hub:8080", "builder > hub:8080", "prometheus > hub:8080",
            ],
            ignoreOrder: true);

    [Theory]
    [InlineData("cluster")]
    [InlineData("cluster-tls")]
    public void Cluster_WithBuildersAndMonitoring_IsReachedByThoseWhoMay(string name) =>
        Allowed(name).ShouldBe(
            [
                "control > names:53", "gateway > names:53", "redis > names:53", "builder > names:53", "guest > names:53",
                "ingress > gateway:8080", "builder > gateway:8080", "prometheus > gateway:8080", "prometheus > control:8080",
                "gateway > control:30000", "control > control:11111",
                "control > redis:6379", "gateway > redis:6379",
            ],
            ignoreOrder: true);

    [Theory]
    [InlineData("hub", "hub", "22 443")]
    [InlineData("cluster", "control", "22 443")]
    [InlineData("cluster", "gateway", "")]
    [InlineData("cluster", "redis", "")]
    [InlineData("hub", "builder", "22 80 443")]
    public void World_FromAPod_IsReachedAsFarAsItNeeds(string overlay, string who, string ports)
    {
        var (plan, peers) = Plan(overlay);

        foreach (var address in (string[])["93.184.216.34", "2606:2800:220:1::1"])
        {
            string.Join(' ', Ports.Where(port => plan.AllowsOut(peers[who], address, port))).ShouldBe(ports, address);
        }

        foreach (var address in (string[])["169.254.169.254", "10.0.0.1", "172.20.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "fd00::1", "fe80::1", "::1"])
        {
            Ports.Where(port => plan.AllowsOut(peers[who], address, port)).ShouldBeEmpty($"{address}: nodes, their metadata, and what else is inside");
        }
    }

    private List<string> Allowed(string overlay)
    {
        var (plan, peers) = Plan(overlay);
        var ours = peers.Keys.Except(Others.Keys).Append("guest").Append("guest of builders").ToHashSet();
        return
        [
            .. from source in peers
               from to in peers
               where ours.Contains(source.Key) || ours.Contains(to.Key)
               from port in Ports
               where plan.Allows(source.Value, to.Value, port)
               select $"{source.Key} > {to.Key}:{port}",
        ];
    }

    private (NetworkPlan Plan, Dictionary<string, Peer> Peers) Plan(string overlay)
    {
        string[] applied = [overlay, "builders", "monitoring"];
        var peers = new Dictionary<string, Peer>(Others);
        foreach (var workload in applied.SelectMany(overlays.Workloads))
        {
            peers.Add(workload.PodLabels[Component], new Peer(workload.Namespace, workload.PodLabels));
        }

        return (new NetworkPlan(applied.SelectMany(name => overlays[name])), peers);
    }
}
