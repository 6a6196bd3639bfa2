using System.Net;
using System.Text.Json.Nodes;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>Somebody in the cluster.</summary>
internal sealed record Peer(string Namespace, IReadOnlyDictionary<string, string> Labels)
{
    public Peer(string space, params (string Key, string Value)[] labels)
        : this(space, labels.ToDictionary(static label => label.Key, static label => label.Value))
    {
    }
}

/// <summary>What network policies allow together, as Kubernetes defines it: who is selected by none may do anything; who is selected by some, what one of
/// them allows. Both sides have to agree.</summary>
internal sealed class NetworkPlan(IEnumerable<Manifest> policies)
{
    private readonly List<Manifest> _policies = [.. policies.Where(static one => one.Kind == "NetworkPolicy")];

    public bool Allows(Peer from, Peer to, int port, string protocol = "TCP") =>
        Allows(from, "Egress", "egress", "to", peer => Means(peer, from.Namespace, to), port, protocol)
        && Allows(to, "Ingress", "ingress", "from", peer => Means(peer, to.Namespace, from), port, protocol);

    public bool AllowsOut(Peer from, string address, int port) =>
        Allows(from, "Egress", "egress", "to", peer => peer["ipBlock"] is JsonObject block && IsIn(IPAddress.Parse(address), block), port, "TCP");

    private bool Allows(Peer who, string type, string rules, string peers, Func<JsonObject, bool> means, int port, string protocol)
    {
        var of = _policies
            .Where(policy => policy.Namespace == who.Namespace && SelectsAll(policy.Spec["podSelector"], who.Labels) && Manifest.Texts(policy.Spec["policyTypes"]).Contains(type))
            .ToList();
        return of.Count == 0 || of.SelectMany(policy => Manifest.Items(policy.Spec[rules])).Any(rule =>
            (rule[peers] is null || Manifest.Items(rule[peers]).Any(means))
            && (rule["ports"] is null || Manifest.Items(rule["ports"]).Any(one => (long)one["port"]! == port && (string)one["protocol"]! == protocol)));
    }

    private static bool Means(JsonObject peer, string space, Peer who) =>
        peer["ipBlock"] is null
        && (peer["namespaceSelector"] is { } spaces
            ? SelectsAll(spaces, new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = who.Namespace })
            : who.Namespace == space)
        && (peer["podSelector"] is not { } pods || SelectsAll(pods, who.Labels));

    private static bool SelectsAll(JsonNode? selector, IReadOnlyDictionary<string, string> labels) => Manifest.Selects(selector, labels);

    private static bool IsIn(IPAddress address, JsonObject block) =>
        Contains((string)block["cidr"]!, address) && !Manifest.Texts(block["except"]).Any(network => Contains(network, address));

    private static bool Contains(string network, IPAddress address)
    {
        var parsed = IPNetwork.Parse(network);
        return parsed.BaseAddress.AddressFamily == address.AddressFamily && parsed.Contains(address);
    }
}
