using System.Net.Sockets;

namespace Caur.Tests.Support;

/// <summary>
/// The container engine of this machine and the builder image in it, for tests that run real builds. Found, and the image
/// made, once for all tests.
/// </summary>
/// <param name="SocketPath">The engine's unix socket, docker's or podman's.</param>
/// <param name="BuilderImage">The builder image's name and tag: what CAUR_TEST_IMAGE names, or what <c>./caur image</c> makes.</param>
internal sealed record ContainerEngine(string SocketPath, string BuilderImage)
{
    private static readonly Lazy<Task<(ContainerEngine? Engine, string WhyNot)>> Found = new(FindAsync);

    /// <summary>The engine's command, docker or podman.</summary>
    public string Command => SocketPath.Contains("podman", StringComparison.Ordinal) && Processes.OnPath("podman") ? "podman" : "docker";

    /// <summary>The engine; without one the test is skipped, or fails where CI is <c>true</c>, because there it must not go unnoticed.</summary>
    public static async Task<ContainerEngine> RequireAsync()
    {
        var (engine, whyNot) = await Found.Value;
        if (engine is not null)
        {
            return engine;
        }

        Requirement.Missing(whyNot);
        return engine;
    }

    /// <summary>Runs the engine's command.</summary>
    public Task<ProcessResult> RunAsync(IEnumerable<string> arguments, TimeSpan? limit = null) =>
        Processes.RunAsync(Command, WithRemote(arguments), limit, EngineEnvironment);

    /// <summary>The same for what puts something away: it is done also when the test has been called off.</summary>
    public Task<ProcessResult> CleanUpAsync(IEnumerable<string> arguments) => Processes.CleanUpAsync(Command, WithRemote(arguments), EngineEnvironment);

    private IEnumerable<string> WithRemote(IEnumerable<string> arguments) => Command == "podman" ? ["--remote", .. arguments] : arguments;

    private Dictionary<string, string> EngineEnvironment => new()
    {
        ["DOCKER_HOST"] = $"unix://{SocketPath}",
        ["CONTAINER_HOST"] = $"unix://{SocketPath}",
    };

    private static async Task<(ContainerEngine? Engine, string WhyNot)> FindAsync()
    {
        var socket = await FindSocketAsync();
        if (socket is null)
        {
            return (null, "no container engine answers; './caur setup' as root starts one");
        }

        var image = Environment.GetEnvironmentVariable("CAUR_TEST_IMAGE");
        if (string.IsNullOrEmpty(image))
        {
            // A test run installs nothing on the machine.
            var environment = new Dictionary<string, string> { ["CAUR_SETUP"] = "never", ["DOCKER_HOST"] = $"unix://{socket}" };
            var made = await Processes.RunAsync(Path.Combine(SourceTree.Root, "caur"), ["image"], TimeSpan.FromMinutes(3), environment);
            if (made.ExitCode != 0)
            {
                return (null, $"'./caur image' made no builder image:\n{made.Error}");
            }

            image = made.Output.Trim();
        }

        return (new ContainerEngine(socket, image), "");
    }

    private static async Task<string?> FindSocketAsync()
    {
        var named = Environment.GetEnvironmentVariable("DOCKER_HOST") ?? Environment.GetEnvironmentVariable("CONTAINER_HOST");
        var user = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string[] candidates = named is not null
            ? [named.StartsWith("unix://", StringComparison.Ordinal) ? named["unix://".Length..] : named]
            : ["/var/run/docker.sock", "/run/podman/podman.sock", $"{user}/docker.sock", $"{user}/podman/podman.sock"];
        foreach (var candidate in candidates)
        {
            if (File.Exists(candidate) && await AnswersAsync(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private static async Task<bool> AnswersAsync(string socket)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                return new NetworkStream(connection, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { Timeout = TestTimeouts.Longest };
        try
        {
            using var answer = await client.GetAsync(new Uri("http://engine/_ping"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
