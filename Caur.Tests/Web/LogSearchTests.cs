using System.Globalization;
using System.Text;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using OpenQA.Selenium;

namespace Caur.Tests.Web;

/// <summary>Search, links to lines, and what is taken out of a log.</summary>
public sealed class LogSearchTests(ViewerFixture fixture) : ViewerTests(fixture)
{
    [Fact]
    public async Task Search_WhenTheLogIsLong_FindsAllOfIt()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 20_000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"line {i} {(i % 1000 == 7 ? "a \u001b[31mNee\u001b[0mdle, needle" : "hay")}\r\n");
        }

        await Fixture.OpenWholeAsync(Fixture.Finished(text.ToString()), "#L10000");
        SearchFor("needle");
        await CountAsync("21 of 40");
        await CurrentMatchAsync("10008:Needle");
        Browser.Press(Keys.Enter);
        await CountAsync("22 of 40");
        await CurrentMatchAsync("10008:needle");
        Browser.Press(Keys.Enter);
        await CountAsync("23 of 40");
        await CurrentMatchAsync("11008:Needle");
        Browser.PressWithShift(Keys.Enter);
        await CountAsync("22 of 40");
        for (var i = 23; i <= 41; i++)
        {
            Browser.Click("#next");
            await CountAsync(string.Create(CultureInfo.InvariantCulture, $"{(i - 1) % 40 + 1} of 40"));
        }

        await CurrentMatchAsync("8:Needle");
        Browser.Click("#previous");
        await CountAsync("40 of 40");
        await CurrentMatchAsync("19008:needle");

        Browser.Click("#match-case");
        await CountAsync("20 of 20");
        Browser.Click("#regex");
        SearchFor("^line 1?[78]\\d\\d7 .*Nee");
        await CountAsync("1 of 4");
        await CurrentMatchAsync("7008:line 7007 a Nee");
        SearchFor("(");
        await CountAsync("Not an expression");
        SearchFor("[");
        Browser.Click("#regex");
        Browser.Click("#match-case");
        await CountAsync("None");
        Browser.Press(Keys.Escape);
        await CountAsync("");
    }

    [Fact]
    public async Task Search_WhileTheLogGrows_GoesOn()
    {
        var log = await Fixture.LiveAsync();
        await log.WriteLinesAsync(0, 100);
        await Fixture.OpenAsync(log.Build);
        SearchFor("put 5");
        await CountAsync("1 of 11", "11 of 11", "11");
        await log.WriteLinesAsync(500, 100);
        await Browser.UntilAsync("document.querySelector('#search-count').textContent.endsWith('111')");
        await log.WriteAsync("put 5, unfinished");
        await Browser.UntilAsync("document.querySelector('#search-count').textContent.endsWith('112')");
        await log.WriteAsync("\rno more of it      \r\n");
        await Browser.UntilAsync("document.querySelector('#search-count').textContent.endsWith('111')");
        await log.EndAsync();
    }

    [Fact]
    public async Task Search_WhenTheExpressionRunsAway_IsStoppedAndTheLogIsReadAgain()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished($"first\n{new string('a', 40)}b\nlast\n"));
        Browser.Click("#regex");
        Browser.Element("#search-text").SendKeys("(a+)+$");
        await Browser.UntilAsync("document.querySelector('#search-count').textContent.includes('takes too long') || document.body.textContent.includes('This expression takes too long.')");
        await LastVisibleAsync("last");
        Browser.Element("#search-text").Clear();
        Browser.Element("#search-text").SendKeys("las");
        await Browser.UntilAsync("document.querySelector('#search-count').textContent.includes('1')");
    }

    [Fact]
    public async Task Line_WhenItsNumberIsClicked_IsLinkedAndCopied()
    {
        var build = Fixture.Finished(Numbered(5000), "a+b");
        await Fixture.OpenWholeAsync(build, "#L4000-L4002");
        await Browser.UntilAsync("document.querySelectorAll('.row.chosen').length === 3");
        await Until.HoldsAsync(() => Visible().ShouldContain("line 4000"));
        Pressed("#follow").ShouldBeFalse();
        Browser.Run<string>("return getSelection().toString()").ShouldBe("");

        Browser.Command("Browser.grantPermissions", new() { ["permissions"] = new[] { "clipboardReadWrite", "clipboardSanitizedWrite" } });
        Browser.Click("#copy-lines");
        await Browser.UntilAsync("document.querySelector('#copy-lines').textContent === 'Copied'");
        Browser.RunAsync<string>("return await navigator.clipboard.readText()").ShouldBe("line 4000\nline 4001\nline 4002");

        Browser.Click("a[href='#L4003']");
        Browser.Run<string>("return location.hash").ShouldBe("#L4003");
        Browser.ClickWithShift("a[href='#L4001']");
        Browser.Run<string>("return location.hash").ShouldBe("#L4001-L4003");
        Browser.Click("#copy-link");
        await Browser.UntilAsync("document.querySelector('#copy-link').textContent === 'Copied'");
        var link = Browser.RunAsync<string>("return await navigator.clipboard.readText()");
        link.ShouldBe(Fixture.AddressOf(build, "#L4001-L4003"));

        Browser.Run("location.hash = '#L17'");
        await Browser.UntilAsync("document.querySelector('.row.chosen a')?.textContent === '17'");
        await Until.HoldsAsync(() => Visible().ShouldContain("line 17"));
        Browser.Press(Keys.Escape);
        Browser.Run<string>("return location.hash").ShouldBe("");

        Browser.Open("about:blank");
        Browser.Open(Fixture.AddressOf(build, "#L99999"));
        await LastVisibleAsync("line 5000");
    }

    [Fact]
    public async Task Download_WhenClicked_HasTheLogAsItIs()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = [.. "\u001b[31mred\u001b[0m\r\n"u8, 0xff, 0x00, .. "<b>\r"u8];
        var build = Fixture.Finished(bytes, "gtk+2@x");
        await Fixture.OpenWholeAsync(build);
        Browser.Command("Browser.setDownloadBehavior", new() { ["behavior"] = "allow", ["downloadPath"] = folder.Path });
        Browser.Click("#download");
        var file = Path.Combine(folder.Path, string.Create(CultureInfo.InvariantCulture, $"gtk+2@x-{build.Timestamp}.log"));
        await Until.TrueAsync(() => File.Exists(file) && new FileInfo(file).Length == bytes.Length, $"the download of {file}");
        (await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)).ShouldBe(bytes);
    }
}
