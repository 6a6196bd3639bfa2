namespace Caur.Tests.Engine.Durability;

/// <summary>The reading of traces tells a durable answer from one that is not.</summary>
public sealed class SyncTraceTests
{
    private const string Write = """7 pwrite64(9</f/caur.db-wal>, "..note-0:1;..", 4096, 0) = 4096""";
    private const string Answer = """8 write(1<pipe:[5]>, "answered note-0 1\n", 18) = 18""";

    [Fact]
    public void Violations_WhenTheSyncLiesBetween_AreNone() => Violations(Write, "7 fdatasync(9</f/caur.db-wal>) = 0", Answer).ShouldBeEmpty();

    [Fact]
    public void Violations_WhenCallsAreCutInTwo_AreNone() => Violations(
        """7 pwrite64(9</f/caur.db-wal>, "..note-0:1;..", 4096, 0 <unfinished ...>""",
        """8 write(1<pipe:[5]>, "answered note-1 0\n", 18 <unfinished ...>""",
        "7 <... pwrite64 resumed>) = 4096",
        "7 fdatasync(9</f/caur.db-wal> <unfinished ...>",
        "8 <... write resumed>) = 18",
        "7 <... fdatasync resumed>) = 0",
        Answer).ShouldBe(["note-1:0; was answered before it was written to the log"]);

    [Theory]
    [InlineData("7 fdatasync(9</f/caur.db>) = 0")]
    [InlineData("7 fdatasync(9</f/caur.db-wal>) = -1 EIO (Input/output error)")]
    [InlineData("7 fdatasync(9</f/caur.db-wal> <unfinished ...>")]
    public void Violations_WhenNoSyncOfTheLogEnded_NameTheAnswer(string sync) =>
        Violations(Write, sync, Answer, "7 <... fdatasync resumed>) = 0").ShouldBe(["note-0:1; was answered before the log was synced"]);

    [Fact]
    public void Violations_WhenTheSyncBeganBeforeTheWriteEnded_NameTheAnswer() => Violations(
        """7 pwrite64(9</f/caur.db-wal>, "..note-0:1;..", 4096, 0 <unfinished ...>""",
        "9 fdatasync(9</f/caur.db-wal> <unfinished ...>",
        "7 <... pwrite64 resumed>) = 4096",
        "9 <... fdatasync resumed>) = 0",
        Answer).ShouldHaveSingleItem();

    [Fact]
    public void Violations_WhenAnsweredBeforeItWasWritten_NameTheAnswer() =>
        Violations(Answer, Write, "7 fdatasync(9</f/caur.db-wal>) = 0").ShouldBe(["note-0:1; was answered before it was written to the log"]);

    private static IReadOnlyList<string> Violations(params string[] lines) => new SyncTrace(lines, "/f/caur.db-wal").Violations();
}
