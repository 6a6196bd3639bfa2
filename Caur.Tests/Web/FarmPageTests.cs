using Caur.Api.Auth;
using Caur.Contracts.Queue;
using Caur.Tests.Api;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using OpenQA.Selenium;

namespace Caur.Tests.Web;

/// <summary>The farm's first page and what it shares with the log's: states with their reasons, and the token where reading is private.</summary>
public sealed class FarmPageTests(ViewerFixture fixture) : ViewerTests(fixture)
{
    /// <summary>The farm's first page: what is built with its live logs, what waits with its reason.</summary>
    [Fact]
    public async Task Index_WithBuildsThatRunAndWait_ShowsReasonsAndLinksAndFitsAPhone()
    {
        await using var hub = await ApiHub.StartAsync();
        var queued = await hub.EnqueueAsync(
            ApiHub.Request("first"),
            ApiHub.Request("second-with-a-rather-long-name-of-its-own-that-does-not-end", "first"),
            ApiHub.Request("third-of-another-class") with { BuilderClass = "nobody" });
        await (await new ApiBuilder(hub, "tester").JoinAsync()).StartAsync();
        try
        {
            foreach (var (width, height, theme) in new[] { (1200, 800, "light"), (390, 844, "dark"), (320, 568, "dark") })
            {
                Browser.UseTheme(theme);
                Browser.Command("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 2, ["mobile"] = width < 500 });
                Browser.Open(hub.Url.ToString());
                await Browser.UntilAsync("document.querySelector('#active a') && document.querySelectorAll('#waiting a').length === 2");
                await Until.HoldsAsync(() => Browser.Run<string>("return document.querySelector('#active a').getAttribute('href')").ShouldBe($"logs.html?timestamp={queued[0].Timestamp}&id=first"));
                await Until.HoldsAsync(() => Browser.Text("#active").ShouldContain("on tester/0"));
                await Until.HoldsAsync(() => Browser.Text("#waiting").ShouldContain("first"));
                await Until.HoldsAsync(() => Browser.Run<int>("return [...document.querySelectorAll('#waiting .why')].filter(why => why.textContent.length > 10).length").ShouldBe(2));
                await Until.HoldsAsync(() => Browser.Text("#waiting .why").ShouldContain("waits for first"));
                await Until.HoldsAsync(() => Browser.Text("#builders").ShouldContain("tester/0 1 of 1 busy"));
                await Until.HoldsAsync(() => (Browser.Text("#active-count"), Browser.Text("#waiting-count")).ShouldBe(("1", "2")));
                Browser.Run<int>("return document.documentElement.scrollWidth").ShouldBeLessThanOrEqualTo(width);
                Browser.Run<int>("return [...document.querySelectorAll('.cards a')].filter(link => link.getBoundingClientRect().height < 44).length").ShouldBe(0);
                if (Environment.GetEnvironmentVariable("CAUR_TEST_PICTURES") is { Length: > 0 } pictures)
                {
                    Browser.SavePicture(Path.Combine(pictures, $"index-{width}.png"));
                }
            }

            await hub.Queue().PauseAsync(true);
            await Browser.UntilAsync("!document.querySelector('#paused').hidden");
            Browser.Click("#active a");
            await Browser.UntilAsync("document.querySelector('.row')");
            await Until.HoldsAsync(() => Browser.Text("#lines").ShouldContain("Added to build queue"));
        }
        finally
        {
            Browser.Command("Emulation.clearDeviceMetricsOverride", []);
            Browser.UseTheme("dark");
        }
    }

    [Fact]
    public async Task State_WhenTheBuildHasNotBegunOrHasFailed_IsShownWithItsReason()
    {
        var request = Grains.Farm.Request("waits") with { Package = Fixture.NewBuild("waits").Package };
        var queued = await Fixture.Gateway.Grains.GetGrain<IBuildQueueGrain>("x86_64").EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [request] });
        Browser.Open(Fixture.Gateway.Url.ToString());
        await Browser.UntilAsync("[...document.querySelectorAll('#waiting a b')].some(name => name.textContent === 'waits')");
        Browser.Click("#waiting a");
        await Browser.UntilAsync("document.querySelector('#state')?.textContent === 'Waiting' && document.querySelector('.row')");
        Browser.Run<string>("return location.search").ShouldBe($"?timestamp={queued[0].Build.Timestamp}&id=waits");
        await Until.HoldsAsync(() => Lines().ShouldHaveSingleItem().ShouldEndWith("Waiting for builder..."));
        await Until.HoldsAsync(() => Browser.Text("#reason").ShouldNotBeEmpty());

        await Fixture.Gateway.Grains.GetGrain<IBuildQueueGrain>("x86_64").CancelAsync(queued[0].Build, "not wanted any more");
        await Browser.UntilAsync("document.querySelector('#state').textContent === 'Cancelled'");
        await Until.HoldsAsync(() => Browser.Text("#reason").ShouldContain("not wanted any more"));
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        await Until.HoldsAsync(() => Browser.Run<string>("return document.title").ShouldBe("Cancelled: waits"));

        var other = Fixture.Finished("another\n", "waits");
        Browser.Press("b");
        await Browser.UntilAsync("document.querySelectorAll('#build-list a').length === 2 || (document.querySelector('#builds').open = true) && false");
        Browser.Run<string[]>("return [...document.querySelectorAll('#build-list a')].map(a => a.getAttribute('href'))")
            .ShouldContain($"logs.html?timestamp={other.Timestamp}&id=waits");
    }

    /// <summary>Where reading is restricted the pages come without a token, ask for one, and present it with everything that they ask for.</summary>
    [Fact]
    public async Task Pages_WhereReadingIsPrivate_AskForATokenAndPresentIt()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await LogGateway.StartAsync(folder.Path, Reading.Private);
        var token = await gateway.TokenAsync(TokenRole.Reader);
        var file = gateway.FileOf(Fixture.NewBuild("secret"), finished: true);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "what only readers see\n", TestContext.Current.CancellationToken);

        Browser.Open($"{gateway.Url}logs.html?id=secret");
        await Browser.UntilAsync("document.querySelector('#access')");
        await Until.HoldsAsync(() => Browser.Text("#message").ShouldContain("only those read who have a token"));
        Browser.Element("#access input").SendKeys("\u201ccaur_wrong\u200b\u201d" + Keys.Enter);
        await Browser.UntilAsync("document.querySelector('#message')?.textContent.includes('does not take this token')");
        Browser.Text("body").ShouldNotContain("what only readers see");
        Browser.Element("#access input").SendKeys(token + Keys.Enter);
        await LastVisibleAsync("what only readers see");
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        Browser.RunAsync<string>("""
            const made = URL.createObjectURL;
            const saved = new Promise(resolve => { URL.createObjectURL = blob => { resolve(blob.text()); return made.call(URL, blob); }; });
            document.querySelector('#download').click();
            return await saved;
            """).ShouldBe("what only readers see\n");

        // The same tab knows it on the farm's other page, and no cookie or lasting storage has it.
        Browser.Open(gateway.Url.ToString());
        await Browser.UntilAsync("document.querySelector('#active .none')");
        Browser.Run<bool>("return document.querySelector('#door').hidden").ShouldBeTrue();
        Browser.Run<string>("return document.cookie + JSON.stringify(localStorage)").ShouldNotContain("caur_");
        Browser.Run("sessionStorage.clear()");
        Browser.Open(gateway.Url.ToString());
        await Browser.UntilAsync("document.querySelector('#door #access')");

        // Which the browser says of each answer with 401.
        Browser.Complaints();
    }
}
