using System.Text;
using Caur.Storage.State;

namespace Caur.Tests.Storage.State;

public sealed class StateJsonTests
{
    private static readonly StateJson Json = new(
    [
        StateUpgrader.For<Sample>(1, node =>
        {
            node["pkgbase"] = node["name"]!.DeepClone();
            node.AsObject().Remove("name");
            return node;
        }),
        StateUpgrader.For<Sample>(2, node =>
        {
            node["phase"] = (bool)node["running"]! ? "running" : "waiting";
            return node;
        }),
        StateUpgrader.For<Gap>(2, node => node),
    ]);

    private enum Phase
    {
        Waiting,
        Running,
        AlreadyBuilt,
    }

    [Fact]
    public void Serialize_WhenStateIsWritten_IsTheCheckedInText()
    {
        var bytes = Json.Serialize(new Sample
        {
            Pkgbase = "c++utilities",
            Phase = Phase.AlreadyBuilt,
            Attempts = [1, 2],
            Since = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
            Took = TimeSpan.FromMinutes(90),
            ByName = new Dictionary<string, string> { ["GTK+"] = "1:3.0-1" },
        });

        Encoding.UTF8.GetString(bytes).ShouldBe(
            """{"v":3,"s":{"pkgbase":"c++utilities","phase":"alreadyBuilt","attempts":[1,2],"since":"2023-11-14T22:13:20.123+00:00","took":"01:30:00","byName":{"GTK+":"1:3.0-1"}}}""");
    }

    [Theory]
    [InlineData("""{"v":3,"s":{"pkgbase":"foo","phase":"running","attempts":[7],"since":"2023-11-14T22:13:20.123+00:00"}}""")]
    [InlineData("""{"v":2,"s":{"pkgbase":"foo","running":true,"attempts":[7],"since":"2023-11-14T22:13:20.123+00:00"}}""")]
    [InlineData("""{"v":1,"s":{"name":"foo","running":true,"attempts":[7],"since":"2023-11-14T22:13:20.123+00:00"}}""")]
    [InlineData("""{"s":{"pkgbase":"foo","phase":"running","attempts":[7],"since":"2023-11-14T22:13:20.123+00:00","newer":{"x":1}},"v":3,"extra":1}""")]
    public void Deserialize_WhenEarlierOrLaterProgramsWroteIt_ReadsIt(string stored)
    {
        var state = Json.Deserialize<Sample>(Encoding.UTF8.GetBytes(stored));

        state.Pkgbase.ShouldBe("foo");
        state.Phase.ShouldBe(Phase.Running);
        state.Attempts.ShouldBe([7]);
        state.Since.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123));
        state.Note.ShouldBeNull();
    }

    [Fact]
    public void Deserialize_WhenANewerVersionWroteIt_NamesBothVersions()
    {
        var error = Should.Throw<StateTooNewException>(() => Json.Deserialize<Sample>("""{"v":4,"s":{}}"""u8.ToArray()));
        (error.Found, error.Known).ShouldBe((4, 3));
        error.Message.ShouldContain("Sample");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"s":{}}""")]
    [InlineData("""{"v":"3","s":{}}""")]
    [InlineData("""{"v":0,"s":{}}""")]
    [InlineData("""{"v":3}""")]
    [InlineData("""{"v":3,"s":null}""")]
    [InlineData("""{"v":3,"s":{"phase":"unheard"}}""")]
    [InlineData("""{"v":3,"s":{"phase":1}}""")]
    [InlineData("""{"v":3,"s":{"attempts":[1,""")]
    [InlineData("""{"v":2,"s":{}}""")]
    [InlineData("""{"v":1,"s":7}""")]
    public void Deserialize_WhenRecordIsDamaged_SaysWhichState(string stored) =>
        Should.Throw<StateUnreadableException>(() => Json.Deserialize<Sample>(Encoding.UTF8.GetBytes(stored)))
            .Message.ShouldContain("Sample");

    [Fact]
    public void Deserialize_WhenTheTypeRefusesAValue_SaysWhichState() =>
        Should.Throw<StateUnreadableException>(() => Json.Deserialize<Picky>("""{"v":1,"s":{"name":"x"}}"""u8.ToArray()))
            .Message.ShouldContain("Picky");

    [Fact]
    public void Deserialize_WhenAnUpgraderIsMissing_SaysFromWhichVersion() =>
        Should.Throw<StateUnreadableException>(() => Json.Deserialize<Gap>("""{"v":1,"s":{}}"""u8.ToArray()))
            .Message.ShouldContain("version 1");

    private sealed record Picky
    {
        public string Name
        {
            get => "";
            init => throw new OverflowException($"not {value}");
        }
    }

    [StateVersion(3)]
    private sealed record Sample
    {
        public string Pkgbase { get; init; } = "";

        public Phase Phase { get; init; }

        public IReadOnlyList<int> Attempts { get; init; } = [];

        public DateTimeOffset Since { get; init; }

        public string? Note { get; init; }

        public TimeSpan? Took { get; init; }

        public IReadOnlyDictionary<string, string>? ByName { get; init; }
    }

    [StateVersion(3)]
    private sealed record Gap;
}
