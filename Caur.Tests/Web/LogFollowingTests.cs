using Caur.Tests.Logs;

namespace Caur.Tests.Web;

/// <summary>A log that grows, and the connection that brings it.</summary>
public sealed class LogFollowingTests(ViewerFixture fixture) : ViewerTests(fixture)
{
    [Fact]
    public async Task Log_WhileItGrows_IsFollowedUntilTheReaderScrollsUp()
    {
        var log = await Fixture.LiveAsync();
        await log.WriteLinesAsync(0, 500);
        await Fixture.OpenAsync(log.Build);
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Live'");
        await LastVisibleAsync("output 499");
        await log.WriteLinesAsync(500, 300);
        await LastVisibleAsync("output 799");
        Pressed("#follow").ShouldBeTrue();
        Browser.Element("#end").Displayed.ShouldBeFalse();

        Browser.Run("document.querySelector('#log').scrollTop -= 700");
        await Browser.UntilAsync("document.querySelector('#follow').getAttribute('aria-pressed') === 'false'");
        var place = Browser.Run<double>("return document.querySelector('#log').scrollTop");
        await log.WriteLinesAsync(800, 300);
        await Browser.UntilAsync("document.querySelector('#size').textContent.startsWith('1,101 lines')");
        Browser.Run<double>("return document.querySelector('#log').scrollTop").ShouldBe(place);

        Browser.Click("#end");
        await LastVisibleAsync("output 1099");
        await log.WriteLinesAsync(1100, 10);
        await LastVisibleAsync("output 1109");

        Browser.Click("#follow");
        Pressed("#follow").ShouldBeFalse();
        await log.WriteLinesAsync(1110, 100);
        await Browser.UntilAsync("document.querySelector('#size').textContent.startsWith('1,211 lines')");
        Pressed("#follow").ShouldBeFalse();
        // One movement only: a page is told of where it stands in each frame, and two may fall into one.
        Browser.Run("document.querySelector('#log').scrollTop = document.querySelector('#log').scrollHeight");
        await Browser.UntilAsync("document.querySelector('#follow').getAttribute('aria-pressed') === 'true'");
        await log.EndAsync();
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        await LastVisibleAsync("End.");
    }

    /// <summary>A progress bar is one line that changes, also while it is the last.</summary>
    [Fact]
    public async Task Log_WhileAProgressBarMoves_ShowsItsLastState()
    {
        var log = await Fixture.LiveAsync();
        await log.WriteAsync("\u001b[32mget\u001b[0m 10%");
        await Fixture.OpenAsync(log.Build);
        await LastVisibleAsync("get 10%");
        await log.WriteAsync("\rget 50%");
        await LastVisibleAsync("get 50%");
        await log.WriteAsync("\r\u001b[Kgot");
        await LastVisibleAsync("got");
        await log.EndAsync();
    }

    [Fact]
    public async Task Connection_WhenItIsCut_GoesOnWithoutGapOrRepetition()
    {
        var log = await Fixture.LiveAsync();
        await log.WriteLinesAsync(0, 3000);
        await using var door = new TcpDoor();
        door.Open(Fixture.Gateway.Url);
        await Fixture.OpenAsync(log.Build, server: door.Url);
        await LastVisibleAsync("output 2999");
        for (var round = 1; round <= 2; round++)
        {
            door.Cut();

            // In one look: it tries again by itself every few seconds, and then nobody can ask it to.
            await Browser.UntilAsync(
                "/lost\\. Trying again in \\d+ s/.test(document.querySelector('#connection').textContent) && document.querySelector('#retry').offsetParent !== null");
            await log.WriteLinesAsync(3000 * round, 3000);
            door.Open(Fixture.Gateway.Url);
            Browser.Run("document.querySelector('#retry').click()");
            await LastVisibleAsync($"output {3000 * (round + 1) - 1}");
            await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Live'");
        }

        await log.EndAsync();
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        await Until.HoldsAsync(() => Browser.Text("#size").ShouldStartWith("9,002 lines"));
        Browser.Complaints();
    }

    /// <summary>The limit is that of the module itself; a stream that says it has so many bytes stands for a gibibyte.</summary>
    [Fact]
    public async Task Log_WhenItIsLargerThanAPageCanHold_StopsThere()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished("x\n"));
        Browser.RunAsync<string>("""
            const { Source, limit } = await import(document.querySelector('script[type=module]').src.replace('logs.js', 'source.js'));
            const piece = { length: limit / 4 };
            let read = 0;
            const original = fetch;
            globalThis.fetch = async () => ({ status: 200, headers: new Headers(), body: { getReader: () => ({ read: async () => ({ done: false, value: piece }) }) } });
            const source = new Source({ base: location.href, id: 'x', timestamp: null, reset() {}, changed() {}, received: async bytes => { read += bytes.length; } });
            await source.run();
            globalThis.fetch = original;
            return `${source.phase} ${read === limit} ${limit}`;
            """).ShouldBe("full true 1073741824");
    }
}
