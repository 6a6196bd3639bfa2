using Caur.Api.Events;
using Caur.Contracts.Events;
using Caur.Grains.Events;

namespace Caur.Tests.Api;

public sealed class EventWindowTests
{
    private readonly EventWindow _window = new("run", 4);
    private readonly Guid _run = Guid.NewGuid();

    [Fact]
    public void Read_WhenSomeAreAskedFor_GoesOnWithoutAGap()
    {
        Add(1, "a", "b", "c");

        var first = _window.Read(null, 0, 2);
        var second = _window.Read(first.Run, first.Events[^1].Number, 2);

        Texts(first).ShouldBe(["a", "b"]);
        Texts(second).ShouldBe(["c"]);
        (first.Gap, second.Gap, second.Last).ShouldBe((false, false, 3));
    }

    [Fact]
    public void Read_WhenThePlaceIsNotKept_SaysThatThereIsAGap()
    {
        Add(1, "a", "b", "c", "d", "e", "f");

        Texts(_window.Read("run", 2, 10)).ShouldBe(["c", "d", "e", "f"], "the oldest that is kept is the third");
        _window.Read("run", 2, 10).Gap.ShouldBeFalse();
        _window.Read("run", 1, 10).Gap.ShouldBeTrue("b is gone");
        _window.Read("other", 5, 10).Gap.ShouldBeTrue("numbers mean something in their run only");
        _window.Read("run", 7, 10).Gap.ShouldBeTrue("that is yet to come");
    }

    [Fact]
    public void Add_WhenABatchWasLost_PutsAResetInItsPlace()
    {
        Add(1, "a");
        Add(3, "c");

        _window.Read(null, 0, 10).Events.Select(item => item.Kind).ShouldBe([FarmEventKind.Queue, FarmEventKind.Reset, FarmEventKind.Queue]);
    }

    [Fact]
    public void Add_WhenASourceBeginsAnew_PutsAResetBeforeIt()
    {
        Add(1, "a");
        _window.Add(new EventBatch { Source = "queue", Run = Guid.NewGuid(), Number = 1, Events = [] }, DateTimeOffset.UnixEpoch);
        _window.Add(new EventBatch { Source = "another", Run = Guid.NewGuid(), Number = 1, Events = [] }, DateTimeOffset.UnixEpoch);

        _window.Read(null, 1, 10).Events.Single().Reason.ShouldBe("queue began anew");
    }

    /// <summary>Builders come and go under names of their own.</summary>
    [Fact]
    public void Add_OfAnyNumberOfSources_RemembersThoseThatSpokeLast()
    {
        var runs = Enumerable.Range(0, 3 * EventWindow.MostSources).Select(_ => Guid.NewGuid()).ToList();
        Add(1, "a");
        for (var number = 0; number < runs.Count; number++)
        {
            _window.Add(Batch($"builder/{number}", runs[number], 1), DateTimeOffset.UnixEpoch);
            if (number % 100 == 0)
            {
                _window.Add(Batch("talks", _run, 1 + (number / 100)), DateTimeOffset.UnixEpoch);
            }
        }

        _window.Sources.ShouldBeLessThanOrEqualTo(EventWindow.MostSources);
        _window.Last.ShouldBe(1, "nothing was lost");
        _window.Add(Batch($"builder/{runs.Count - 1}", runs[^1], 2), DateTimeOffset.UnixEpoch);
        _window.Last.ShouldBe(1, "the newest is known");
        _window.Add(Batch("builder/0", runs[0], 3), DateTimeOffset.UnixEpoch);
        _window.Read(null, 1, 10).Events.Single().Kind.ShouldBe(FarmEventKind.Reset, "of one that was forgotten a batch may be missing");

        static EventBatch Batch(string source, Guid run, long number) => new() { Source = source, Run = run, Number = number, Events = [] };
    }

    [Fact]
    public async Task Ring_WhenAReaderIsBehindWhatIsKept_SaysSo()
    {
        var ring = new EventRing<long>("run", 3);
        var start = ring.End;
        var waiting = ring.WaitAsync(start);
        waiting.IsCompleted.ShouldBeFalse();
        for (var i = 0; i < 3; i++)
        {
            ring.Append(number => number);
        }

        await waiting;
        var (items, next) = ring.Read(start, 2).ShouldNotBeNull();
        items.ShouldBe([1, 2]);
        ring.Append(number => number);
        ring.Read(start, 2).ShouldBeNull();
        ring.Read(next, 10)!.Value.Items.ShouldBe([3, 4]);
        ring.Restart("another", 10);
        ring.Read(next, 10).ShouldBeNull();
        ring.End.ShouldBe(new StreamPlace("another", 10));
    }

    [Theory]
    [InlineData("run-12", true)]
    [InlineData("a-b-0", true)]
    [InlineData("-1", false)]
    [InlineData("run-", false)]
    [InlineData("run--1", true)]
    [InlineData("run-x", false)]
    [InlineData("run-99999999999999999999", false)]
    [InlineData("", false)]
    public void Place_WhenReadFromAClient_IsOursOrNone(string text, bool isPlace) => (StreamPlace.TryParse(text) is not null).ShouldBe(isPlace);

    private void Add(long number, params string[] texts) => _window.Add(
        new EventBatch
        {
            Source = "queue",
            Run = _run,
            Number = number,
            Events = [.. texts.Select(text => new FarmEvent { Time = DateTimeOffset.UnixEpoch, Kind = FarmEventKind.Queue, Reason = text })],
        },
        DateTimeOffset.UnixEpoch);

    private static IEnumerable<string> Texts(EventPage page) => page.Events.Select(item => item.Reason);
}
