namespace Caur.Tests.Support;

public sealed class ManualTimeProviderTests
{
    [Fact]
    public async Task Advance_WhenTimersAreDue_FiresThemInOrderAtTheirTimes()
    {
        var time = new ManualTimeProvider();
        var start = time.GetUtcNow();
        List<(string Name, TimeSpan At)> fired = [];
        await using var late = time.CreateTimer(_ => Note("late"), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        await using var often = time.CreateTimer(_ => Note("often"), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        await using var never = time.CreateTimer(_ => Note("never"), null, TimeSpan.FromSeconds(60), Timeout.InfiniteTimeSpan);
        time.Advance(TimeSpan.FromSeconds(4));
        fired.ShouldBe([("often", TimeSpan.FromSeconds(1)), ("late", TimeSpan.FromSeconds(3)), ("often", TimeSpan.FromSeconds(3))], ignoreOrder: true);
        fired.Select(f => f.At).ShouldBeInOrder();
        time.GetUtcNow().ShouldBe(start + TimeSpan.FromSeconds(4));

        void Note(string name) => fired.Add((name, time.GetUtcNow() - start));
    }

    [Fact]
    public async Task Advance_WhenADelayIsAwaited_CompletesIt()
    {
        var time = new ManualTimeProvider();
        var delay = Task.Delay(TimeSpan.FromMinutes(5), time, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMinutes(4));
        delay.IsCompleted.ShouldBeFalse();
        await time.ArmedAsync(TimeSpan.FromMinutes(1));
        time.Advance(TimeSpan.FromMinutes(1));
        await delay.DefaultTimeout("the delay");
    }
}
