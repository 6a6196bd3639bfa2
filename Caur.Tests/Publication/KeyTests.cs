using System.Runtime.Versioning;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Publication;

/// <summary>What becomes of publications when nothing can be signed: it is said, nothing is half published, builds wait, and go on by
/// themselves when it is mended.</summary>
[SupportedOSPlatform("linux")]
public sealed class KeyTests : IAsyncLifetime
{
    private static readonly TargetId Target = new("farm", "x86_64");

    private readonly TestGpg _gpg = new();
    private readonly TemporaryFolder _folder = new();
    private readonly StepActions _steps = new();
    private SlowGpg _program = null!;
    private PublicationHub _hub = null!;
    private string _key = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Repository => Path.Combine(_hub.Folders.Repositories, "farm", "x86_64");

    public async ValueTask InitializeAsync()
    {
        await _gpg.MakeKeyAsync("Farm <farm@example.org>");
        _key = (await _gpg.Signer.GetKeyAsync(CancellationToken.None)).Fingerprint;
        _program = new SlowGpg(_gpg.Home);
        await StartAsync(_program.Options);
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _gpg.DisposeAsync();
        _program.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("later", "ended on", "gpg --quick-set-expire")]
    [InlineData("full", "is full", "make room")]
    [InlineData("readonly", "cannot read or write its home", "0700")]
    [InlineData("hang", "did not end within 00:00:03", "hangs")]
    [InlineData("secret part gone", "the secret part of the key", "import it")]
    [InlineData("not installed", "gpg is not installed", "install gnupg")]
    [InlineData("home gone", "does not exist", "GPG_PATH")]
    [InlineData("revoked", "was revoked", "CAUR_SIGNING_KEY")]
    [InlineData("others can look in", "others can look into", "chmod 700")]
    public async Task Publication_WhenNothingCanBeSigned_SaysWhyAndGoesOnWhenItIsMended(string what, string problem, string advice)
    {
        var first = await PublishAsync("a", "1-1");
        await _hub.PublishedAsync(first);
        var before = Directory.GetFiles(Repository).Order().ToList();

        var mend = await BreakAsync(what);
        var build = await PublishAsync("a", "2-1");
        await _hub.UntilAsync(
            async () =>
            {
                // As the queue asks every build that publishes.
                await _hub.Build(build).ReconcileAsync();
                return (await _hub.Build(build).GetAsync())!.Reason.Contains(problem, StringComparison.Ordinal);
            },
            () => $"the build says '{problem}'");

        var view = (await _hub.Build(build).GetAsync())!;
        view.State.ShouldBe(BuildState.Publishing);
        view.Reason.ShouldStartWith("waits for its publication: ");
        view.Reason.ShouldContain(advice);
        if (what is "later" or "revoked" or "secret part gone")
        {
            view.Reason.ShouldContain(_key);
        }

        (await _hub.Repository(Target).GetAsync()).ShouldSatisfyAllConditions(
            repository => repository.Generation.ShouldBe(1), repository => repository.Pending.ShouldBe(1), repository => repository.Problem.ShouldContain(problem));
        Directory.GetFiles(Repository).Where(file => !Path.GetFileName(file).StartsWith("a-2-1", StringComparison.Ordinal)).Order().ShouldBe(before);
        Directory.GetFileSystemEntries(Repository, ".caur-*", SearchOption.AllDirectories).ShouldBeEmpty();

        await mend();
        (await _hub.PublishedAsync(build)).Generation.ShouldBe(2);
        await _hub.UntilAsync(async () => (await _hub.Repository(Target).GetAsync()).Problem.Length == 0, () => "the problem is forgotten");
        await ShouldBeSoundAsync();
    }

    [Fact]
    public async Task Publication_WhenTheAgentIsKilledBeforeEverySignature_Succeeds()
    {
        _program.Set("agentless");
        await _hub.PublishedAsync(await PublishAsync("a", "1-1"));
        await _hub.PublishedAsync(await PublishAsync("a", "2-1"));
        await ShouldBeSoundAsync();
    }

    /// <summary>The packages are signed when the key ends; the databases cannot be.</summary>
    [Fact]
    public async Task Publication_WhenTheKeyEndsInItsMidst_IsFinishedWhenItIsProlonged()
    {
        await _hub.PublishedAsync(await PublishAsync("a", "1-1"));
        await using var pacman = await PacmanClient.CreateAsync(_gpg.Signer, $"file://{Repository}");
        _steps.Once(PublicationStep.SignaturesPlaced, () => _program.Set("later"));
        var build = await PublishAsync("a", "2-1");
        await _hub.UntilAsync(async () => (await _hub.Repository(Target).GetAsync()).Problem.Contains("ended on"), () => "the problem is told");
        await pacman.MustAsync("-Sy", "a");
        (await pacman.InstalledAsync()).ShouldBe(["a 1-1"]);

        await _gpg.RunAsync("--quick-set-expire", _key, "1y");
        await _hub.PublishedAsync(build);
        await pacman.MustAsync("-Syu");
        (await pacman.InstalledAsync()).ShouldBe(["a 2-1"]);
    }

    /// <summary>A repository does not change its key because another one is there: only because an operator says so.</summary>
    [Fact]
    public async Task Publication_WhenTheHomeHasAnotherKey_WaitsUntilTheKeyIsBackOrTheNewOneIsNamed()
    {
        await _hub.PublishedAsync(await PublishAsync("a", "1-1"));
        await using var other = new TestGpg();
        var otherKey = (await other.Signer.EnsureKeyAsync("Other <other@example.org>", Token)).Fingerprint;
        await RestartAsync(new GpgOptions { Home = other.Home });
        var build = await PublishAsync("a", "2-1");
        await _hub.UntilAsync(async () => (await _hub.Repository(Target).GetAsync()).Problem.Length > 0, () => "the problem is told");
        var problem = (await _hub.Repository(Target).GetAsync()).Problem;
        problem.ShouldContain(_key);
        problem.ShouldContain($"CAUR_SIGNING_KEY={otherKey}");
        Directory.GetFiles(Repository, "a-2-1*").ShouldBeEmpty();

        await RestartAsync(new GpgOptions { Home = _gpg.Home });
        await _hub.Repository(Target).GetAsync();
        await _hub.PublishedAsync(build);

        await RestartAsync(new GpgOptions { Home = other.Home, Fingerprint = otherKey });
        await _hub.PublishedAsync(await PublishAsync("a", "3-1"));
        (await other.Signer.VerifyAsync(Path.Combine(Repository, "farm.db"), Path.Combine(Repository, "farm.db.sig"), Token)).Reason.ShouldBeEmpty();
    }

    [Fact]
    public async Task Publication_WhenTheKeyWantsAPassphraseOrCannotSign_SaysWhichKey()
    {
        foreach (var (usage, passphrase, text) in new[] { ("sign", "secret", "wants a passphrase"), ("cert", "", "cannot sign") })
        {
            await using var gpg = new TestGpg();
            await gpg.RunAsync(
                "--pinentry-mode", "loopback", "--passphrase", passphrase, "--quick-generate-key", "Farm <farm@example.org>", "ed25519", usage, "1d");
            await gpg.Signer.StopAgentAsync(Token);
            var listed = (await gpg.RunAsync("--with-colons", "--list-secret-keys")).OutputText;
            await RestartAsync(new GpgOptions { Home = gpg.Home });
            var target = new TargetId(usage, "x86_64");
            var order = await _hub.LandAsync(target, "a", new BuiltPackage("a", "1-1"));
            await _hub.CompleteAsync(order);
            await _hub.UntilAsync(async () => (await _hub.Repository(target).GetAsync()).Problem.Contains(text), () => text);
            (await _hub.Repository(target).GetAsync()).ShouldSatisfyAllConditions(
                repository => repository.Problem.ShouldContain(listed.Split('\n').First(line => line.StartsWith("fpr", StringComparison.Ordinal)).Split(':')[9]),
                repository => repository.Generation.ShouldBe(0));
        }
    }

    /// <summary>What waits while a slow gpg signs is published together.</summary>
    [Fact]
    public async Task Publication_WhileGpgIsSlow_MergesWhatWaits()
    {
        _program.Set("wait");
        var first = await PublishAsync("first", "1-1");
        await _hub.UntilAsync(() => Task.FromResult(_program.IsWaiting), () => "gpg is at work");
        var waiting = new List<BuildId>();
        for (var number = 0; number < 8; number++)
        {
            waiting.Add(await PublishAsync($"p{number}", "1-1"));
        }

        (await _hub.Repository(Target).GetAsync()).Pending.ShouldBe(9);
        _program.Set(null);
        var generations = new List<long?> { (await _hub.PublishedAsync(first)).Generation };
        foreach (var build in waiting)
        {
            generations.Add((await _hub.PublishedAsync(build)).Generation);
        }

        generations.Distinct().Count().ShouldBe(2);
        (await _hub.Repository(Target).GetAsync()).ShouldSatisfyAllConditions(
            repository => repository.Generation.ShouldBe(2), repository => repository.Packages.ShouldBe(9));
        await ShouldBeSoundAsync();
    }

    private async Task<Func<Task>> BreakAsync(string what)
    {
        var secrets = Path.Combine(_gpg.Home, "private-keys-v1.d");
        var saved = _folder["saved"];
        switch (what)
        {
            case "secret part gone":
                Directory.Move(secrets, saved);
                await _gpg.Signer.StopAgentAsync(Token);
                return async () =>
                {
                    Directory.Delete(secrets, recursive: true);
                    Directory.Move(saved, secrets);
                    await _gpg.Signer.StopAgentAsync(Token);
                };
            case "not installed":
                _program.Install(false);
                return Does(() => _program.Install(true));
            case "home gone":
                Directory.Move(_gpg.Home, saved);
                return Does(() => Directory.Move(saved, _gpg.Home));
            case "others can look in":
                File.SetUnixFileMode(_gpg.Home, (UnixFileMode)0b111_101_101);
                return Does(() => File.SetUnixFileMode(_gpg.Home, (UnixFileMode)0b111_000_000));
            case "revoked":
                (await Processes.RunAsync("cp", ["--archive", Path.Combine(_gpg.Home, "pubring.kbx"), saved])).ExitCode.ShouldBe(0);
                var certificate = Path.Combine(_gpg.Home, "openpgp-revocs.d", _key + ".rev");
                var text = await File.ReadAllTextAsync(certificate, Token);
                await File.WriteAllTextAsync(certificate, text.Replace(":-----BEGIN", "-----BEGIN", StringComparison.Ordinal), Token);
                await _gpg.RunAsync("--import", certificate);
                return Does(() => File.Move(saved, Path.Combine(_gpg.Home, "pubring.kbx"), overwrite: true));
            case "hang":
                await RestartAsync(_program.Options with { Timeout = TimeSpan.FromSeconds(3) });
                _program.Set(what);
                return Does(() => _program.Set(null));
            case "later":
                _program.Set(what);
                return () => _gpg.RunAsync("--quick-set-expire", _key, "1y");
            default:
                _program.Set(what);
                return Does(() => _program.Set(null));
        }

        static Func<Task> Does(Action mend) => () =>
        {
            mend();
            return Task.CompletedTask;
        };
    }

    private async Task<BuildId> PublishAsync(string name, string version)
    {
        var order = await _hub.LandAsync(Target, name, new BuiltPackage(name, version));
        await _hub.CompleteAsync(order);
        return order.Build;
    }

    private async Task ShouldBeSoundAsync()
    {
        using var store = new RepositoryStore(_hub.Folders.Repositories, "farm", "x86_64", _gpg.Signer, TimeProvider.System);
        (await store.VerifyAsync(Token)).Problems.ShouldBeEmpty();
    }

    private async Task RestartAsync(GpgOptions gpg)
    {
        await _hub.DisposeAsync();
        await StartAsync(gpg);
    }

    private async Task StartAsync(GpgOptions gpg) => _hub = await PublicationHub.StartAsync(
        _folder["data"], gpg, new PublicationHubOptions { Clock = new ManualClock(), Probe = _steps });
}
