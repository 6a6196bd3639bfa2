using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Tests.Link;

/// <summary>One of every message, and random ones.</summary>
internal static class LinkSamples
{
    public static readonly AttemptRef Attempt = new("repo/x86_64/hello/1900000000000", 1);

    public static IReadOnlyList<LinkMessage> All { get; } =
    [
        new HelloRequest(new BuilderHello
        {
            Name = "north", Instance = "0123456789ab", BootId = new Guid("11111111-2222-3333-4444-555555555555"), Class = "9", Architectures = ["x86_64"],
            Labels = ["avx512"], MemoryMiB = 16000, DiskMiB = 240000, Slots = 2, Running = [Attempt], Version = "0.1.0",
        }) { Id = 1 },
        new TakeRequest(2) { Id = 2 },
        new AcceptRequest(Attempt) { Id = 3 },
        new RenewRequest([Attempt]) { Id = 4 },
        new ProgressRequest(Attempt, AttemptStep.Uploading) { Id = 5 },
        new CompleteRequest(new AttemptResult
        {
            Attempt = Attempt, Outcome = AttemptOutcome.AlreadyBuilt, Message = "it is there", ExitCode = 13, Namcap = "hello W: nothing", ImageDigest = "sha256:0",
            Archives = [new ArchiveInfo("hello-1-1-any.pkg.tar.zst", 1234, new string('0', 64))],
            Started = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero), Finished = new DateTimeOffset(2030, 1, 2, 3, 4, 6, TimeSpan.Zero),
        }) { Id = 6 },
        new GoodbyeRequest { Id = 7 },
        new WelcomeReply(new HelloReply { Accepted = true, Current = [Attempt] }) { Id = 1, OwnAddress = "http://host.docker.internal:8080", Sftp = new SftpServer("farm.example.org") { Port = 22, User = "package-deployer" } },
        new OrdersReply([new BuildOrder
        {
            Attempt = Attempt, Pkgbase = "hello", TargetRepository = "repo", Arch = "x86_64", SourceRepository = "packages",
            SourceUrl = "https://git.example.org/packages.git", Commit = new string('a', 40), Image = "localhost/caur-builder:latest",
            Repositories = [new PacmanRepository("repo", ["http://host.docker.internal:8080/repos/repo/x86_64"])], TrustedKeys = ["key"],
            Keyrings = ["https://example.org/keyring.pkg.tar.zst"], PackageBump = "1-1/2", AllowProhibited = true,
            Published = ["hello-1-1-any.pkg.tar.zst"], CacheSources = true, TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Environment = new Dictionary<string, string> { ["PACKAGER"] = "Some One" },
        }]) { Id = 2 },
        new AnswerReply(true) { Id = 3 },
        new RenewedReply(new RenewReply(true, [Attempt], [])) { Id = 4 },
        new LogStoredReply(LogStatus.Appended, 123) { Id = 8 },
        new FailedReply("the farm failed, and its log says why") { Id = 9 },
        new WorkAvailableNotice(),
        new CancelNotice(Attempt, "somebody wished it"),
        new DrainNotice(),
        new RejoinNotice(),
        new PingNotice(),
        new LogRequest(new LogChunk { Attempt = Attempt, Sequence = 3, Offset = 4, Bytes = "five\r\n"u8.ToArray() }) { Id = 8 },
    ];

    /// <summary>Reads bytes as either end would.</summary>
    public static LinkReading Read(LinkMessage of, byte[] bytes) => of is LogRequest ? LogFrame.Decode(bytes) : LinkCodec.Decode(bytes);
}
