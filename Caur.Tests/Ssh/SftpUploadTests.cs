using System.Security.Cryptography;
using Caur.Api.Link;
using Caur.Builder.Link;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Silo.Ssh;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Tests.Link;
using Caur.Tests.Notifications;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace Caur.Tests.Ssh;

/// <summary>Archives that a builder brings by SFTP to a real sshd, and a hub that takes them over.</summary>
public sealed class SftpUploadTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly AllLines _log = new();
    private LinkHub _hub = null!;
    private int _builders;
    private SshServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LandingZone Landing => _hub.Hub.Services.GetRequiredService<LandingZone>();

    private LinkOptions Links => _hub.Hub.Services.GetRequiredService<IOptions<LinkOptions>>().Value;

    private string Said => string.Join('\n', _log.Lines);

    private string LandingFolder => _hub.Hub.Services.GetRequiredService<DataFolders>().Landing;

    public async ValueTask InitializeAsync()
    {
        _server = await SshServer.StartAsync();
        _hub = await LinkHub.StartAsync(more: services => services.Configure<LinkOptions>(links =>
            (links.SftpHost, links.SftpPort, links.SftpUser) = ("127.0.0.1", _server.Port, Environment.UserName)));
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/root/.ssh/authorized_keys")]
    [InlineData("/zone/.incoming/../../root/.ssh/authorized_keys")]
    [InlineData("/zone/.incoming/0123456789abcdef")]
    public async Task Carry_ToAFileThatIsNoArchives_StartsNothing(string place)
    {
        var carrier = new SftpCarrier(new SftpOptions { KeyFile = "/nonexistent" }, TimeProvider.System);
        using var content = File.OpenHandle("/dev/null");

        (await carrier.CarryAsync(new SftpServer("127.0.0.1"), place, 0, content, TimeSpan.FromSeconds(1), Token)).ShouldBe("what the hub names is no file for an archive");
    }

    [Fact]
    public async Task Upload_ToWhereTheHubSays_ArrivesWholeAndOnlyIts()
    {
        var (_, builder) = await BuildAsync(Told());
        var archive = await ArchiveAsync(3_000_000);

        (await builder.SendAsync(archive)).Stored.ShouldBeTrue();
        (await builder.SendAsync(archive)).Stored.ShouldBeTrue("a repeated upload is none");

        (await File.ReadAllBytesAsync(Landed(builder), Token)).ShouldBe(await File.ReadAllBytesAsync(archive.Path, Token));
        Directory.EnumerateFileSystemEntries(Landing.IncomingFolder).ShouldBeEmpty();
        _server.Accepted.ShouldBe(1);
        Said.ShouldNotContain("through the gateway");
    }

    [Fact]
    public async Task Upload_ToWhereTheBuilderSays_ThatIsCut_GoesOnWhereItWas()
    {
        await using var proxy = new CutProxy(_server.Port) { CutAfter = 1_500_000 };
        var port = proxy.Url.Port;
        var options = _server.Sftp() with { Host = "localhost", Port = port, KnownHosts = _server.KnownHostsAt(port), LandingZone = LandingFolder + "/" };
        await File.WriteAllTextAsync(options.KnownHosts, (await File.ReadAllTextAsync(options.KnownHosts, Token)).Replace("127.0.0.1", "localhost", StringComparison.Ordinal), Token);
        var (carrier, builder) = await BuildAsync(options);
        var archive = await ArchiveAsync(4_000_000);

        var reply = await builder.SendAsync(archive);

        reply.Stored.ShouldBeTrue(reply.Reason);
        (await File.ReadAllBytesAsync(Landed(builder), Token)).ShouldBe(await File.ReadAllBytesAsync(archive.Path, Token));
        carrier.Offsets.Count.ShouldBe(2);
        carrier.Offsets[1].ShouldBeInRange(1, 1_500_000, "what was there is not sent again");
        proxy.Connections.ShouldBe(2);
        Said.ShouldContain("goes on to");
    }

    [Fact]
    public async Task Upload_ThatIsNotWhatWasNamed_IsRefusedRemovedAndGoesThroughTheGateway()
    {
        var (carrier, builder) = await BuildAsync(Told());
        var archive = await ArchiveAsync(500_000);
        var place = Path.Combine(Landing.IncomingFolder, Landing.Expect(builder.Attempt.Build, builder.Attempt.Number, archive.Info.FileName, archive.Info.Size, archive.Info.Sha256).Name!);
        await File.WriteAllBytesAsync(place, new byte[1000], Token);

        var reply = await builder.SendAsync(archive);

        reply.Stored.ShouldBeTrue(reply.Reason);
        carrier.Offsets.ShouldBe([1000]);
        File.Exists(place).ShouldBeFalse();
        _hub.Metrics.ShouldContain("caur_link_refusals_total{reason=\"upload\"} 1");
        _log.Lines.Where(one => one.Contains("through the gateway", StringComparison.Ordinal)).ShouldHaveSingleItem().ShouldContain("SHA-256");
        (await File.ReadAllBytesAsync(Landed(builder), Token)).ShouldBe(await File.ReadAllBytesAsync(archive.Path, Token));

        // What is not what was named at its source is refused there too.
        await File.WriteAllBytesAsync(archive.Path, new byte[500_000], Token);
        (carrier, builder) = await BuildAsync(Told());
        var refused = await builder.SendAsync(archive);
        (refused.Stored, refused.NoRoom, refused.Stale).ShouldBe((false, false, false));
        refused.Reason.ShouldNotBeNull().ShouldContain("SHA-256");
        carrier.Offsets.ShouldBe([0]);
    }

    [Fact]
    public async Task Upload_WhereSomethingElseLies_ReplacesItAndTouchesNothing()
    {
        var (carrier, builder) = await BuildAsync(Told());
        var archive = await ArchiveAsync(100_000);
        var place = Path.Combine(Landing.IncomingFolder, Landing.Expect(builder.Attempt.Build, builder.Attempt.Number, archive.Info.FileName, archive.Info.Size, archive.Info.Sha256).Name!);
        await File.WriteAllTextAsync(_folder["elsewhere"], "mine", Token);
        File.CreateSymbolicLink(place, _folder["elsewhere"]);

        (await builder.SendAsync(archive)).Stored.ShouldBeTrue();

        carrier.Offsets.ShouldBe([0]);
        Said.ShouldNotContain("through the gateway");
        (await File.ReadAllTextAsync(_folder["elsewhere"], Token)).ShouldBe("mine");
    }

    [Fact]
    public async Task Upload_AsAUserOfItsOwn_MayPutWhatItWasToldAndListNothing()
    {
        const string Other = "nobody";
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root lets somebody in as another user");
        Landing.PrepareIncoming();
        (await Processes.RunAsync("chgrp", ["nogroup", Landing.IncomingFolder])).ExitCode.ShouldBe(0);
        File.SetUnixFileMode(_hub.Hub.Folder, DataFolders.Public);
        _server.LetOthersIn();
        var (_, builder) = await BuildAsync(Told() with { User = Other });

        (await builder.SendAsync(await ArchiveAsync(300_000))).Stored.ShouldBeTrue();

        Said.ShouldNotContain("through the gateway");
        Directory.EnumerateFileSystemEntries(Landing.IncomingFolder).ShouldBeEmpty();
        var listed = await Processes.RunAsync("setpriv", ["--reuid", Other, "--regid", "nogroup", "--clear-groups", "ls", Landing.IncomingFolder]);
        listed.Error.ShouldContain("Permission denied");
        (await Processes.RunAsync("setpriv", ["--reuid", Other, "--regid", "nogroup", "--clear-groups", "touch", Path.Combine(LandingFolder, "x")])).ExitCode.ShouldNotBe(0);
    }

    [Fact]
    public async Task Upload_WhenThatWayIsNone_GoesThroughTheGatewayAndSaysWhy()
    {
        await using var proxy = new CutProxy(_server.Port);
        proxy.Freeze();
        Directory.CreateDirectory(_folder[".incoming"]);
        (SftpOptions Options, string Said, string Advice)[] ways =
        [
            (Told() with { Port = 1 }, "Connection refused", "DATABASE_HOST, _PORT and _USER say where archives go"),
            (Told() with { KeyFile = _server.StrangersKey }, "Permission denied (publickey)", "Tried as"),
            (Told() with { KnownHosts = "/dev/null" }, "Host key verification failed", "ssh-keyscan shows it"),
            (Told() with { LandingZone = _folder["nowhere"] }, "No such file or directory", "LANDING_ZONE_ADVERTISED_PATH says where the landing zone is there"),
            (Told() with { LandingZone = _folder.Path }, "is not where the hub looks for it", "LANDING_ZONE_ADVERTISED_PATH"),
            (Told() with { Port = proxy.Url.Port }, "nothing moved for 1 s", "DATABASE_HOST"),
        ];
        var archive = await ArchiveAsync(200_000);
        foreach (var (options, said, advice) in ways)
        {
            var (carrier, builder) = await BuildAsync(options, said.Contains("1 s", StringComparison.Ordinal) ? TimeSpan.FromSeconds(1) : null);

            await RefusedAsync(carrier, builder, said, advice);
        }

        Links.SftpPath = "/x\"\n!touch /tmp/x\n\"";
        var (last, hostile) = await BuildAsync(Told());
        await RefusedAsync(last, hostile, "would take for something else", "hub's folder");
        Links.SftpPath = null;

        async Task RefusedAsync(Recorded carrier, Sender builder, string said, string advice)
        {
            var before = _log.Lines.Count;
            (await builder.SendAsync(archive)).Stored.ShouldBeTrue();
            (await builder.SendAsync(archive with { Info = archive.Info with { FileName = "second-1-1-any.pkg.tar" } })).Stored.ShouldBeTrue();

            carrier.Offsets.ShouldBe([0], "the second does not try what has just failed");
            var line = _log.Lines.Skip(before).Where(one => one.Contains("through the gateway", StringComparison.Ordinal)).ShouldHaveSingleItem();
            line.ShouldContain(said);
            line.ShouldContain(advice);
            Landing.List(builder.Attempt.Build, builder.Attempt.Number).Count.ShouldBe(2);
        }
    }

    [Fact]
    public async Task Upload_WhenNobodyWantsSftp_GoesThroughTheGatewayWithoutAWord()
    {
        var (carrier, builder) = await BuildAsync(Told() with { Host = "none" });
        (await builder.SendAsync(await ArchiveAsync(1000))).Stored.ShouldBeTrue();
        carrier.Offsets.ShouldBeEmpty();

        Links.SftpHost = null;
        (carrier, builder) = await BuildAsync(Told());
        (await builder.SendAsync(await ArchiveAsync(1000))).Stored.ShouldBeTrue();
        carrier.Offsets.ShouldBeEmpty();
        Said.ShouldNotContain("SFTP");
    }

    [Fact]
    public async Task Upload_WhenTheDiskIsFull_IsKeptUntilThereIsRoom()
    {
        Assert.SkipUnless((await Processes.RunAsync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", LandingFolder])).ExitCode == 0, "this user may not mount a small file system");
        try
        {
            var (carrier, builder) = await BuildAsync(Told());
            var archive = await ArchiveAsync(3_000_000);
            var filler = Path.Combine(LandingFolder, "filler");

            // In the middle: it fills when it has begun.
            carrier.Before = () => Fill(filler, 6_500_000);
            (await builder.SendAsync(archive)).NoRoom.ShouldBeTrue();
            carrier.Before = null;

            // And from the start.
            (await builder.SendAsync(archive)).NoRoom.ShouldBeTrue();
            carrier.Offsets.ShouldBe([0]);

            // Room for it once, and not in two places at the same time.
            Fill(filler, 4_000_000);
            (await builder.SendAsync(archive)).Stored.ShouldBeTrue();
            carrier.Offsets.ShouldBe([0]);
            Said.ShouldContain("no room for an archive in two places");
            Directory.EnumerateFileSystemEntries(Landing.IncomingFolder).ShouldBeEmpty();
        }
        finally
        {
            await Processes.RunAsync("umount", ["--lazy", LandingFolder]);
        }

        static void Fill(string path, int size) => File.WriteAllBytes(path, new byte[size]);
    }

    /// <summary>The settings of a builder that goes where the hub says.</summary>
    private SftpOptions Told() => _server.Sftp() with { Host = null, Port = null, User = null };

    private async Task<(Recorded Carrier, Sender Builder)> BuildAsync(SftpOptions options, TimeSpan? silence = null)
    {
        var carrier = new Recorded(new SftpCarrier(options, TimeProvider.System));
        var name = $"builder{++_builders}";
        var token = (await _hub.TokenAsync(name)).Token;
        var session = _hub.Session(
            new LinkAgentOptions { Gateway = _hub.Hub.Url, Token = () => token, Carrier = carrier, UploadSilence = silence ?? TimeSpan.FromSeconds(15) },
            LoggerFactory.Create(logging => logging.AddProvider(_log)).CreateLogger<LinkSession>());
        (await session.HelloAsync(LinkHub.Hello(name), new TestAgent(), Token).DefaultTimeout("the hello")).Accepted.ShouldBeTrue();
        return (carrier, new Sender(session, await _hub.StartAsync(session, $"hello{_builders}")));
    }

    private async Task<Archive> ArchiveAsync(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        var path = _folder[$"an archive's \"file\" {size}"];
        await File.WriteAllBytesAsync(path, bytes, Token);
        return new Archive(path, new ArchiveInfo("hello-1:2-1-any.pkg.tar.zst", size, Convert.ToHexStringLower(SHA256.HashData(bytes))));
    }

    private string Landed(Sender sender) => Landing.List(sender.Attempt.Build, sender.Attempt.Number).ShouldHaveSingleItem().Path;

    private sealed record Archive(string Path, ArchiveInfo Info);

    private sealed record Sender(LinkSession Session, AttemptRef Attempt)
    {
        public Task<UploadReply> SendAsync(Archive archive) => Session.UploadAsync(
            Attempt, archive.Info, _ => new(new FileStream(archive.Path, FileMode.Open, FileAccess.Read, FileShare.Read)), Token).DefaultTimeout("the upload");
    }

    /// <summary>Knows where each run began.</summary>
    private sealed class Recorded(SftpCarrier carrier) : IArchiveCarrier
    {
        public List<long> Offsets { get; } = [];

        public Action? Before { get; set; }

        public string? Target(SftpServer? told) => carrier.Target(told);

        public Task<string?> CarryAsync(SftpServer? told, string place, long offset, SafeFileHandle content, TimeSpan silence, CancellationToken cancellationToken)
        {
            Offsets.Add(offset);
            Before?.Invoke();
            return carrier.CarryAsync(told, place, offset, content, silence, cancellationToken);
        }
    }
}
