using System.Runtime.Versioning;
using Caur.Api.Builders;
using Caur.Silo.Hub;
using Caur.Tests.Link;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Repositories;

/// <summary>The key that builds are told to trust.</summary>
[SupportedOSPlatform("linux")]
public sealed class FarmKeysTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_WhenTheClockWasSetBackAfterAFailure_AsksAgainAsSoonAsWithoutThat()
    {
        await using var gpg = new TestGpg();
        var time = new ShiftedTime();
        using var keys = new FarmKeys(gpg.Signer, time);
        await Should.ThrowAsync<TrustedKeysMissingException>(keys.GetAsync(Token).AsTask());
        await gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", Token);

        time.SetClock(TimeSpan.FromHours(-2));
        time.Forward(TimeSpan.FromSeconds(6));

        (await keys.GetAsync(Token)).ShouldHaveSingleItem().ShouldStartWith("-----BEGIN PGP PUBLIC KEY BLOCK-----");
    }
}
