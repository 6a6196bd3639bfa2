using System.Runtime.Versioning;
using Caur.Storage.Processes;
using Caur.Storage.Signing;

namespace Caur.Tests.Storage.Support;

/// <summary>Real pacman with a root of its own, which takes nothing that the farm's key did not sign.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PacmanClient : IAsyncDisposable
{
    private static readonly string[] Folders = ["root/var/lib/pacman", "cache", "gpg", "hooks"];

    private readonly TemporaryFolder _folder = new();

    private PacmanClient()
    {
    }

    /// <summary>Makes a client that trusts the signer's key, in the way of a machine on which the key was added and signed.</summary>
    /// <param name="signer">Whose key is trusted.</param>
    /// <param name="server">The <c>Server</c> of the repository <c>farm</c>.</param>
    public static async Task<PacmanClient> CreateAsync(GpgSigner signer, string server)
    {
        var client = new PacmanClient();
        foreach (var folder in Folders)
        {
            Directory.CreateDirectory(client._folder[folder.Split('/')]);
        }

        await client.UseAsync(server, "farm");
        var home = client._folder["gpg"];
        // libalpm looks for the keyring under this very name.
        await File.WriteAllTextAsync(Path.Combine(home, "pubring.gpg"), "");
        await File.WriteAllBytesAsync(client._folder["key"], await signer.ExportBinaryAsync(CancellationToken.None));
        await client.GpgAsync("", "--import", client._folder["key"]);
        await client.GpgAsync($"{(await signer.GetKeyAsync(CancellationToken.None)).Fingerprint}:6:\n", "--import-ownertrust");
        return client;
    }

    /// <summary>The names of the packages that it has downloaded.</summary>
    public IEnumerable<string?> Cached => Directory.GetFiles(_folder["cache"], "*.pkg.tar.zst").Select(Path.GetFileName);

    /// <summary>The file of the database that the client has of a repository.</summary>
    public string DatabasePath(string repository) => _folder["root", "var", "lib", "pacman", "sync", $"{repository}.db"];

    /// <summary>Takes these repositories from that <c>Server</c> from now on, and forgets what it had of others.</summary>
    public async Task UseAsync(string server, params string[] repositories)
    {
        var sync = Path.GetDirectoryName(DatabasePath(""))!;
        foreach (var folder in new[] { sync, _folder["cache"] }.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(_folder["cache"]);
        await File.WriteAllTextAsync(_folder["pacman.conf"], $"""
            [options]
            Architecture = x86_64
            SigLevel = Required DatabaseRequired
            {string.Join('\n', repositories.Select(repository => $"[{repository}]\nServer = {server}"))}

            """);
    }

    /// <summary>Runs <c>pacman</c> with that operation.</summary>
    public Task<ProcessResult> RunAsync(params string[] operation)
    {
        // pacman wants root for its changes, though they are all in our folder.
        string[] pacman = Environment.IsPrivilegedProcess ? ["pacman"] : ["fakeroot", "pacman"];
        var root = _folder["root"];
        return TestGpg.Processes.RunAsync(
            new ProcessRequest
            {
                FileName = pacman[0],
                Arguments =
                [
                    .. pacman[1..],
                    "--config", _folder["pacman.conf"], "--root", root, "--dbpath", Path.Combine(root, "var/lib/pacman"),
                    "--gpgdir", _folder["gpg"], "--cachedir", _folder["cache"], "--hookdir", _folder["hooks"],
                    "--logfile", _folder["log"], "--noconfirm", .. operation,
                ],
                Environment = new Dictionary<string, string?> { ["LC_ALL"] = "C" },
            },
            TestContext.Current.CancellationToken);
    }

    /// <summary>Runs <c>pacman</c>, which must succeed.</summary>
    public async Task<string> MustAsync(params string[] operation)
    {
        var result = await RunAsync(operation);
        result.ExitCode.ShouldBe(0, $"pacman {string.Join(' ', operation)}: {result.OutputText}{result.Error}");
        return result.OutputText;
    }

    /// <summary>What is installed, as <c>name version</c>.</summary>
    public async Task<string[]> InstalledAsync() =>
        (await MustAsync("-Q")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The content of an installed test package's one file.</summary>
    public Task<string> ReadFileAsync(string name) => File.ReadAllTextAsync(_folder["root", "usr", "share", name]);

    public async ValueTask DisposeAsync()
    {
        await TestGpg.With(new GpgOptions { Home = _folder["gpg"] }).StopAgentAsync(CancellationToken.None);
        _folder.Dispose();
    }

    private async Task GpgAsync(string input, params string[] arguments)
    {
        var result = await TestGpg.Processes.RunAsync(
            new ProcessRequest
            {
                FileName = "gpg",
                Arguments = ["--homedir", _folder["gpg"], "--batch", "--quiet", "--no-permission-warning", .. arguments],
                Input = System.Text.Encoding.UTF8.GetBytes(input),
            },
            CancellationToken.None);
        result.ExitCode.ShouldBe(0, result.Error);
    }
}
