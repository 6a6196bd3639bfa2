using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Notifications;
using Caur.Grains.State;

namespace Caur.Tests.Notifications;

/// <summary>The records of farms that exist: what stands here must be read for ever.</summary>
public sealed class NoticeFormatTests
{
    private const string Build = """
        {"v":1,"s":{"build":"repo/x86_64/gtk+/1767225600123","source":"packages","commit":"c0","pipeline":"12",
        "steps":[{"number":2,"state":"running","time":"2026-01-01T12:34:56+00:00","reason":"","attempts":1,"builder":"host/0"},
        {"number":3,"state":"timedOut","time":"2026-01-01T13:34:56+00:00","reason":"too long","attempts":1,"builder":"host/0"}],
        "told":{"telegram":0,"status:packages":3}}}
        """;

    private const string Change = """
        {"v":1,"s":{"change":{"operation":"00112233-4455-6677-8899-aabbccddeeff","target":"repo/x86_64","kind":"keep","generation":7,"removed":3,"added":1,"changed":2},
        "source":"","commit":"","steps":[{"number":1,"state":"failed","time":"2026-01-01T12:34:56+00:00","reason":"too much","attempts":0}],"told":{}}}
        """;

    private const string State = """
        {"v":1,"s":{"seenUntil":"2026-01-01T12:34:56+00:00","floor":"2026-01-01T10:34:56+00:00",
        "knownChanges":{"repo/x86_64":["00112233-4455-6677-8899-aabbccddeeff"]},"merged":{"telegram":{"Failure/repo":4}}}}
        """;

    private static readonly DateTimeOffset Time = new(2026, 1, 1, 12, 34, 56, TimeSpan.Zero);

    private static readonly GrainStateSerializer Serializer = new();

    [Fact]
    public void Notice_OfABuild_HasThisForm()
    {
        var notice = Read<Notice>(Build);
        (notice.Build, notice.Source, notice.Commit, notice.Pipeline).ShouldBe((BuildId.Parse("repo/x86_64/gtk+/1767225600123"), "packages", "c0", "12"));
        (notice.IsFinal, notice.Last.State, notice.Last.Number, notice.Last.Reason).ShouldBe((true, BuildState.TimedOut, 3, "too long"));
        (notice.ToldTo("telegram"), notice.ToldTo("status:packages"), notice.ToldTo("webhook:x")).ShouldBe((0, 3, 0));
        notice.Steps[0].Builder.ShouldBe(new BuilderId("host", "0"));
    }

    [Fact]
    public void Notice_OfAChange_HasThisForm()
    {
        var change = Read<Notice>(Change).Change.ShouldNotBeNull();
        (change.Target, change.Kind, change.Generation, change.Removed, change.Added, change.Changed)
            .ShouldBe((new TargetId("repo", "x86_64"), RepositoryChangeKind.Keep, 7, 3, 1, 2));
    }

    [Fact]
    public void State_OfNotifications_HasThisForm()
    {
        var state = Read<NotificationState>(State);
        (state.SeenUntil, state.Floor).ShouldBe((Time, Time.AddHours(-2)));
        state.KnownChanges["repo/x86_64"].ShouldBe([new Guid("00112233-4455-6677-8899-aabbccddeeff")]);
        state.WithMerged("telegram", "Failure/repo", -3).Merged["telegram"].ShouldBe(ImmutableDictionary<string, int>.Empty.Add("Failure/repo", 1));
        state.WithMerged("telegram", "Failure/repo", -4).Merged["telegram"].ShouldBeEmpty();
    }

    [Fact]
    public void Notice_ThatIsToldToAll_ForgetsItsWayThere()
    {
        string[] all = ["a", "b"];
        var notice = new Notice { Build = BuildId.Parse("repo/x86_64/p/1") }
            .With(BuildState.Waiting, Time).With(BuildState.Assigned, Time).With(BuildState.Running, Time).With(BuildState.Running, Time).With(BuildState.Failed, Time).With(BuildState.Waiting, Time);
        notice.Steps.Select(step => (step.Number, step.State)).ShouldBe([(1, BuildState.Waiting), (2, BuildState.Running), (3, BuildState.Failed)]);

        notice.WithTold("a", 3, all).Steps.Length.ShouldBe(3);
        notice.WithTold("a", 3, all).WithTold("b", 2, all).Steps.ShouldHaveSingleItem().State.ShouldBe(BuildState.Failed);
        notice.WithTold("a", 2, all).WithTold("a", 1, all).ToldTo("a").ShouldBe(2, "what was told stays told");

        for (var i = 0; i < 200; i++)
        {
            notice = (i == 0 ? new Notice { Build = notice.Build } : notice).With(i % 2 == 0 ? BuildState.Waiting : BuildState.Running, Time);
        }

        notice.Steps.Length.ShouldBe(Notice.MostSteps);
        notice.Last.Number.ShouldBe(200);
    }

    /// <summary>Reads a record, and writes it again as it was.</summary>
    private static T Read<T>(string json)
    {
        var value = Serializer.Deserialize<T>(BinaryData.FromString(json));
        JsonNode.DeepEquals(JsonNode.Parse(Encoding.UTF8.GetString(Serializer.Serialize(value).ToArray())), JsonNode.Parse(json)).ShouldBeTrue(Serializer.Serialize(value).ToString());
        return value!;
    }
}
