using System.Globalization;
using System.Runtime.Versioning;
using Caur.Storage.Processes;
using Caur.Storage.Signing;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Signing;

/// <summary>gpg makes the first signature of a batch and its agent the others: they have to be what gpg would have made.</summary>
[SupportedOSPlatform("linux")]
public sealed class SigningBatchTests : IAsyncDisposable
{
    private const string Key = "Farm <farm@example.org>";

    private readonly TestGpg _gpg = new();
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _gpg.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa2048")]
    [InlineData("nistp256")]
    [InlineData("nistp384")]
    [InlineData("nistp521")]
    [InlineData("brainpoolP256r1")]
    public async Task SignAsync_WithEachKindOfKey_MakesWhatGpgWouldWithOneProcess(string algorithm)
    {
        await MakeKeyAsync(algorithm);
        using var batch = Signer().BeginBatch();
        var first = await batch.SignAsync(await WriteAsync("first"), Token);

        for (var number = 0; number < 4; number++)
        {
            var file = await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"f{number}"), new string('x', number * 50_000));
            await File.WriteAllBytesAsync(file + ".sig", await batch.SignAsync(file, Token), Token);
            (await _gpg.Signer.VerifyAsync(file, file + ".sig", Token)).Reason.ShouldBeEmpty();
            (await ShapeAsync(file + ".sig")).ShouldBe(await ShapeAsync(await WriteAsync("first.sig", first)));
        }

        SignedByGpg.ShouldBe(1);
    }

    /// <summary>What gpg puts into its signatures, because it was told to or by which key it takes, is in all of them.</summary>
    [Fact]
    public async Task SignAsync_WithASubkeyAndOptionsOfGpgs_KeepsThem()
    {
        await MakeKeyAsync("rsa2048");
        var key = (await _gpg.Signer.GetKeyAsync(Token)).Fingerprint;
        await _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "", "--quick-add-key", key, "ed25519", "sign", "1d");
        await File.WriteAllTextAsync(
            Path.Combine(_gpg.Home, "gpg.conf"), "digest-algo SHA384\nsig-notation farm@example.org=yes\ndefault-sig-expire 1y\nsender farm@example.org\n", Token);
        using var batch = Signer().BeginBatch();
        var shapes = new List<string>();
        foreach (var name in (string[])["a", "b", "c"])
        {
            var file = await WriteAsync(name);
            await File.WriteAllBytesAsync(file + ".sig", await batch.SignAsync(file, Token), Token);
            (await _gpg.Signer.VerifyAsync(file, file + ".sig", Token)).ShouldBe(new GpgVerification(true, key, ""));
            shapes.Add(await ShapeAsync(file + ".sig"));
        }

        shapes.Distinct().ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            shape => shape.ShouldContain("digest algo 9"), shape => shape.ShouldContain("notation: farm@example.org=yes"), shape => shape.ShouldNotContain(key));
        SignedByGpg.ShouldBe(1);
    }

    [Fact]
    public async Task SignAsync_WhenManyAskAtOnce_SignsAll()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer().BeginBatch();
        var files = new List<string>();
        for (var number = 0; number < 40; number++)
        {
            files.Add(await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"f{number}")));
        }

        var signatures = await Task.WhenAll(files.Select(file => batch.SignAsync(file, Token)));

        SignedByGpg.ShouldBe(1);
        foreach (var (file, signature) in files.Zip(signatures).Where((_, number) => number % 20 == 0))
        {
            (await _gpg.Signer.VerifyAsync(file, await WriteAsync(Path.GetFileName(file) + ".sig", signature), Token)).Reason.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task SignAsync_WhenTheAgentIsEndedInTheMidst_GoesOnWithAnother()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer().BeginBatch();
        await batch.SignAsync(await WriteAsync("a"), Token);
        await batch.SignAsync(await WriteAsync("b"), Token);
        await _gpg.Signer.StopAgentAsync(Token);

        foreach (var name in (string[])["c", "d", "e"])
        {
            var file = await WriteAsync(name);
            await File.WriteAllBytesAsync(file + ".sig", await batch.SignAsync(file, Token), Token);
            (await _gpg.Signer.VerifyAsync(file, file + ".sig", Token)).Reason.ShouldBeEmpty();
        }

        // The first, and the one that found the agent gone and started another.
        SignedByGpg.ShouldBe(2);
    }

    [Fact]
    public async Task SignAsync_WhenTheKeyGoesInTheMidst_SaysSo()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer().BeginBatch();
        await batch.SignAsync(await WriteAsync("a"), Token);
        await batch.SignAsync(await WriteAsync("b"), Token);
        Directory.Delete(Path.Combine(_gpg.Home, "private-keys-v1.d"), recursive: true);

        (await Should.ThrowAsync<GpgException>(async () => await batch.SignAsync(await WriteAsync("c"), Token))).Problem.ShouldBe(GpgProblem.NoKey);
    }

    [Fact]
    public async Task SignAsync_WhenTheAgentHangsInTheMidst_SaysSoInTime()
    {
        await MakeKeyAsync("ed25519");
        var clock = new ManualClock();
        var options = new GpgOptions { Home = _gpg.Home };
        using var batch = new GpgSigner(options, new ProcessRunner(clock)).BeginBatch();
        await batch.SignAsync(await WriteAsync("a"), Token);
        await batch.SignAsync(await WriteAsync("b"), Token);
        var agent = await AgentAsync("GETINFO pid");
        await SendAsync("STOP", agent);
        try
        {
            var third = batch.SignAsync(await WriteAsync("c"), Token);
            while (!third.IsCompleted)
            {
                clock.Advance(options.Timeout);
                await Task.Yield();
            }

            (await Should.ThrowAsync<GpgException>(() => third)).Problem.ShouldBe(GpgProblem.Hangs);
        }
        finally
        {
            await SendAsync("CONT", agent);
        }
    }

    [Fact]
    public async Task SignAsync_WhenWhoAsksForTheFirstGoesAway_SignsForTheOthers()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer($"case \"$*\" in *--detach-sign*) while [ ! -e '{_folder["go"]}' ]; do sleep 0.02; done;; esac").BeginBatch();
        using var leaving = new CancellationTokenSource();
        var first = batch.SignAsync(await WriteAsync("a"), leaving.Token);
        var second = batch.SignAsync(await WriteAsync("b"), Token);
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);
        await WriteAsync("go");

        (await _gpg.Signer.VerifyAsync(_folder["b"], await WriteAsync("b.sig", await second), Token)).Reason.ShouldBeEmpty();
    }

    /// <summary>The agent is asked once for all: whoever asks first asks for the others too.</summary>
    [Fact]
    public async Task SignAsync_WhenWhoAsksTheAgentFirstGoesAway_SignsForTheOthers()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer().BeginBatch();
        using var leaving = new CancellationTokenSource();
        await batch.SignAsync(await WriteAsync("a"), Token);
        var agent = await AgentAsync("GETINFO pid");
        var (b, c) = (await WriteAsync("b"), await WriteAsync("c"));
        Task<byte[]> third;
        await SendAsync("STOP", agent);
        try
        {
            var second = batch.SignAsync(b, leaving.Token);
            third = batch.SignAsync(c, Token);
            await leaving.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => second);
        }
        finally
        {
            await SendAsync("CONT", agent);
        }

        (await _gpg.Signer.VerifyAsync(c, await WriteAsync("c.sig", await third), Token)).Reason.ShouldBeEmpty();
        SignedByGpg.ShouldBe(1);
    }

    /// <summary>A passphrase that the agent knows is enough, and without it nobody is asked.</summary>
    [Fact]
    public async Task SignAsync_WhenTheKeyHasAPassphrase_SignsAsLongAsTheAgentKnowsIt()
    {
        await _gpg.MakeKeyAsync(Key, "secret");
        await _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "secret", "--output", _folder["known.sig"], "--detach-sign", await WriteAsync("known"));
        using var batch = Signer().BeginBatch();
        await batch.SignAsync(await WriteAsync("a"), Token);
        var second = await batch.SignAsync(await WriteAsync("b"), Token);
        (await _gpg.Signer.VerifyAsync(_folder["b"], await WriteAsync("b.sig", second), Token)).Reason.ShouldBeEmpty();
        SignedByGpg.ShouldBe(1);

        // It forgets all passphrases.
        await AgentAsync("RELOADAGENT");
        (await Should.ThrowAsync<GpgException>(async () => await batch.SignAsync(await WriteAsync("c"), Token)))
            .Problem.ShouldBe(GpgProblem.PassphraseNeeded);
    }

    /// <summary>What the agent makes is trusted only when it makes gpg's own signature again.</summary>
    [Fact]
    public async Task SignAsync_WhenTheFirstFileIsNotAsItWasWhenItWasSigned_LeavesAllToGpg()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer().BeginBatch();
        await batch.SignAsync(await WriteAsync("a", "one"), Token);
        await WriteAsync("a", "other");
        var second = await batch.SignAsync(await WriteAsync("b"), Token);

        SignedByGpg.ShouldBe(2);
        (await _gpg.Signer.VerifyAsync(_folder["b"], await WriteAsync("b.sig", second), Token)).Reason.ShouldBeEmpty();
    }

    [Fact]
    public async Task SignAsync_WhenAFileIsMissing_SaysWhich()
    {
        await MakeKeyAsync("ed25519");
        using var batch = Signer().BeginBatch();
        await batch.SignAsync(await WriteAsync("a"), Token);
        (await Should.ThrowAsync<FileNotFoundException>(() => batch.SignAsync(_folder["none"], Token))).FileName.ShouldBe(_folder["none"]);
        await batch.SignAsync(await WriteAsync("b"), Token);
    }

    private int SignedByGpg => File.ReadAllLines(_folder["calls"]).Count(line => line.Contains("--detach-sign", StringComparison.Ordinal));

    /// <summary>Signs with the real gpg, and writes down each time that it is started.</summary>
    private GpgSigner Signer(string before = ":")
    {
        File.WriteAllText(_folder["gpg"], $"#!/bin/sh\necho \"$*\" >>'{_folder["calls"]}'\n{before}\nexec gpg \"$@\"\n");
        File.SetUnixFileMode(_folder["gpg"], (UnixFileMode)0b111_101_101);
        return TestGpg.With(new GpgOptions { Home = _gpg.Home, Program = _folder["gpg"] });
    }

    private Task MakeKeyAsync(string algorithm) =>
        _gpg.RunAsync("--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", Key, algorithm, "sign", "1d");

    private async Task<string> AgentAsync(string command)
    {
        var done = await TestGpg.Processes.RunAsync(
            new ProcessRequest { FileName = "gpg-connect-agent", Arguments = ["--homedir", _gpg.Home, command, "/bye"] }, Token);
        done.ExitCode.ShouldBe(0, done.Error);
        return done.OutputText.Split('\n').FirstOrDefault(line => line.StartsWith("D ", StringComparison.Ordinal))?[2..] ?? "";
    }

    private static async Task SendAsync(string signal, string process) =>
        (await TestGpg.Processes.RunAsync(new ProcessRequest { FileName = "kill", Arguments = [$"-{signal}", process] }, Token)).ExitCode.ShouldBe(0);

    /// <summary>All that gpg shows of a signature but what differs from file to file.</summary>
    private async Task<string> ShapeAsync(string signature) => string.Join('\n', (await _gpg.RunAsync("--list-packets", signature)).OutputText
        .Split('\n')
        .Where(line => !line.StartsWith('#') && !line.Contains("data:", StringComparison.Ordinal))
        .Select(line => line.Split(", begin of digest")[0]));

    private Task<string> WriteAsync(string name, string? content = null) =>
        WriteAsync(name, System.Text.Encoding.UTF8.GetBytes(content ?? $"the content of {name}"));

    private async Task<string> WriteAsync(string name, byte[] content)
    {
        await File.WriteAllBytesAsync(_folder[name], content, Token);
        return _folder[name];
    }
}
