using Caur.Tests.Engine.Conformance;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Utilities;

namespace Caur.Tests.Engine;

public sealed class ObserverManagerTests
{
    private readonly ManualClock _clock = new();
    private readonly ObserverManager<string, Watcher> _watchers;

    public ObserverManagerTests() => _watchers = new(TimeSpan.FromMinutes(1), NullLogger.Instance)
    {
        GetDateTime = () => _clock.GetUtcNow().UtcDateTime,
    };

    [Fact]
    public void Subscription_ThatIsNotRenewed_Expires()
    {
        var (renewed, silent) = (new Watcher(), new Watcher());
        _watchers.Subscribe("renewed", renewed);
        _watchers.Subscribe("silent", silent);
        _clock.Advance(TimeSpan.FromSeconds(40));
        _watchers.Subscribe("renewed", renewed);
        _clock.Advance(TimeSpan.FromSeconds(40));
        _watchers.Notify(static watcher => watcher.Saw("news"));
        renewed.Texts.ShouldBe(["news"]);
        silent.Texts.ShouldBeEmpty();
        _watchers.Observers.Keys.ShouldBe(["renewed"]);
    }

    [Fact]
    public async Task Notify_WithAPredicate_ReachesThoseItTakes()
    {
        var (first, second) = (new Watcher(), new Watcher());
        _watchers.Subscribe("first", first);
        _watchers.Subscribe("second", second);
        await _watchers.Notify(
            static watcher =>
            {
                watcher.Saw("news");
                return Task.CompletedTask;
            },
            watcher => watcher == second);
        first.Texts.ShouldBeEmpty();
        second.Texts.ShouldBe(["news"]);
    }

    [Fact]
    public void Notify_WhenOneFails_ReachesTheOthersAndDropsIt()
    {
        var (failing, sound) = (new Watcher(), new Watcher());
        _watchers.Subscribe("failing", failing);
        _watchers.Subscribe("sound", sound);
        _watchers.Notify(watcher =>
        {
            if (watcher == failing)
            {
                throw new InvalidOperationException("gone");
            }

            watcher.Saw("news");
        });
        sound.Texts.ShouldBe(["news"]);
        _watchers.ShouldBe([sound]);
        _watchers.Unsubscribe("sound");
        _watchers.Count.ShouldBe(0);
    }
}
