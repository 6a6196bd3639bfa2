using System.Text;
using Caur.Pipelines.Rebuilds;
using Caur.Tests.Pacman;

namespace Caur.Tests.Pipelines.Rebuilds;

public sealed class VersionSnapshotTests
{
    private const string Lines = "0ad-data:0.28.0-1\n0ad:0.28.0-3\nA:1-1\ndecklink-sdk:1:16.0-1\nlibsigc++:2.12.1-1\nlibsigc++:3.6.0-1\nx.y:2:1.0-1.3\nzzuf:0.15-3\n";

    [Fact]
    public void ToBytes_WhenItWasRead_IsTheSame() =>
        Encoding.UTF8.GetString(VersionSnapshot.Parse(Encoding.UTF8.GetBytes(Lines)).ToBytes()).ShouldBe(Lines);

    [Fact]
    public async Task ToBytes_WhenLinesCameInAnyOrder_HasThatOfSort()
    {
        // comm, with which the templates' scripts compare, takes lines that are not in sort's order for changes.
        const string Shuffled = "b:1-1\na-b:1-1\na:1-1\na+b:2-1\na.b:1-1\na_b:1-1\nA:1-1\na@b:1-1\n0:1-1\na:1:1-1\na:10-1\na:9-1\n";
        var sorted = (await Tool.RunAsync("sort", [], null, Shuffled, ("LC_ALL", "C"))).Succeeded();
        Encoding.UTF8.GetString(VersionSnapshot.Parse(Encoding.UTF8.GetBytes(Shuffled)).ToBytes()).ShouldBe(sorted);
    }

    [Fact]
    public void Parse_WhenVersionHasAnEpoch_KeepsIt()
    {
        var snapshot = VersionSnapshot.Parse(Encoding.UTF8.GetBytes(Lines));
        snapshot["decklink-sdk"].ShouldBe(["1:16.0-1"]);
        snapshot["libsigc++"].ShouldBe(["2.12.1-1", "3.6.0-1"]);
        snapshot["x.y"].ShouldBe(["2:1.0-1.3"]);
        snapshot["nobody"].ShouldBeEmpty();
    }

    [Fact]
    public void Parse_WhenLinesAreDamaged_KeepsTheOthers() =>
        VersionSnapshot.Parse("garbage\n:1\na:\n../x:1-1\nb:1-1\r\nb:1-1\nc:1 2\n\u0000\nd:2-1"u8).Names.ShouldBe(["b", "d"], ignoreOrder: true);

    [Fact]
    public void ToBytes_WhenNothingIsThere_IsEmpty() => VersionSnapshot.Parse(default).ToBytes().ShouldBeEmpty();
}
