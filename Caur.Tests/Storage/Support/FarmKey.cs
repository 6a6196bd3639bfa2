using System.Runtime.Versioning;

namespace Caur.Tests.Storage.Support;

/// <summary>A gpg home with one key, shared by the tests of a class.</summary>
[SupportedOSPlatform("linux")]
public sealed class FarmKey : IAsyncLifetime
{
    internal TestGpg Gpg { get; } = new();

    public async ValueTask InitializeAsync() => await Gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", CancellationToken.None);

    public ValueTask DisposeAsync() => Gpg.DisposeAsync();
}
