using System.Text;
using System.Text.Json;
using Caur.Api.Hosting;
using Caur.Api.Queue;

namespace Caur.Tests.Queue;

public sealed class QueueStatsJsonTests
{
    private static readonly JsonSerializerOptions Gateway = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = ApiNames.Policy };

    [Fact]
    public void Write_Always_IsByteForByteWhatTheSerializerWrites()
    {
        var stats = new QueueStats(
            QueueStats.Of<ActivePackage>(
            [
                new ActivePackage("farm/x86_64/lib++", "a <b>", 3, "https://example.org/?a=1&id=%C3%BC"),
                new ActivePackage("farm/x86_64/\"ü\"", "node", "big", null),
                new ActivePackage("none", "node", null, null),
            ]),
            QueueStats.Of(Enumerable.Range(0, 300).Select(number => new WaitingPackage($"farm/x86_64/p+{number}", number % 2 == 0 ? number : $"n{number}"))),
            QueueStats.OfNodes([new IdleNode("idle", 1), new IdleNode("other", "other")]));

        Encoding.UTF8.GetString(QueueStatsJson.Write(stats, Gateway)).ShouldBe(JsonSerializer.Serialize(stats, Gateway));
    }

    [Fact]
    public void Write_WhenNothingIsThere_IsByteForByteWhatTheSerializerWrites()
    {
        var stats = new QueueStats(QueueStats.Of<ActivePackage>([]), QueueStats.Of<WaitingPackage>([]), QueueStats.OfNodes([]));

        Encoding.UTF8.GetString(QueueStatsJson.Write(stats, Gateway)).ShouldBe(JsonSerializer.Serialize(stats, Gateway));
    }
}
