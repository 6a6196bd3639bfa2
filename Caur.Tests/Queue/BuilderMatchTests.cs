using Caur.Grains.Queue;

namespace Caur.Tests.Queue;

public sealed class BuilderMatchTests
{
    [Theory]
    [InlineData(null, "1", true)]
    [InlineData("", "1", true)]
    [InlineData(null, "0", false)]
    [InlineData("2", "1", false)]
    [InlineData("2", "2", true)]
    [InlineData("2", "10", true)]
    [InlineData("10", "9", false)]
    [InlineData("1", "catbuilder", false)]
    [InlineData(null, "catbuilder", false)]
    [InlineData("catbuilder", "catbuilder", true)]
    [InlineData("Catbuilder", "catbuilder", false)]
    [InlineData("thehost", "3", true)]
    [InlineData("otherhost", "3", false)]
    [InlineData("-1", "3", false)]
    public void Fits_WhenAsked_FollowsNumbersAndNames(string? wanted, string @class, bool fits) =>
        BuilderMatch.Fits(BuildDemand.Of(QueueHarness.Request("a") with { BuilderClass = wanted }), QueueHarness.Profile("thehost", 1, @class)).ShouldBe(fits);

    [Theory]
    [InlineData("", 0, 0, true)]
    [InlineData("a", 0, 0, true)]
    [InlineData("b a", 0, 0, true)]
    [InlineData("a c", 0, 0, false)]
    [InlineData("A", 0, 0, false)]
    [InlineData("", 4000, 9000, true)]
    [InlineData("", 4001, 0, false)]
    [InlineData("", 0, 9001, false)]
    public void Fits_WhenMoreIsAsked_WantsAllOfIt(string labels, int memory, int disk, bool fits)
    {
        var demand = BuildDemand.Of(QueueHarness.Request("a") with
        {
            Labels = [.. labels.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            MemoryMiB = memory,
            DiskMiB = disk,
        });

        BuilderMatch.Fits(demand, QueueHarness.Profile() with { Labels = ["a", "b"], MemoryMiB = 4000, DiskMiB = 9000 }).ShouldBe(fits);
    }

    [Fact]
    public void Fits_WhenTheBuilderDoesNotSayWhatItHas_WantsNothingOfIt()
    {
        BuilderMatch.Fits(BuildDemand.Of(QueueHarness.Request("a") with { MemoryMiB = 1 }), QueueHarness.Profile()).ShouldBeFalse();
        BuilderMatch.Fits(BuildDemand.Of(QueueHarness.Request("a") with { DiskMiB = 1 }), QueueHarness.Profile()).ShouldBeFalse();
    }
}
