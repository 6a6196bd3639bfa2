using Caur.Benchmarks.Running;
using Caur.Storage.Processes;
using Caur.Storage.Signing;

namespace Caur.Benchmarks.Rows;

/// <summary>A key for signing in a gpg home of its own, whose path is short enough for gpg's agent.</summary>
internal sealed class SigningKey : IAsyncDisposable
{
    private readonly BenchFolder _folder = new(Path.GetTempPath());

    private SigningKey() => Signer = new GpgSigner(new GpgOptions { Home = _folder.Path }, new ProcessRunner(TimeProvider.System));

    public string Home => _folder.Path;

    public GpgSigner Signer { get; }

    public string Fingerprint { get; private set; } = "";

    public static async Task<SigningKey> MakeAsync(CancellationToken cancellationToken)
    {
        var key = new SigningKey();
        File.SetUnixFileMode(key.Home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        key.Fingerprint = (await key.Signer.EnsureKeyAsync("Bench <bench@localhost>", cancellationToken)).Fingerprint;
        return key;
    }

    public async ValueTask DisposeAsync()
    {
        await Signer.StopAgentAsync(CancellationToken.None);
        _folder.Dispose();
    }
}
