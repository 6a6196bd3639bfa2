using System.Runtime.Versioning;
using Caur.Storage.Files;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Files;

/// <summary>One process at a time.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileMutexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Take_WhenTheFileIsNew_LetsNobodyElseOpenIt()
    {
        // Who can open it can lock it, and then nothing is written any more.
        using var mutex = await FileMutex.TakeAsync(_folder["audit.log.lock"], TimeProvider.System, TestContext.Current.CancellationToken);

        File.GetUnixFileMode(_folder["audit.log.lock"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
