using Caur.Storage.Landing;
using Caur.Tests.Support;

namespace Caur.Tests.Storage.Landing;

/// <summary>Requests that want to write the same file.</summary>
public sealed class PartWritersTests
{
    private readonly PartWriters _writers = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Enter_OfSeveralThatWait_LetsTheNewestInAndSendsTheOthersAway()
    {
        var first = (await EnterAsync()).ShouldNotBeNull();
        var older = EnterAsync();
        first.Asked.IsCompleted.ShouldBeTrue();
        var old = EnterAsync();
        var newest = EnterAsync();

        (await older.DefaultTimeout("the answer to the one before")).ShouldBeNull();
        (await old.DefaultTimeout("the answer to the one before")).ShouldBeNull();
        newest.IsCompleted.ShouldBeFalse("the first has not left yet");
        first.Dispose();
        var second = (await newest.DefaultTimeout("the turn")).ShouldNotBeNull();

        second.Asked.IsCompleted.ShouldBeFalse();
        first.Dispose();
        var third = EnterAsync();
        third.IsCompleted.ShouldBeFalse("who left before has no turn to leave");
        second.Dispose();
        (await third.DefaultTimeout("the turn")).ShouldNotBeNull().Dispose();
        (await EnterAsync()).ShouldNotBeNull();
    }

    [Fact]
    public async Task Enter_WhenTheNewestGivesUp_LeavesNobodyBehindIt()
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var first = (await EnterAsync()).ShouldNotBeNull();
        var older = EnterAsync();
        var newest = _writers.EnterAsync("part", giveUp.Token);
        (await older.DefaultTimeout("the answer to the one before")).ShouldBeNull();

        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(newest.DefaultTimeout("the end of the wait"));

        first.Dispose();
        (await EnterAsync().DefaultTimeout("the turn")).ShouldNotBeNull();
    }

    private Task<PartWriters.Turn?> EnterAsync() => _writers.EnterAsync("part", Token);
}
