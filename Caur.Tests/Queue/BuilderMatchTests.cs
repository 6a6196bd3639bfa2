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
        BuilderMatch.Fits(wanted, QueueHarness.Builder("thehost", 1, @class)).ShouldBe(fits);
}
