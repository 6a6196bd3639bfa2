namespace Caur.Pipelines.Polite;

/// <summary>How the farm asks other people's hosts.</summary>
internal sealed record PoliteOptions
{
    /// <summary>How long after one request or clone the next one to the same host may begin (<c>CI_CLONE_DELAY</c>). Default: none.</summary>
    public TimeSpan HostDelay { get; init; }

    /// <summary>How many requests and clones one host has to bear at the same time. Default: 4.</summary>
    public int PerHost { get; init; } = 4;

    /// <summary>How often something is tried before it is skipped and told. Default: 2.</summary>
    public int Tries { get; init; } = 2;

    /// <summary>How long a host is left alone after it failed, at first; twice as long after each further time. Default: 30 s.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest that a run waits for a host that asked to be left alone. One that asks for longer is skipped. Default: 5 min.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After how many failures in a row a host is not asked again in a run. Default: 4, which take less than 4 minutes.</summary>
    public int GiveUpAfter { get; init; } = 4;

    /// <summary>How long one request or clone may take. Default: 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The largest answer that is read, in bytes as they come. Default: 256 MiB.</summary>
    public long MaxBytes { get; init; } = 256L << 20;

    /// <summary>How the farm calls itself.</summary>
    public string UserAgent { get; init; } = "caur";
}
