namespace Caur.Builder.Engines;

/// <summary>How the agent reaches the container engine.</summary>
public sealed class EngineOptions
{
    /// <summary>The engine's address: <c>unix:///path</c>, a bare path, or <c>tcp://host:port</c>. Default: <c>/var/run/docker.sock</c>.</summary>
    public string Address { get; set; } = EngineEndpoint.DockerSocket;

    /// <summary>How long a call may take that answers at once, such as create or inspect. Default: 2 minutes, for slow disks.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Takes the address from the environment. An engine that was named for it wins over the common variables:
    /// <c>CONTAINER_ENGINE=podman</c> with <c>DOCKER_SOCKET</c> (the manual's; default <c>/run/podman/podman.sock</c>), then
    /// <c>CONTAINER_HOST</c>, <c>DOCKER_HOST</c>, <c>DOCKER_SOCKET</c>.</summary>
    public void ReadEnvironment(Func<string, string?> variable)
    {
        var engine = Value("CONTAINER_ENGINE");
        var podman = engine is not null && !string.Equals(engine, "docker", StringComparison.OrdinalIgnoreCase);
        Address = (podman ? Value("CONTAINER_HOST") ?? Value("DOCKER_SOCKET") ?? Value("DOCKER_HOST") ?? EngineEndpoint.PodmanSocket : null)
            ?? Value("DOCKER_HOST") ?? Value("CONTAINER_HOST") ?? Value("DOCKER_SOCKET") ?? Address;

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>What could not work, said as <c>Option must ...</c>.</summary>
    internal IEnumerable<string> Problems()
    {
        if (EngineEndpoint.TryParse(Address, out var problem) is null)
        {
            yield return $"{nameof(EngineOptions)}.{nameof(Address)}: {problem}";
        }

        if (CallTimeout <= TimeSpan.Zero)
        {
            yield return $"{nameof(EngineOptions)}.{nameof(CallTimeout)} must be more than zero";
        }
    }
}
