namespace Caur.Tests.Support;

public sealed class TestTimeoutsTests
{
    [Fact]
    public async Task Timeout_WhenTaskNeverEnds_NamesThePhase()
    {
        var never = new TaskCompletionSource<int>();
        var error = await Should.ThrowAsync<TimeoutException>(() => never.Task.Timeout(TimeSpan.FromMilliseconds(20), "the answer"));
        error.Message.ShouldContain("the answer did not happen");
    }
}
