using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Caur.Tests.Pacman;
using Caur.Tests.Support;

namespace Caur.Tests.Farm;

/// <summary>A farm of a test's own: a source repository, a data folder, and what the hub is told.</summary>
internal sealed class FarmSetup : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly int _port = FindPort();

    private FarmSetup(ContainerEngine engine)
    {
        Engine = engine;

        // makepkg writes the .SRCINFOs as another user.
        new DirectoryInfo(_folder.Path).UnixFileMode = (UnixFileMode)0b111_101_101;
        Sources = new SourceFolder(_folder.Folder("sources"));
    }

    public ContainerEngine Engine { get; }

    public SourceFolder Sources { get; }

    public string Data => _folder["data"];

    /// <summary>A file or folder beside the farm's.</summary>
    public string this[string name] => _folder[name];

    /// <summary>The hub's port, whether it runs or not.</summary>
    public int Port => _port;

    /// <summary>Another source repository.</summary>
    public SourceFolder SourcesOf(string name) => new(_folder.Folder(name));

    public static async Task<FarmSetup> CreateAsync() => new(await ContainerEngine.RequireAsync());

    public Task<HubProcess> StartHubAsync(params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["PACKAGE_REPOS"] = JsonSerializer.Serialize(new Dictionary<string, object> { ["sources"] = new { url = Sources.Path } }),
            ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
            ["BUILDER_IMAGE"] = Engine.BuilderImage,
            ["BUILDER_HOSTNAME"] = "tester",
            ["DOCKER_HOST"] = $"unix://{Engine.SocketPath}",
            ["CAUR_SLOTS"] = "2",
            ["CAUR_STALL_TIMEOUT"] = "60",
            ["BUILDER_TIMEOUT"] = "300",
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return HubProcess.StartAsync(Data, _port, environment);
    }

    /// <summary>A free port that outlives a server: containers go on asking where the hub was when they began, builders where their gateway
    /// was. It is below the ports that the kernel gives to connections, any of which could take it while no server has it.</summary>
    public static int FindPort()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.IPv6Any, Random.Shared.Next(20_000, 32_768));
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>Installs packages with real pacman, signatures required, in a container that knows nothing but the farm's key, and runs
    /// a script there.</summary>
    public async Task<string> InstallAsync(HubProcess hub, IEnumerable<string> packages, string script)
    {
        var key = _folder["key.asc"];
        await File.WriteAllTextAsync(key, await hub.Http.GetStringAsync("/key.asc"));
        var install = $"""
            set -euo pipefail
            printf '\n[farm]\nSigLevel = Required DatabaseRequired\nServer = http://host.docker.internal:{hub.Http.BaseAddress!.Port}/repos/$repo/$arch\n' >>/etc/pacman.conf
            home=$(pacman-conf GPGDir)
            gpg --homedir "$home" --batch --quiet --no-permission-warning --no-autostart --import /key.asc
            gpg --homedir "$home" --batch --no-permission-warning --with-colons --list-keys |
              awk -F: '/^fpr/ {"{"} print $10 ":6:" {"}"}' | gpg --homedir "$home" --batch --quiet --no-permission-warning --no-autostart --import-ownertrust
            pacman -Sy --noconfirm --noprogressbar {string.Join(' ', packages)} </dev/null
            {script}
            """;
        var result = await Engine.RunAsync(
        [
            "run", "--rm", "--add-host", "host.docker.internal:host-gateway", "-v", $"{key}:/key.asc:ro", Engine.BuilderImage, "bash", "-c", install,
        ]);
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Output;
    }

    /// <summary>Waits until no container of this farm's builds is left: one goes a moment after its result was reported.</summary>
    public async Task NoContainersAsync()
    {
        var instance = (await File.ReadAllTextAsync(Directory.EnumerateFiles(Path.Combine(Data, "builder"), "instance*").First())).Trim();
        using var end = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            var listed = await Engine.RunAsync(["ps", "--all", "--filter", $"label=caur.instance={instance}", "--format", "{{.Names}}"]);
            if (listed.Output.Trim().Length == 0)
            {
                return;
            }

            end.IsCancellationRequested.ShouldBeFalse($"containers stay: {listed.Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
        }
    }

    public void Dispose() => _folder.Dispose();
}
