using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Caur.Grains.Builders;
using Caur.Grains.Builds;
using Caur.Grains.Following;
using Caur.Grains.Logs;
using Caur.Grains.Packages;
using Caur.Grains.Queue;
using Caur.Grains.Repositories;
using Caur.Grains.State;

namespace Caur.Tests.Grains;

/// <summary>The records of farms that exist: what these files hold must be read for ever, so that a change of format shows here. A new
/// member goes into the files too, with a value; the test of old records keeps what was written before it.</summary>
public sealed class StateFormatTests
{
    private static readonly BuildId Build = BuildId.Parse("chaotic-aur/x86_64/gtk+2.0@x/1767225600123");
    private static readonly BuilderId Builder = new("host-1", "0");
    private static readonly DateTimeOffset Time = new(2026, 1, 1, 12, 34, 56, 789, TimeSpan.Zero);
    private static readonly GrainStateSerializer Serializer = new();

    private static readonly LandedArchive Archive = new()
    {
        FileName = "gtk+2.0@x-1:2.0-1.2-x86_64.pkg.tar.zst",
        Size = 123456789012,
        Sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };

    private static readonly RepositoryChange Change = new()
    {
        Operation = new Guid("00112233-4455-6677-8899-aabbccddeeff"),
        Kind = RepositoryChangeKind.Keep,
        Names = ["gtk+2.0@x", "lib.b"],
        SinglePackages = true,
        Force = true,
        Generation = 6,
        Sequence = 13,
    };

    private static readonly BuildRequest Request = new()
    {
        Package = Build.Package,
        SourceRepository = "packages",
        Commit = "0123456789abcdef0123456789abcdef01234567",
        Priority = BuildPriority.MassRebuild,
        BuilderClass = "catbuilder",
        DependsOn = ["lib+a", "lib.b"],
        Pkgnames = ["gtk+2.0@x", "gtk+2.0@x-docs"],
        CacheSources = true,
        TimeoutFactor = 2.5,
        EstimatedDuration = TimeSpan.FromMinutes(7),
        HoldDependants = false,
        Labels = ["avx512"],
        MemoryMiB = 16000,
        DiskMiB = 32000,
        PackageBump = "1:1.0-1/2",
        AllowProhibited = true,
        Pipeline = "4711",
    };

    [Fact]
    public void QueueSlot_WhenStored_HasThisForm() => Check(new QueueSlot
    {
        Build = Build,
        Request = Request,
        Operation = new Guid("00112233-4455-6677-8899-aabbccddeeff"),
        Rank = 1767225500000,
        State = BuildState.Uploading,
        Builder = Builder,
        Attempts = 3,
        Losses = 2,
        HeldBy = ["lib+a"],
        LostAttempt = 2,
        LostBy = Builder,
        NotBefore = Time,
        Trouble = "attempt 2 on host-1: no space left on device",
        Ignores = ["lib.b"],
        Ending = new FinalVerdict(BuildState.Replaced, "replaced by a newer order"),
    });

    [Fact]
    public void OperationPart_WhenStored_HasThisForm() => Check(new OperationPart
    {
        Operation = new Guid("00112233-4455-6677-8899-aabbccddeeff"),
        Order = "0123456789abcdef0123456789abcdef",
        Part = 1,
        Parts = 2,
        Replies = [new QueuedReply(Build, new BuildId(Build.Package, 1767225500000)), new QueuedReply(Build, null)],
    });

    [Fact]
    public void BuilderRecord_WhenStored_HasThisForm() => Check(new BuilderRecord { Draining = true });

    [Fact]
    public void QueueSettings_WhenStored_HaveThisForm() => Check(new QueueSettings { Paused = true });

    [Fact]
    public void SlotCursor_WhenStored_HasThisForm() => Check(new SlotCursor { Slots = 512 });

    [Fact]
    public void BuildRecord_WhenStored_HasThisForm() => Check(new BuildRecord
    {
        Request = Request,
        State = BuildState.Published,
        Reason = "in generation 7",
        Attempts =
        [
            new AttemptView { Number = 1, Builder = Builder, Accepted = Time, End = AttemptEnd.BuilderLost, Message = "gone", Ended = Time },
            new AttemptView
            {
                Number = 2,
                Builder = Builder,
                Accepted = Time,
                End = AttemptEnd.Built,
                Message = "",
                Ended = Time.AddSeconds(1),
                ImageDigest = "sha256:0123",
                ExitCode = 0,
            },
        ],
        Archives = [Archive],
        Generation = 7,
        Finished = Time.AddSeconds(2),
    });

    [Fact]
    public void BuildHistory_WhenStored_HasThisForm() => Check(new BuildHistory
    {
        Newest =
        [
            new FinishedBuild
            {
                Build = Build,
                State = BuildState.Published,
                End = AttemptEnd.Built,
                Builder = Builder,
                Started = Time,
                Duration = new TimeSpan(1, 2, 3, 4, 567),
            },
        ],
        Decisions =
        [
            new DecidedPackage
            {
                Time = Time,
                Run = 17,
                Pipeline = "on-commit",
                Commit = Request.Commit,
                Kind = RunDecisionKind.Build,
                Reasons = ["changed: PKGBUILD"],
                Builds = [Build.ToString()],
                Problem = "aarch64: its arch is x86_64",
            },
        ],
    });

    private static readonly RunSummary Run = new()
    {
        Number = 16,
        Pipeline = "on-commit",
        DryRun = true,
        Cause = RunCause.Webhook,
        State = RunState.NothingToDo,
        Summary = "no package folder changed",
        Asked = Time,
        Started = Time,
        Ended = Time.AddSeconds(1),
        From = "00",
        Commit = Request.Commit,
        Target = "chaotic-aur",
        Builds = 1,
        Removals = 2,
        Problems = 3,
        Attempts = 4,
        NotBefore = Time,
    };

    [Fact]
    public void FollowState_WhenStored_HasThisForm() => Check(new FollowState
    {
        LastRun = 18,
        Marks = ImmutableDictionary<string, string>.Empty.Add("on-commit", Request.Commit),
        Running = new RunTicket { Number = 17, Pipeline = "on-schedule", Trigger = "daily", Operation = new Guid("11111111-2222-3333-4444-555555555555"), MarkBefore = "00", DryRun = true, Cause = RunCause.Poll, Asked = Time, Started = Time.AddSeconds(1), Attempts = 2 },
        Waiting = [new RunTicket { Number = 18, Pipeline = "schedule", Packages = ["lib/9"], Operation = new Guid("11111111-2222-3333-4444-555555555556"), Cause = RunCause.Retry, Asked = Time, Failures = 3, NotBefore = Time.AddMinutes(4) }],
        Ended = [Run],
        OwnCommits = ["01"],
    });

    [Fact]
    public void RunDetails_WhenStored_HasThisForm() => Check(new RunDetails
    {
        View = new RunView
        {
            Run = Run,
            Steps = [new RunStepView("decide", Time, Time.AddSeconds(1), RunStepState.Skipped, "2 to build")],
            Decisions = [new RunDecision { Pkgbase = "gtk+2.0@x", Kind = RunDecisionKind.Remove, Reasons = ["gone"], BuilderClass = "9", Builds = [Build.ToString()], Problem = "refused" }],
            MoreDecisions = 5,
            Notes = ["libs is a link"],
        },
    });

    [Fact]
    public void LogState_WhenStored_HasThisForm() => Check(new LogState { Attempt = 2, Builder = Builder, Start = 4096, Ended = true, End = 8192 });

    [Fact]
    public void PublishOrder_WhenStored_HasThisForm() =>
        Check(new PublishOrder
        {
            Build = Build,
            Attempt = 2,
            Pkgnames = ["gtk+2.0@x"],
            Archives = [Archive],
            Sequence = 12,
            Origin = new PublishOrigin
            {
                SourceRepository = "packages",
                Commit = Request.Commit,
                Builder = new BuilderId("stormwing", "0"),
                ImageDigest = "sha256:00",
                Started = Time,
                Finished = Time,
                PackageBump = "1:1.0-1/2",
                AllowProhibited = true,
                CacheSources = true,
                BuilderClass = "9",
            },
        });

    [Fact]
    public void RepositoryChange_WhenStored_HasThisForm() => Check(Change);

    [Fact]
    public void ChangeHistory_WhenStored_HasThisForm() => Check(new ChangeHistory
    {
        Newest =
        [
            new RepositoryChangeView
            {
                Operation = Change.Operation,
                Kind = RepositoryChangeKind.Keep,
                State = RepositoryChangeState.Refused,
                Refusal = RepositoryChangeRefusal.TooMuch,
                Reason = "2 of 3",
                Generation = 7,
                Packages = 3,
                Removed = 2,
                Added = 1,
                Changed = 4,
                Bytes = 123456789012,
                UnknownNames = 5,
                Changes = [new PackageChange { Pkgname = "gtk", Pkgbase = "gtk+2.0@x", From = "1:2.0-1", To = "1-1", FileName = "gtk-1:2.0-1-any.pkg.tar.zst", Size = 9 }],
            },
        ],
        Orders = [new ChangeOrder(Change.Operation, "0123456789abcdef0123456789abcdef")],
        Generation = 7,
    });

    [Fact]
    public void PublicationIntent_WhenStored_HasThisForm() => Check(new PublicationIntent
    {
        Publication = "00112233445566778899aabbccddeeff",
        Orders = [new PublishOrder { Build = Build, Attempt = 2, Pkgnames = ["gtk+2.0@x"], Archives = [Archive], Sequence = 12 }],
        Change = Change,
    });

    [Fact]
    public void PublicationHistory_WhenStored_HasThisForm() => Check(new PublicationHistory
    {
        Newest =
        [
            new PublicationNews { Build = Build, Attempt = 2, State = PublicationState.Published, Generation = 7 },
            new PublicationNews { Build = Build, Attempt = 3, State = PublicationState.Refused, Reason = "wrong hash" },
        ],
        Generation = 7,
    });

    [Fact]
    public void States_WhenOptionalMembersAreMissing_HaveTheirDefaults()
    {
        var slot = Read<QueueSlot>(
            """{"v":1,"s":{"build":"r/x86_64/a/1","request":{"package":"r/x86_64/a","sourceRepository":"p","commit":"c"},"operation":"00112233-4455-6677-8899-aabbccddeeff","rank":1}}""");

        slot.State.ShouldBe(BuildState.Waiting);
        slot.HeldBy.IsDefault.ShouldBeFalse();
        slot.Ignores.IsDefault.ShouldBeFalse();
        slot.Request.DependsOn.IsDefault.ShouldBeFalse();
        slot.Request.Labels.IsDefault.ShouldBeFalse();
        slot.Trouble.ShouldBeEmpty();
        slot.Request.HoldDependants.ShouldBeTrue();
        slot.Request.TimeoutFactor.ShouldBe(1);
        Read<LogState>("""{"v":1,"s":{"attempt":2,"builder":"host-1/0","start":4096,"ended":true}}""").End.ShouldBeNull();
        Read<BuildRecord>("""{"v":1,"s":{}}""").ShouldSatisfyAllConditions(
            record => record.AttemptCount.ShouldBe(0), record => record.Archives.IsDefault.ShouldBeFalse(), record => record.State.ShouldBe(BuildState.Waiting));
        Read<PublicationIntent>("""{"v":1,"s":{}}""").ShouldSatisfyAllConditions(
            intent => intent.Publication.ShouldBeNull(), intent => intent.Orders.IsDefault.ShouldBeFalse(), intent => intent.Change.ShouldBeNull());
        Read<ChangeHistory>("""{"v":1,"s":{}}""").ShouldSatisfyAllConditions(
            history => history.Newest.IsDefault.ShouldBeFalse(), history => history.Orders.IsDefault.ShouldBeFalse());
        Read<OperationPart>("""{"v":1,"s":{"operation":"00112233-4455-6677-8899-aabbccddeeff","part":0,"parts":1,"replies":[]}}""").Order.ShouldBeNull();
        Read<RepositoryChange>("""{"v":1,"s":{"operation":"00112233-4455-6677-8899-aabbccddeeff","kind":"Keep"}}""").Names.IsDefault.ShouldBeFalse();
        Read<BuildHistory>("""{"v":1,"s":{}}""").ShouldSatisfyAllConditions(
            history => history.Newest.IsDefault.ShouldBeFalse(), history => history.Decisions.IsDefault.ShouldBeFalse());
        Read<FollowState>("""{"v":1,"s":{}}""").ShouldSatisfyAllConditions(
            state => state.Waiting.IsDefault.ShouldBeFalse(), state => state.Marks.ShouldBeEmpty(), state => state.Ended.IsDefault.ShouldBeFalse());
        Read<PublicationHistory>("""{"v":1,"s":{}}""").Newest.IsDefault.ShouldBeFalse();
    }

    /// <summary>What is stored is in the file, and what is in the file is read as that value.</summary>
    private static void Check<T>(T value, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "State", $"{typeof(T).Name}.json");
        var stored = JsonNode.Parse(Serializer.Serialize(value).ToString());
        JsonNode.DeepEquals(stored, JsonNode.Parse(File.ReadAllText(path))).ShouldBeTrue($"{path} should hold {stored}");

        var read = Serializer.Deserialize<T>(BinaryData.FromBytes(File.ReadAllBytes(path)));
        Serializer.Serialize(read).ToString().ShouldBe(Serializer.Serialize(value).ToString());
    }

    private static T Read<T>(string json) => Serializer.Deserialize<T>(BinaryData.FromString(json))!;
}
