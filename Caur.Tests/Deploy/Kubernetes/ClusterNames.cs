namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>What only a cluster's processes are told. A build that knows some of it is held to what it knows.</summary>
internal static class ClusterNames
{
    public static readonly string[] Options = ["--cluster", "--silo"];

    public static readonly string[] Variables =
    [
        "CAUR_REDIS", "CAUR_REDIS_PASSWORD", "CAUR_REDIS_PASSWORD_FILE", "CAUR_CLUSTER_ID", "CAUR_SILO_NAME", "CAUR_SILO_ADDRESS", "CAUR_SILO_PORT",
        "CAUR_SILO_GATEWAY_PORT", "CAUR_SILO_TLS_CERT", "CAUR_SILO_TLS_KEY", "CAUR_SILO_TLS_CA",
    ];
}
