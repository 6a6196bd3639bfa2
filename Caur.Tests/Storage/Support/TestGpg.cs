using System.Runtime.Versioning;
using Caur.Storage.Processes;
using Caur.Storage.Signing;

namespace Caur.Tests.Storage.Support;

/// <summary>A gpg home of its own, whose agent ends with it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TestGpg : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TestGpg()
    {
        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Signer = With(new GpgOptions { Home = Home });
    }

    public static ProcessRunner Processes { get; } = new(TimeProvider.System);

    public string Home => _folder.Path;

    public GpgSigner Signer { get; }

    public static GpgSigner With(GpgOptions options) => new(options, Processes);

    public async Task<ProcessResult> RunAsync(params string[] arguments)
    {
        var result = await Processes.RunAsync(
            new ProcessRequest { FileName = "gpg", Arguments = ["--homedir", Home, "--batch", "--no-tty", .. arguments] },
            CancellationToken.None);
        result.ExitCode.ShouldBe(0, result.Error);
        return result;
    }

    public Task<ProcessResult> MakeKeyAsync(string userId, string passphrase = "", params string[] options) => RunAsync(
        [.. options, "--pinentry-mode", "loopback", "--passphrase", passphrase, "--quick-generate-key", userId, "ed25519", "sign", "1d"]);

    public async ValueTask DisposeAsync()
    {
        await Signer.StopAgentAsync(CancellationToken.None);
        _folder.Dispose();
    }
}
