using Caur.Tests.Logs;
using OpenQA.Selenium;

namespace Caur.Tests.Web;

/// <summary>The page around a log: its address, phones, keys, motion.</summary>
public sealed class LogPageTests(ViewerFixture fixture) : ViewerTests(fixture)
{
    /// <summary>The manual's address, the same without a time, and both in a folder of a proxy.</summary>
    [Fact]
    public async Task Address_InTheManualsForms_ShowsTheLog()
    {
        Fixture.Finished("older\n", "queried");
        var build = Fixture.Finished("newer\n", "queried");
        await using var proxy = await PrefixProxy.StartAsync(Fixture.Gateway.Url);
        var direct = Fixture.Gateway.Url.ToString();
        var manual = $"timestamp={build.Timestamp}&id=queried";
        foreach (var (server, query) in new[]
        {
            (direct, manual), (direct, $"id=queried&timestamp={build.Timestamp}"), (direct, "id=queried"),
            ($"{direct}logs/", manual), ($"{proxy.Url}farm/caur/", "id=queried"), ($"{proxy.Url}farm/caur/logs/", manual),
        })
        {
            Browser.Open($"{server}logs.html?{query}");
            await LastVisibleAsync("newer");
            Browser.Run<string>("return location.href").ShouldBe($"{server}logs.html?{(query == "id=queried" ? manual : query)}");
            Browser.Run<string[]>("return performance.getEntriesByType('resource').map(entry => entry.name)")
                .ShouldAllBe(name => name.StartsWith(server, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Page_WhenThereIsNoSuchLog_SaysSoAndNamesTheOthers()
    {
        var build = Fixture.Finished("there\n", "known");
        Browser.Open($"{Fixture.Gateway.Url}logs.html?id=known&timestamp=5");
        await Browser.UntilAsync("document.querySelector('#message a')");
        await Until.HoldsAsync(() => Browser.Text("#message").ShouldContain("There is no log of known with the time 5."));
        Browser.Click("#message ul a");
        await LastVisibleAsync("there");
        Browser.Run<string>("return location.search").ShouldBe($"?timestamp={build.Timestamp}&id=known");

        Browser.Open($"{Fixture.Gateway.Url}logs.html?id=unknown");
        await Browser.UntilAsync("document.querySelector('#message').textContent.includes('There is no log of unknown.')");
        Browser.Open($"{Fixture.Gateway.Url}logs.html?id=..%2Fx&timestamp=x");
        await Browser.UntilAsync("document.querySelector('#message').textContent.includes('Invalid build id or timestamp')");
        Browser.Open($"{Fixture.Gateway.Url}logs.html");
        await Browser.UntilAsync("document.querySelector('#message form')");
        Browser.Element("#message input").SendKeys("known" + Keys.Enter);
        await LastVisibleAsync("there");
    }

    [Fact]
    public async Task Page_OnAPhone_FitsAndCanBeTouched()
    {
        var build = Fixture.Finished(string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i} {new string('x', i)}\r\n")), "a-package-with-a-rather-long-name-of-its-own");
        Fixture.Finished("other\n", build.Pkgbase);
        try
        {
            foreach (var (width, height) in new[] { (390, 844), (320, 568) })
            {
                Browser.Command("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 2, ["mobile"] = true });
                await Fixture.OpenWholeAsync(build, "#L100-L103");
                await Browser.UntilAsync("!document.querySelector('#builds').hidden && document.querySelector('.row.chosen')");
                await Until.HoldsAsync(() => Pressed("#wrap").ShouldBeTrue());
                await Until.HoldsAsync(() => Browser.Run<int>("return document.documentElement.scrollWidth").ShouldBe(width));
                Browser.Run<int>("return innerWidth").ShouldBe(width);
                await Until.HoldsAsync(() => Browser.Run<bool>("const log = document.querySelector('#log'); return log.scrollWidth <= log.clientWidth").ShouldBeTrue("lines are wrapped"));
                Browser.Run<string[]>("""
                    return [...document.querySelectorAll('button, .button, input, .home')]
                      .filter(control => control.checkVisibility())
                      .map(control => ({ control, box: control.getBoundingClientRect() }))
                      .filter(({ box }) => box.width < 44 || box.height < 44 || box.left < 0 || box.right > innerWidth)
                      .map(({ control, box }) => `${control.id || control.className}: ${box.width} x ${box.height} at ${box.left}`);
                    """).ShouldBeEmpty();
                Browser.Run<double>("return document.querySelector('#log').getBoundingClientRect().height / innerHeight").ShouldBeGreaterThan(0.4);
            }
        }
        finally
        {
            Browser.Command("Emulation.clearDeviceMetricsOverride", []);
        }
    }

    [Fact]
    public async Task Page_WhenLessMotionIsWanted_MovesNothing()
    {
        var log = await Fixture.LiveAsync("still");
        await Fixture.OpenAsync(log.Build);
        const string Moving = "[...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).filter(rule => rule.cssText.includes('animation') || rule.cssText.includes('transition') || rule.cssText.includes('scroll-behavior: smooth'))";
        try
        {
            foreach (var (wanted, moves) in new[] { ("no-preference", true), ("reduce", false) })
            {
                Browser.Command("Emulation.setEmulatedMedia", new() { ["features"] = new object[] { new Dictionary<string, object> { ["name"] = "prefers-reduced-motion", ["value"] = wanted } } });
                Browser.Run<bool>("""
                    const badge = document.body.appendChild(Object.assign(document.createElement('span'), { className: 'badge' }));
                    badge.dataset.kind = 'busy';
                    const moves = getComputedStyle(badge, '::before').animationName !== 'none';
                    badge.remove();
                    return moves;
                    """).ShouldBe(moves, wanted);
            }

            Browser.Run<bool>($"return {Moving}.every(rule => rule.cssText.includes('prefers-reduced-motion'))").ShouldBeTrue("all motion is behind the preference");
        }
        finally
        {
            Browser.Command("Emulation.setEmulatedMedia", new() { ["features"] = Array.Empty<object>() });
            Browser.UseTheme("dark");
        }
    }

    [Fact]
    public async Task Keyboard_EveryKeyThatIsListed_DoesWhatItSays()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished(Numbered(1000)));
        Browser.Press("?");
        Browser.Element("#help").Displayed.ShouldBeTrue();
        Browser.Press(Keys.Escape);
        Browser.Element("#help").Displayed.ShouldBeFalse();
        Browser.Press("g");
        await Browser.UntilAsync("document.querySelector('#log').scrollTop === 0");
        Browser.Press("jjj" + Keys.ArrowDown + "k");
        await Browser.UntilAsync("document.querySelector('#log').scrollTop === 3 * document.querySelector('.row').offsetHeight");
        Browser.Press(" " + Keys.PageDown);
        await Browser.UntilAsync("document.querySelector('#log').scrollTop > 1.5 * document.querySelector('#log').clientHeight");
        Browser.Press("G");
        await LastVisibleAsync("line 1000");
        Browser.Press("glJJ");
        await Browser.UntilAsync("location.hash === '#L3'");
        Browser.Press("KL");
        await Browser.UntilAsync("location.hash === '#L1-L2'");
        Browser.Press(Keys.Escape + "G");
        await Browser.UntilAsync("location.hash === ''");
        await LastVisibleAsync("line 1000");
        Browser.Press("f");
        Pressed("#follow").ShouldBeFalse();
        Browser.Press("w");
        Pressed("#wrap").ShouldBeTrue();
        Browser.Press("w");
        Pressed("#wrap").ShouldBeFalse();
        Browser.Press("/" + "line 5" + Keys.Enter);
        await Browser.UntilAsync("document.querySelector('mark.current')");
        Browser.Press(Keys.Escape + "g" + Keys.Tab);

        // Whatever has the focus shows it.
        var seen = new HashSet<string>();
        for (var i = 0; i < 25; i++)
        {
            var (name, outline) = (Browser.Run<string>("return document.activeElement.id"), Browser.Run<string>("return getComputedStyle(document.activeElement).outlineStyle"));
            if (name.Length > 0)
            {
                outline.ShouldNotBe("none", name);
                seen.Add(name);
            }

            Browser.Press(Keys.Tab);
        }

        seen.IsSupersetOf(["search-text", "match-case", "regex", "wrap", "follow", "download", "keys", "log"]).ShouldBeTrue(string.Join(' ', seen));
        Browser.Run<string[]>("return [...document.querySelectorAll('button, input, a, [role=region]')].filter(e => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)")
            .ShouldBeEmpty();
    }
}
