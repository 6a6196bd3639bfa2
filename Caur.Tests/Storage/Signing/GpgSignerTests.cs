using System.Runtime.Versioning;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Signing;

[SupportedOSPlatform("linux")]
public sealed class GpgSignerTests : IAsyncDisposable
{
    private readonly TestGpg _gpg = new();
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _gpg.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task EnsureKeyAsync_WhenHomeIsEmpty_MakesOneKeyThatSigns()
    {
        var key = await _gpg.Signer.EnsureKeyAsync("Farm <farm@example.org>", Token);
        (await TestGpg.With(new GpgOptions { Home = _gpg.Home }).EnsureKeyAsync("Other <o@example.org>", Token)).ShouldBe(key);
        key.UserId.ShouldBe("Farm <farm@example.org>");
        key.Expires.ShouldBeNull();

        var file = await WriteAsync("a-1-1-any.pkg.tar.zst", "content");
        var signature = await _gpg.Signer.SignDetachedAsync(file, Token);

        (await File.ReadAllBytesAsync(file + ".sig", Token)).ShouldBe(signature);
        (await _gpg.Signer.VerifyAsync(file, file + ".sig", Token)).ShouldBe(new GpgVerification(true, key.Fingerprint, ""));
        (await _gpg.Signer.ExportArmoredAsync(Token)).ShouldStartWith("-----BEGIN PGP PUBLIC KEY BLOCK-----");
        (await _gpg.Signer.ExportBinaryAsync(Token)).Length.ShouldBeGreaterThan(50);
    }

    [Fact]
    public async Task VerifyAsync_WhenFileOrSignatureIsNotRight_SaysWhy()
    {
        await _gpg.Signer.EnsureKeyAsync("Farm", Token);
        var file = await WriteAsync("a", "content");
        var other = await WriteAsync("b", "other");
        await _gpg.Signer.SignDetachedAsync([file, other], Token);

        (await VerifyAsync(file, other + ".sig")).Reason.ShouldContain("not the one that was signed");
        (await VerifyAsync(file, _folder["none.sig"])).Reason.ShouldContain("none.sig is missing");
        (await VerifyAsync(_folder["none"], file + ".sig")).Reason.ShouldContain("none is missing");
        (await VerifyAsync(file, await WriteAsync("junk", "junk"))).Reason.ShouldContain("no signature");

        await using var stranger = new TestGpg();
        await stranger.Signer.EnsureKeyAsync("Stranger", Token);
        await stranger.Signer.SignDetachedAsync(file, Token);
        (await VerifyAsync(file, file + ".sig")).Reason.ShouldContain("is not known here");

        var path = await WriteAsync("stranger.gpg", "");
        await File.WriteAllBytesAsync(path, await stranger.Signer.ExportBinaryAsync(Token), Token);
        await _gpg.RunAsync("--import", path);
        (await VerifyAsync(file, file + ".sig")).Reason.ShouldContain("it was made by");
    }

    [Fact]
    public async Task SignDetachedAsync_WhenThereAreManyFiles_SignsAll()
    {
        await _gpg.Signer.EnsureKeyAsync("Farm", Token);
        var files = new List<string>();
        for (var number = 0; number < 12; number++)
        {
            files.Add(await WriteAsync($"f{number}", $"{number}"));
        }

        await _gpg.Signer.SignDetachedAsync(files, Token);

        foreach (var file in files)
        {
            (await VerifyAsync(file, file + ".sig")).IsGood.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task GetKeyAsync_WhenHomeHasNoneOrSeveral_NamesTheProblem()
    {
        await ShouldFailAsync(_gpg.Signer, GpgProblem.NoKey, "no secret key");

        await _gpg.MakeKeyAsync("One <1@example.org>");
        await _gpg.MakeKeyAsync("Two <2@example.org>");
        await ShouldFailAsync(_gpg.Signer, GpgProblem.SeveralKeys, "Two <2@example.org>");
        await ShouldFailAsync(With(new string('A', 40)), GpgProblem.NoKey, "One <1@example.org>");

        var listed = await _gpg.RunAsync("--with-colons", "--list-secret-keys", "2@example.org");
        var fingerprint = Fingerprint(listed.OutputText);
        (await With(fingerprint.ToLowerInvariant().Insert(4, " ")).GetKeyAsync(Token)).UserId.ShouldBe("Two <2@example.org>");
    }

    [Fact]
    public async Task SignDetachedAsync_WhenKeyIsOver_SaysWhenAndTakesTheNewOne()
    {
        await _gpg.MakeKeyAsync("Old", "", "--faked-system-time", "20200101T000000");
        await ShouldFailAsync(_gpg.Signer, GpgProblem.KeyExpired, "2020-01-02");

        await _gpg.MakeKeyAsync("New");
        (await _gpg.Signer.GetKeyAsync(Token)).UserId.ShouldBe("New");
    }

    [Fact]
    public async Task LookUpKeyAsync_WhenOnlySubkeysSignHere_SaysWhenTheLastOfThemEnds()
    {
        await _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", "Farm", "ed25519", "cert", "2y");
        var key = Fingerprint((await _gpg.RunAsync("--with-colons", "--list-secret-keys")).OutputText);
        foreach (var days in (int[])[20, 10])
        {
            await _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", key, "ed25519", "sign", $"{days}d");
        }

        var found = await _gpg.Signer.LookUpKeyAsync(Token);
        var now = TimeProvider.System.GetUtcNow();
        found.Fingerprint.ShouldBe(key);
        found.Expires.ShouldNotBeNull().ShouldBe(now.AddYears(2), TimeSpan.FromDays(3));
        found.SigningEnds.ShouldNotBeNull().ShouldBe(now.AddDays(20), TimeSpan.FromDays(1));

        // The primary part ends before its subkeys, and they with it.
        await _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "", "--quick-set-expire", key, "5d");
        (await _gpg.Signer.GetKeyAsync(Token)).SigningEnds.ShouldBe(found.SigningEnds, "it is as it was looked up");
        (await _gpg.Signer.LookUpKeyAsync(Token)).SigningEnds.ShouldNotBeNull().ShouldBe(now.AddDays(5), TimeSpan.FromDays(1));
        (await _gpg.Signer.GetKeyAsync(Token)).SigningEnds.ShouldNotBe(found.SigningEnds);
    }

    [Fact]
    public async Task SignDetachedAsync_WhenKeyIsRevoked_SaysSoEvenWhenItWasKnownGood()
    {
        var key = await _gpg.Signer.EnsureKeyAsync("Farm", Token);
        var file = await WriteAsync("a", "content");
        await _gpg.Signer.SignDetachedAsync(file, Token);
        var certificate = Path.Combine(_gpg.Home, "openpgp-revocs.d", key.Fingerprint + ".rev");
        var text = await File.ReadAllTextAsync(certificate, Token);
        await File.WriteAllTextAsync(certificate, text.Replace(":-----BEGIN", "-----BEGIN", StringComparison.Ordinal), Token);
        await _gpg.RunAsync("--import", certificate);

        (await Should.ThrowAsync<GpgException>(() => _gpg.Signer.SignDetachedAsync(file, Token))).Problem.ShouldBe(GpgProblem.KeyRevoked);
        (await Should.ThrowAsync<GpgException>(() => _gpg.Signer.VerifyAsync(file, file + ".sig", Token)))
            .Problem.ShouldBe(GpgProblem.KeyRevoked);
    }

    [Fact]
    public async Task SignDetachedAsync_WhenKeyHasAPassphrase_SaysSoAndWritesNothing()
    {
        await _gpg.MakeKeyAsync("Farm", "secret");
        await _gpg.Signer.StopAgentAsync(Token);
        var file = await WriteAsync("a", "content");

        (await Should.ThrowAsync<GpgException>(() => _gpg.Signer.SignDetachedAsync(file, Token)))
            .Problem.ShouldBe(GpgProblem.PassphraseNeeded);

        File.Exists(file + ".sig").ShouldBeFalse();
    }

    [Fact]
    public async Task SignDetachedAsync_WhenAgentWasKilled_StartsAnother()
    {
        await _gpg.Signer.EnsureKeyAsync("Farm", Token);
        var file = await WriteAsync("a", "content");
        await _gpg.Signer.StopAgentAsync(Token);

        await _gpg.Signer.SignDetachedAsync(file, Token);

        (await VerifyAsync(file, file + ".sig")).IsGood.ShouldBeTrue();
    }

    [Fact]
    public async Task SignDetachedAsync_WhenAgentCannotStart_SaysSo()
    {
        await _gpg.Signer.EnsureKeyAsync("Farm", Token);
        var file = await WriteAsync("a", "content");
        await _gpg.Signer.StopAgentAsync(Token);
        await File.WriteAllTextAsync(Path.Combine(_gpg.Home, "gpg.conf"), "agent-program /nonexistent\n", Token);

        (await Should.ThrowAsync<GpgException>(() => _gpg.Signer.SignDetachedAsync(file, Token))).Problem.ShouldBe(GpgProblem.AgentGone);
        File.Exists(file + ".sig").ShouldBeFalse();
    }

    [Fact]
    public async Task GetKeyAsync_WhenHomeOrProgramIsNotRight_SaysWhatToDo()
    {
        await ShouldFailAsync(TestGpg.With(new GpgOptions { Home = _folder["none"] }), GpgProblem.NoHome, "GPG_PATH");
        await ShouldFailAsync(TestGpg.With(new GpgOptions { Home = _gpg.Home, Program = "no-gpg" }), GpgProblem.NoGpg, "install gnupg");
        var open = Directory.CreateDirectory(_folder["open"]).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0b111_101_101);
        await ShouldFailAsync(TestGpg.With(new GpgOptions { Home = open }), GpgProblem.HomeNotPrivate, "chmod 700");
    }

    private static string Fingerprint(string listed) => listed.Split('\n').First(line => line.StartsWith("fpr", StringComparison.Ordinal)).Split(':')[9];

    private static async Task ShouldFailAsync(GpgSigner signer, GpgProblem problem, string text)
    {
        var error = await Should.ThrowAsync<GpgException>(() => signer.GetKeyAsync(Token));
        error.Problem.ShouldBe(problem);
        error.Message.ShouldContain(text);
    }

    private GpgSigner With(string fingerprint) => TestGpg.With(new GpgOptions { Home = _gpg.Home, Fingerprint = fingerprint });

    private Task<GpgVerification> VerifyAsync(string file, string signature) => _gpg.Signer.VerifyAsync(file, signature, Token);

    private async Task<string> WriteAsync(string name, string content)
    {
        await File.WriteAllTextAsync(_folder[name], content, Token);
        return _folder[name];
    }
}
