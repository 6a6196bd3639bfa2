using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Changes;
using Caur.Pipelines.ManagedAur;
using Caur.Pipelines.Pushes;
using Caur.Storage.Processes;
using Caur.Tests.Ssh;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.ManagedAur;

/// <summary>Against a real sshd that runs git's server, as the AUR's does.</summary>
public sealed class AurPublisherTests
{
    private const string Srcinfo = "pkgbase = foo\n\tpkgver = 1\n\tpkgrel = 1\n\tinstall = foo.install\n\tsource = a.patch\n\tsource = name::b.conf\n\tsource = https://example.org/x\n\nPKGNAME";

    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    private static readonly FolderTree Folder = FolderTree.Of(
        ("PKGBUILD", "pkgname=foo\n"), (".SRCINFO", Srcinfo.Replace("PKGNAME", "pkgname = foo\n", StringComparison.Ordinal)), ("foo.install", "x\n"), ("a.patch", "a\n"), ("b.conf", "b\n"),
        ("notes.txt", "ours\n"), (".CI/config", "CI_MANAGE_AUR=true\n"), (".gitignore", "x\n"), (".nvchecker.toml", "n\n"));

    [Fact]
    public async Task Push_WhenAPackageChanged_HasTheAurHaveItOnce()
    {
        await using var server = await SshServer.StartAsync();
        using var folder = new TemporaryFolder();
        await BareAsync(folder["foo.git"]);
        await using var aur = Publisher(server, folder);
        var first = await aur.PushAsync("foo", Folder, Stop);
        first.State.ShouldBe(AurState.Pushed, first.Words);
        (await GitAsync(folder, "ls-tree", "-r", "--name-only", "master")).Split('\n').ShouldBe([".SRCINFO", ".nvchecker.toml", "PKGBUILD", "a.patch", "b.conf", "foo.install"]);
        (await GitAsync(folder, "log", "-1", "--format=%an <%ae>%n%B", "master")).ShouldBe(
            """
            Chaotic CI <ci@example.org>
            chore: update foo

            This commit was automatically generated to reflect changes to this package in another repository.

            The changelog for this package can be found at https://forge.example/a/b/-/commits/main/foo.

            Logs of the corresponding pipeline run can be found here: https://forge.example/run/1.
            """);

        // Again, from a clone that is not there yet either.
        (await aur.PushAsync("foo", Folder, Stop)).State.ShouldBe(AurState.Unchanged);
        await using var fresh = Publisher(server, folder, clones: "fresh");
        (await fresh.PushAsync("foo", Folder, Stop)).State.ShouldBe(AurState.Unchanged);
        (await GitAsync(folder, "rev-list", "--count", "master")).ShouldBe("1");

        // What somebody put there goes, but for what git reads.
        var work = new Caur.Tests.Sources.GitWorkTree(folder["work"]);
        await work.GitAsync("pull", "-q", folder["foo.git"], "master");
        await work.CommitAsync(("LICENSE", "l"), (".gitignore", "theirs"));
        await work.GitAsync("push", "-q", folder["foo.git"], "HEAD:master");
        var second = await aur.PushAsync("foo", FolderTree.Of([.. Folder.Files.Where(file => file.Key != "a.patch").Select(file => (file.Key, Encoding.UTF8.GetString(file.Value.Content.Span)))]), Stop);
        second.State.ShouldBe(AurState.Pushed, second.Words);
        (await GitAsync(folder, "ls-tree", "-r", "--name-only", "master")).Split('\n').ShouldBe([".SRCINFO", ".gitignore", ".nvchecker.toml", "PKGBUILD", "b.conf", "foo.install"]);
    }

    [Fact]
    public async Task Push_WhenTheServerOrTheKeyIsWrong_SaysSoAndSendsNothing()
    {
        await using var server = await SshServer.StartAsync();
        using var folder = new TemporaryFolder();
        await BareAsync(folder["foo.git"]);
        await using var wrongHost = Publisher(server, folder, knownHosts: await File.ReadAllTextAsync(server.WrongKnownHosts, Stop));
        var unknown = await wrongHost.PushAsync("foo", Folder, Stop);
        unknown.State.ShouldBe(AurState.Refused, unknown.Words);
        unknown.Words.ShouldContain("none of the keys that are known");

        await using var stranger = Publisher(server, folder, key: await File.ReadAllTextAsync(server.StrangersKey, Stop));
        var denied = await stranger.PushAsync("foo", Folder, Stop);
        denied.State.ShouldBe(AurState.Refused, denied.Words);
        denied.Words.ShouldContain("does not take the key of AUR_KEY");
        (await GitAsync(folder, "for-each-ref")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Push_WhenTheAurRefuses_SaysWhatItSays()
    {
        await using var server = await SshServer.StartAsync();
        using var folder = new TemporaryFolder();
        await BareAsync(folder["foo.git"]);
        var hook = Path.Combine(folder["foo.git"], "hooks", "update");
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        await File.WriteAllTextAsync(hook, "#!/bin/sh\necho 'error: missing source file'\nexit 1\n", Stop);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using var aur = Publisher(server, folder);
        var outcome = await aur.PushAsync("foo", Folder, Stop);
        (outcome.State, outcome.Words.Contains("missing source file", StringComparison.Ordinal)).ShouldBe((AurState.Refused, true), outcome.Words);
    }

    [Fact]
    public async Task Push_WhenTheAurIsDown_TriesAgainAndThenWaitsForItNoMore()
    {
        using var folder = new TemporaryFolder();
        var time = new ManualTimeProvider();
        await using var aur = new AurPublisher(
            await KeyAsync(folder),
            folder["clones"],
            new AurOptions { Address = "ssh://aur@127.0.0.1:1/", Identity = new GitIdentity("a", "b") },
            new ProcessRunner(TimeProvider.System),
            time);
        var pushing = aur.PushAsync("foo", Folder, Stop);
        await time.AdvanceArmedAsync(TimeSpan.FromSeconds(30));
        var outcome = await pushing.DefaultTimeout();
        outcome.State.ShouldBe(AurState.Unavailable, outcome.Words);
        var next = await aur.PushAsync("foo", Folder, Stop).DefaultTimeout();
        next.Words.ShouldContain("could not be reached before");
    }

    [Fact]
    public async Task Dispose_WhenItEnds_LeavesNoKeyBehind()
    {
        using var folder = new TemporaryFolder();
        var before = Directory.GetDirectories(Path.GetTempPath(), "caur-aur-*");
        var key = await KeyAsync(folder);
        await using (new AurPublisher(key, folder["clones"], new AurOptions { Identity = new GitIdentity("a", "b") }, new ProcessRunner(TimeProvider.System), TimeProvider.System))
        {
            var there = Directory.GetDirectories(Path.GetTempPath(), "caur-aur-*").Except(before).SelectMany(Directory.GetFiles).Where(path => Path.GetFileName(path) == "key").ToList();
            there.ShouldContain(path => File.ReadAllText(path) == key && File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }

        Directory.GetDirectories(Path.GetTempPath(), "caur-aur-*").SelectMany(Directory.GetFiles).ShouldNotContain(path => File.ReadAllText(path) == key);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("base64")]
    [InlineData("wrapped")]
    [InlineData("crlf")]
    [InlineData("escaped")]
    [InlineData("trimmed")]
    public async Task AurKey_WhenItIsWrittenInAnyWay_IsTheSame(string form)
    {
        using var folder = new TemporaryFolder();
        var key = await KeyAsync(folder);
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(key));
        var given = form switch
        {
            "base64" => base64,
            "wrapped" => string.Join('\n', base64.Chunk(76).Select(chunk => new string(chunk))) + "\n",
            "crlf" => key.Replace("\n", "\r\n", StringComparison.Ordinal),
            "escaped" => key.Replace("\n", "\\n", StringComparison.Ordinal),
            "trimmed" => key.Trim(),
            _ => key,
        };
        AurKey.Read(given, out var problem).ShouldBe(key, problem);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/home/me/.ssh/id_ed25519")]
    [InlineData("c2VjcmV0")]
    [InlineData("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----")]
    public void AurKey_WhenItIsNone_SaysSoWithoutShowingIt(string? given)
    {
        AurKey.Read(given, out var problem).ShouldBeNull();
        problem.ShouldNotBeNull();
        problem.ShouldNotContain("secret");
        problem.ShouldNotContain("id_ed25519");
    }

    [Theory]
    [InlineData("PKGBUILD", null, "no PKGBUILD")]
    [InlineData(".SRCINFO", null, "no .SRCINFO")]
    [InlineData(".SRCINFO", "pkgbase = bar\n\tpkgver = 1\n\tpkgrel = 1\n\npkgname = bar\n", "that of bar")]
    [InlineData(".SRCINFO", "nonsense", "cannot be read")]
    public void AurFiles_WhenTheAurWouldRefuse_SaysSo(string path, string? text, string word)
    {
        var files = Folder.Files.Where(file => file.Key != path).Concat(text is null ? [] : [KeyValuePair.Create(path, FolderFile.Of(text))]);
        AurFiles.Of("foo", new FolderTree(files), out var problem).ShouldBeNull();
        problem.ShouldNotBeNull().ShouldContain(word);
    }

    [Fact]
    public void AurFiles_WhenAFileIsTooLargeOrALink_SaysSo()
    {
        foreach (var file in (FolderFile[])[new(FileKind.File, new byte[256_001]), new(FileKind.Link, Encoding.UTF8.GetBytes("/etc/passwd"))])
        {
            AurFiles.Of("foo", new FolderTree(Folder.Files.Where(known => known.Key != "a.patch").Append(KeyValuePair.Create("a.patch", file))), out var problem).ShouldBeNull();
            problem.ShouldNotBeNull().ShouldContain("a.patch");
        }
    }

    [Theory]
    [InlineData("CI_MANAGE_AUR=true", "CI_MANAGE_AUR=true", true)]
    [InlineData("CI_MANAGE_AUR=\"true\"", "CI_MANAGE_AUR=true", true)]
    [InlineData("CI_MANAGE_AUR=false", "CI_MANAGE_AUR=true", false)]
    [InlineData("", "CI_MANAGE_AUR=true", false)]
    [InlineData("CI_MANAGE_AUR=true", "", false)]
    public void IsManaged_WhenBothSaySo_IsTrue(string repository, string package, bool isManaged) =>
        AurPublisher.IsManaged(CiConfig.Parse(repository), CiConfig.Parse(package)).ShouldBe(isManaged);

    private static AurPublisher Publisher(SshServer server, TemporaryFolder folder, string? key = null, string? knownHosts = null, string clones = "clones") => new(
        key ?? File.ReadAllText(server.UserKey),
        folder[clones],
        new AurOptions
        {
            Address = FormattableString.Invariant($"ssh://{Environment.UserName}@127.0.0.1:{server.Port}{folder.Path}"),
            KnownHosts = knownHosts ?? File.ReadAllText(server.KnownHosts),
            Identity = new GitIdentity("Chaotic CI", "ci@example.org"),
            CommitsPage = "https://forge.example/a/b/-/commits/main",
            RunPage = "https://forge.example/run/1",
        },
        new ProcessRunner(TimeProvider.System),
        new ManualTimeProvider());

    private static async Task<string> KeyAsync(TemporaryFolder folder)
    {
        (await Processes.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", folder["key"]])).ExitCode.ShouldBe(0);
        return await File.ReadAllTextAsync(folder["key"], Stop);
    }

    private static async Task BareAsync(string path) => (await Processes.RunAsync("git", ["init", "-q", "--bare", "-b", "master", path])).ExitCode.ShouldBe(0);

    private static async Task<string> GitAsync(TemporaryFolder folder, params string[] arguments)
    {
        var result = await Processes.RunAsync("git", arguments, folder: folder["foo.git"]);
        result.ExitCode.ShouldBe(0, result.ToString());
        return result.Output.Trim();
    }
}
