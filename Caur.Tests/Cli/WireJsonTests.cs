using System.Text.Json;
using System.Text.Json.Nodes;
using Caur.Api.Farm;
using Caur.Api.Hosting;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;

namespace Caur.Tests.Cli;

/// <summary>The messages that are known when the program is compiled say what the gateway's own JSON says.</summary>
public sealed class WireJsonTests
{
    private static readonly JsonSerializerOptions Gateway = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = ApiNames.Policy };

    private static readonly BuildId Build = BuildId.Parse("farm/x86_64/lib++/1700000000000");

    [Fact]
    public void Write_AnOrder_IsWhatTheGatewayReads()
    {
        var order = new ScheduleBody
        {
            Arch = "aarch64",
            SourceRepo = "s",
            TargetRepo = "t",
            Commit = "abc:42",
            All = true,
            Packages = [new ScheduleBodyPackage { Pkgbase = "a", BuildClass = JsonSerializer.SerializeToElement("big"), Pkgnames = ["a", "b"], Dependencies = ["\"ü\""] }],
            Operation = Guid.NewGuid(),
            Priority = BuildPriority.MassRebuild,
            Deptree = "a:b:c",
            DeptreeWins = true,
        };

        foreach (var one in (ScheduleBody[])[order, new ScheduleBody()])
        {
            var written = JsonNode.Parse(JsonSerializer.Serialize(one, JsonText.WireOf(typeof(ScheduleBody))));
            JsonNode.DeepEquals(written, JsonSerializer.SerializeToNode(one, Gateway)).ShouldBeTrue($"{written}");
        }
    }

    [Fact]
    public void Read_AReply_HasAllThatTheGatewayWrites()
    {
        var reply = new ScheduleReply
        {
            Commit = "0123",
            Builds = [new QueuedBuild(Build, BuildId.Parse("farm/x86_64/lib++/1600000000000"), ["a", "b"]), new QueuedBuild(Build, null, [])],
            Refused = [new RefusedPackage("c", "why")],
            Notes = ["n"],
        };

        var read = Read<ScheduleAnswer>(JsonSerializer.Serialize(reply, Gateway)).Reply;

        JsonSerializer.Serialize(read, Gateway).ShouldBe(JsonSerializer.Serialize(reply, Gateway));
    }

    [Fact]
    public void Read_TheFarm_HasAllThatTheGatewayWrites()
    {
        var farm = new FarmReply(["s"], [new FarmTarget("t", ["x86_64", "aarch64"])]);

        var read = Read<FarmReply>(JsonSerializer.Serialize(farm, Gateway));

        JsonSerializer.Serialize(read, Gateway).ShouldBe(JsonSerializer.Serialize(farm, Gateway));
    }

    [Theory]
    [InlineData("""{"builds":[{"build":"nonsense"}]}""")]
    [InlineData("""{"builds":[{}]}""")]
    [InlineData("""{"builds":[{"build":"farm/x86_64/a/1","replaced":"a/b"}]}""")]
    [InlineData("""{"builds":[null]}""")]
    [InlineData("""{"builds":null}""")]
    [InlineData("""{"builds":[{"build":"farm/x86_64/a/1","depends_on":null}]}""")]
    public void Read_WhenItIsNoReply_Throws(string text) => Should.Throw<JsonException>(() => Read<ScheduleAnswer>(text));

    private static T Read<T>(string text) => (T)JsonSerializer.Deserialize(text, JsonText.WireOf(typeof(T)))!;
}
