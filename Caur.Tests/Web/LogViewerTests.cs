using System.Globalization;
using System.Text;
using Caur.Api.Auth;
using Caur.Contracts.Queue;
using Caur.Tests.Api;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using OpenQA.Selenium;

namespace Caur.Tests.Web;

/// <summary>The log viewer in a real browser, in front of a real gateway.</summary>
public sealed class LogViewerTests(ViewerFixture fixture) : IClassFixture<ViewerFixture>, IDisposable
{
    /// <summary>What programs send, and what a terminal shows of it.</summary>
    private static readonly (string Sent, string Shown)[] Sequences =
    [
        ("plain", "plain"),
        ("a\rb", "b"),
        ("abc\rd", "dbc"),
        ("50%\r100%\r\u001b[Kdone", "done"),
        ("[#   ]\r[##  ]\r[####]\u001b[K", "[####]"),
        ("hello\u001b[2K\rbye", "bye"),
        ("abcdef\u001b[3D\u001b[K", "abc"),
        ("abcdef\u001b[3D\u001b[1K", "    ef"),
        ("abcdef\u001b[2G\u001b[2P", "adef"),
        ("abcdef\r\u001b[3X", "   def"),
        ("a\u001b[3Cb", "a   b"),
        ("ab\b\bc", "cb"),
        ("a\tb", "a       b"),
        ("a\u001b]0;a title\u0007b\u001b]8;;http://x/\u001b\\link\u001b]8;;\u001b\\c", "ablinkc"),
        ("\u001b[?25lx\u001b[?2004h\u001b(B\u001b=\u001bPq#0\u001b\\y\u001b[1;5Hz\u001b[6n", "xyz"),
        ("a\u0000\u0001\u000e\u007fb\u0085c", "abc"),
        ("\u65e5\u672c\rx", "x \u672c"),
        ("e\u0301\ud83c\udf89.", "e\u0301\ud83c\udf89."),
        ("\u202egnp.exe\u202c\ufeff", "gnp.exe"),
        ("\u001b]0;never ended", ""),
        ("\u001b[999999999999999999999mx\u001b[38;5;999my\u001b[38;2mz", "xyz"),
    ];

    /// <summary>Text, colour, ground, weight and decoration of each piece, as the browser computes them.</summary>
    private static readonly (string Sent, string[] Pieces)[] Looks =
    [
        ("\u001b[38;2;1;2;3;48;2;200;100;50mx", ["x|rgb(1, 2, 3)|rgb(200, 100, 50)|400|none"]),
        ("\u001b[38:2::1:2:3;48:2:200:100:50mx", ["x|rgb(1, 2, 3)|rgb(200, 100, 50)|400|none"]),
        ("\u001b[48;5;196mx", ["x|rgb(255, 255, 255)|rgb(255, 0, 0)|400|none"]),
        ("\u001b[38;5;21;48;5;255mx", ["x|rgb(0, 0, 255)|rgb(238, 238, 238)|400|none"]),
        ("\u001b[31;42mx", ["x|rgb(205, 49, 49)|rgb(13, 188, 121)|400|none"]),
        ("\u001b[38;5;1;102mx", ["x|rgb(205, 49, 49)|rgb(35, 209, 139)|400|none"]),
        ("\u001b[31;42;7mx", ["x|rgb(13, 188, 121)|rgb(205, 49, 49)|400|none"]),
        ("\u001b[1;4mx", ["x|TEXT|rgba(0, 0, 0, 0)|700|underline"]),
        ("\u001b[7mx", ["x|PAGE|TEXT|400|none"]),
        ("\u001b[1;31;4;44;7mx\u001b[22;24;27;39;49my", ["x|rgb(36, 114, 200)|rgb(205, 49, 49)|700|underline", "y|TEXT|PAGE|400|none"]),
        ("\u001b[31mx\u001b[my", ["x|RED|rgba(0, 0, 0, 0)|400|none", "y|TEXT|PAGE|400|none"]),
    ];

    private readonly Browser _browser = fixture.Browser;

    /// <summary>No test may leave the page with an error, or with something that its policy had to forbid.</summary>
    public void Dispose() => _browser.Complaints().ShouldBeEmpty();

    [Fact]
    public async Task Line_WhateverTheProgramSends_LooksLikeInATerminal()
    {
        await fixture.OpenWholeAsync(fixture.Finished(string.Concat(Sequences.Select(sequence => $"{sequence.Sent}\r\n"))));
        Lines().ShouldBe(Sequences.Select(sequence => sequence.Shown));
    }

    [Fact]
    public async Task Line_WhenItIsNoUtf8_ShowsWhatCanBeRead()
    {
        await fixture.OpenWholeAsync(fixture.Finished([.. "a"u8, 0xff, .. "b"u8, 0xc3, .. "("u8, 0xe2, 0x82, .. "c"u8, 0xc0, 0xaf, 0xed, 0xa0, 0x80, .. "d\n"u8]));
        Lines().ShouldBe([Encoding.UTF8.GetString([.. "a"u8, 0xff, .. "b"u8, 0xc3, .. "("u8, 0xe2, 0x82, .. "c"u8, 0xc0, 0xaf, 0xed, 0xa0, 0x80, .. "d"u8])]);
    }

    [Fact]
    public async Task Line_WhenItHasColours_ShowsThem()
    {
        await fixture.OpenWholeAsync(fixture.Finished(string.Concat(Looks.Select(look => $"{look.Sent}\u001b[0m\r\n"))));
        var shown = _browser.Run<string[][]>("""
            const named = new Map(['--text', '--page', '--f1'].map(name => {
              const probe = document.body.appendChild(document.createElement('i'));
              probe.style.color = `var(${name})`;
              const colour = getComputedStyle(probe).color;
              probe.remove();
              return [colour, { '--text': 'TEXT', '--page': 'PAGE', '--f1': 'RED' }[name]];
            }));
            const rows = [...document.querySelectorAll('.row')].sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
            return rows.map(row => [...row.querySelector('.text').childNodes].map(piece => {
              const style = getComputedStyle(piece.nodeType === 3 ? document.body : piece);
              const name = colour => named.get(colour) ?? colour;
              return [piece.textContent, name(style.color), name(style.backgroundColor), style.fontWeight, style.textDecorationLine].join('|');
            }));
            """);
        shown.Select(pieces => string.Join("; ", pieces)).ShouldBe(Looks.Select(look => string.Join("; ", look.Pieces)));
    }

    /// <summary>WCAG 2.2, 1.4.3: 4.5 to 1 against the page, in the dark and in the light.</summary>
    [Fact]
    public async Task Colours_InEitherTheme_CanBeRead()
    {
        await fixture.OpenWholeAsync(fixture.Finished(string.Concat(Enumerable.Range(0, 256).Select(colour => $"\u001b[38;5;{colour}mx\n")) + "\u001b[38;2;0;0;0mx\n\u001b[38;2;255;255;255mx\n"));
        try
        {
            foreach (var theme in new[] { "dark", "light" })
            {
                _browser.UseTheme(theme);
                for (var line = 1; line <= 258; line += 30)
                {
                    _browser.Run("location.hash = arguments[0]", $"#L{line}");
                    await _browser.UntilAsync($"document.querySelector('.row.chosen a')?.textContent === '{line}'");
                    _browser.Run<string[]>("""
                        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
                        const light = colour => {
                          canvas.fillStyle = colour;
                          canvas.fillRect(0, 0, 1, 1);
                          const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(part => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
                          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                        };
                        const page = light(getComputedStyle(document.body).backgroundColor);
                        return [...document.querySelectorAll('.row:not(.chosen) .text span')].map(span => {
                          const text = light(getComputedStyle(span).color);
                          const contrast = (Math.max(page, text) + 0.05) / (Math.min(page, text) + 0.05);
                          return contrast < 4.5 ? `${span.closest('.row').dataset.line}: ${getComputedStyle(span).color} ${contrast.toFixed(2)}` : '';
                        }).filter(Boolean);
                        """).ShouldBeEmpty(theme);
                }
            }
        }
        finally
        {
            _browser.UseTheme("dark");
        }
    }

    /// <summary>Colours stay from line to line, wherever one begins to look.</summary>
    [Fact]
    public async Task Line_WhenColoursBeganFarBefore_HasThem()
    {
        var text = new StringBuilder("\u001b[48;2;10;20;30m");
        for (var i = 0; i < 5000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"line {i}\n");
        }

        await fixture.OpenWholeAsync(fixture.Finished(text.ToString()), "#L3333");
        await _browser.UntilAsync("document.querySelector('.row.chosen')");
        _browser.Run<string>("return getComputedStyle(document.querySelector('.row.chosen .text span')).backgroundColor").ShouldBe("rgb(10, 20, 30)");
        _browser.Text(".row.chosen .text").ShouldBe("line 3332");
    }

    [Fact]
    public async Task Log_WhenItIsAnAttack_IsText()
    {
        const string Attack = """
            <script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"><svg/onload=window.pwned=1>
            <a href="javascript:window.pwned=1">x</a><style>*{display:none}</style><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>
            &lt;b&gt;&#60;script&#62;</span></div></main><base href="https://example.org/"><meta http-equiv="refresh" content="0;url=/">
            """;
        var build = fixture.Finished($"{Attack}\n\u001b]8;;javascript:window.pwned=1\u001b\\here\u001b]8;;\u001b\\\n\u001b[38;2;1;2;3;}}*{{display:none}}mx\n", "x");
        await fixture.OpenWholeAsync(build);
        Lines()[..3].ShouldBe(Attack.Split('\n'));
        SearchFor("script");
        await _browser.UntilAsync("document.querySelector('mark.current')");
        _browser.Run<bool>("return window.pwned === undefined && document.querySelectorAll('#log script, #log img, #log svg, #log iframe, #log style').length === 0").ShouldBeTrue();
        _browser.Run<string>("return [...document.querySelectorAll('#log a')].map(a => a.getAttribute('href')).join()").ShouldBe("#L1,#L2,#L3,#L4,#L5");

        // Not in the address either.
        _browser.Open($"{fixture.Gateway.Url}logs.html?id={Uri.EscapeDataString("<img src=x onerror=window.pwned=1>")}&timestamp={Uri.EscapeDataString("\"><script>window.pwned=1</script>")}");
        await _browser.UntilAsync("!document.querySelector('#message').hidden");
        _browser.Run<bool>("return window.pwned === undefined && document.querySelectorAll('img, body script').length === 0").ShouldBeTrue();
    }

    [Fact]
    public async Task Log_WhileItGrows_IsFollowedUntilTheReaderScrollsUp()
    {
        var log = await fixture.LiveAsync();
        await log.WriteLinesAsync(0, 500);
        await fixture.OpenAsync(log.Build);
        await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Live'");
        await LastVisibleAsync("output 499");
        await log.WriteLinesAsync(500, 300);
        await LastVisibleAsync("output 799");
        Pressed("#follow").ShouldBeTrue();
        _browser.Element("#end").Displayed.ShouldBeFalse();

        _browser.Run("document.querySelector('#log').scrollTop -= 700");
        await _browser.UntilAsync("document.querySelector('#follow').getAttribute('aria-pressed') === 'false'");
        var place = _browser.Run<double>("return document.querySelector('#log').scrollTop");
        await log.WriteLinesAsync(800, 300);
        await _browser.UntilAsync("document.querySelector('#size').textContent.startsWith('1,101 lines')");
        _browser.Run<double>("return document.querySelector('#log').scrollTop").ShouldBe(place);

        _browser.Element("#end").Click();
        await LastVisibleAsync("output 1099");
        await log.WriteLinesAsync(1100, 10);
        await LastVisibleAsync("output 1109");

        _browser.Element("#follow").Click();
        Pressed("#follow").ShouldBeFalse();
        await log.WriteLinesAsync(1110, 100);
        await _browser.UntilAsync("document.querySelector('#size').textContent.startsWith('1,211 lines')");
        Pressed("#follow").ShouldBeFalse();
        // One movement only: a page is told of where it stands in each frame, and two may fall into one.
        _browser.Run("document.querySelector('#log').scrollTop = document.querySelector('#log').scrollHeight");
        await _browser.UntilAsync("document.querySelector('#follow').getAttribute('aria-pressed') === 'true'");
        await log.EndAsync();
        await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        await LastVisibleAsync("End.");
    }

    /// <summary>A progress bar is one line that changes, also while it is the last.</summary>
    [Fact]
    public async Task Log_WhileAProgressBarMoves_ShowsItsLastState()
    {
        var log = await fixture.LiveAsync();
        await log.WriteAsync("\u001b[32mget\u001b[0m 10%");
        await fixture.OpenAsync(log.Build);
        await LastVisibleAsync("get 10%");
        await log.WriteAsync("\rget 50%");
        await LastVisibleAsync("get 50%");
        await log.WriteAsync("\r\u001b[Kgot");
        await LastVisibleAsync("got");
        await log.EndAsync();
    }

    [Fact]
    public async Task Search_WhenTheLogIsLong_FindsAllOfIt()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 20_000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"line {i} {(i % 1000 == 7 ? "a \u001b[31mNee\u001b[0mdle, needle" : "hay")}\r\n");
        }

        await fixture.OpenWholeAsync(fixture.Finished(text.ToString()), "#L10000");
        SearchFor("needle");
        await CountAsync("21 of 40");
        CurrentMatch().ShouldBe("10008:Needle");
        _browser.Press(Keys.Enter);
        await CountAsync("22 of 40");
        CurrentMatch().ShouldBe("10008:needle");
        _browser.Press(Keys.Enter);
        await CountAsync("23 of 40");
        CurrentMatch().ShouldBe("11008:Needle");
        _browser.PressWithShift(Keys.Enter);
        await CountAsync("22 of 40");
        for (var i = 23; i <= 41; i++)
        {
            _browser.Element("#next").Click();
            await CountAsync(string.Create(CultureInfo.InvariantCulture, $"{(i - 1) % 40 + 1} of 40"));
        }

        CurrentMatch().ShouldBe("8:Needle");
        _browser.Element("#previous").Click();
        await CountAsync("40 of 40");
        CurrentMatch().ShouldBe("19008:needle");

        _browser.Element("#match-case").Click();
        await CountAsync("20 of 20");
        _browser.Element("#regex").Click();
        SearchFor("^line 1?[78]\\d\\d7 .*Nee");
        await CountAsync("1 of 4");
        CurrentMatch().ShouldBe("7008:line 7007 a Nee");
        SearchFor("(");
        await CountAsync("Not an expression");
        SearchFor("[");
        _browser.Element("#regex").Click();
        _browser.Element("#match-case").Click();
        await CountAsync("None");
        _browser.Press(Keys.Escape);
        await CountAsync("");
    }

    [Fact]
    public async Task Search_WhileTheLogGrows_GoesOn()
    {
        var log = await fixture.LiveAsync();
        await log.WriteLinesAsync(0, 100);
        await fixture.OpenAsync(log.Build);
        SearchFor("put 5");
        await CountAsync("1 of 11", "11 of 11", "11");
        await log.WriteLinesAsync(500, 100);
        await _browser.UntilAsync("document.querySelector('#search-count').textContent.endsWith('111')");
        await log.WriteAsync("put 5, unfinished");
        await _browser.UntilAsync("document.querySelector('#search-count').textContent.endsWith('112')");
        await log.WriteAsync("\rno more of it      \r\n");
        await _browser.UntilAsync("document.querySelector('#search-count').textContent.endsWith('111')");
        await log.EndAsync();
    }

    [Fact]
    public async Task Line_WhenItsNumberIsClicked_IsLinkedAndCopied()
    {
        var build = fixture.Finished(Numbered(5000), "a+b");
        await fixture.OpenWholeAsync(build, "#L4000-L4002");
        await _browser.UntilAsync("document.querySelectorAll('.row.chosen').length === 3");
        Visible().ShouldContain("line 4000");
        Pressed("#follow").ShouldBeFalse();
        _browser.Run<string>("return getSelection().toString()").ShouldBe("");

        _browser.Command("Browser.grantPermissions", new() { ["permissions"] = new[] { "clipboardReadWrite", "clipboardSanitizedWrite" } });
        _browser.Element("#copy-lines").Click();
        await _browser.UntilAsync("document.querySelector('#copy-lines').textContent === 'Copied'");
        _browser.RunAsync<string>("return await navigator.clipboard.readText()").ShouldBe("line 4000\nline 4001\nline 4002");

        _browser.Element("a[href='#L4003']").Click();
        _browser.Run<string>("return location.hash").ShouldBe("#L4003");
        _browser.ClickWithShift("a[href='#L4001']");
        _browser.Run<string>("return location.hash").ShouldBe("#L4001-L4003");
        _browser.Element("#copy-link").Click();
        await _browser.UntilAsync("document.querySelector('#copy-link').textContent === 'Copied'");
        var link = _browser.RunAsync<string>("return await navigator.clipboard.readText()");
        link.ShouldBe(fixture.AddressOf(build, "#L4001-L4003"));

        _browser.Run("location.hash = '#L17'");
        await _browser.UntilAsync("document.querySelector('.row.chosen a')?.textContent === '17'");
        Visible().ShouldContain("line 17");
        _browser.Press(Keys.Escape);
        _browser.Run<string>("return location.hash").ShouldBe("");

        _browser.Open("about:blank");
        _browser.Open(fixture.AddressOf(build, "#L99999"));
        await LastVisibleAsync("line 5000");
    }

    [Fact]
    public async Task Download_WhenClicked_HasTheLogAsItIs()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = [.. "\u001b[31mred\u001b[0m\r\n"u8, 0xff, 0x00, .. "<b>\r"u8];
        var build = fixture.Finished(bytes, "gtk+2@x");
        await fixture.OpenWholeAsync(build);
        _browser.Command("Browser.setDownloadBehavior", new() { ["behavior"] = "allow", ["downloadPath"] = folder.Path });
        _browser.Element("#download").Click();
        var file = Path.Combine(folder.Path, string.Create(CultureInfo.InvariantCulture, $"gtk+2@x-{build.Timestamp}.log"));
        await Until.TrueAsync(() => File.Exists(file) && new FileInfo(file).Length == bytes.Length, $"the download of {file}");
        (await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)).ShouldBe(bytes);
    }

    /// <summary>The manual's address, the same without a time, and both in a folder of a proxy.</summary>
    [Fact]
    public async Task Address_InTheManualsForms_ShowsTheLog()
    {
        fixture.Finished("older\n", "queried");
        var build = fixture.Finished("newer\n", "queried");
        await using var proxy = await PrefixProxy.StartAsync(fixture.Gateway.Url);
        var direct = fixture.Gateway.Url.ToString();
        var manual = $"timestamp={build.Timestamp}&id=queried";
        foreach (var (server, query) in new[]
        {
            (direct, manual), (direct, $"id=queried&timestamp={build.Timestamp}"), (direct, "id=queried"),
            ($"{direct}logs/", manual), ($"{proxy.Url}farm/caur/", "id=queried"), ($"{proxy.Url}farm/caur/logs/", manual),
        })
        {
            _browser.Open($"{server}logs.html?{query}");
            await LastVisibleAsync("newer");
            _browser.Run<string>("return location.href").ShouldBe($"{server}logs.html?{(query == "id=queried" ? manual : query)}");
            _browser.Run<string[]>("return performance.getEntriesByType('resource').map(entry => entry.name)")
                .ShouldAllBe(name => name.StartsWith(server, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Page_OnAPhone_FitsAndCanBeTouched()
    {
        var build = fixture.Finished(string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i} {new string('x', i)}\r\n")), "a-package-with-a-rather-long-name-of-its-own");
        fixture.Finished("other\n", build.Pkgbase);
        try
        {
            foreach (var (width, height) in new[] { (390, 844), (320, 568) })
            {
                _browser.Command("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 2, ["mobile"] = true });
                await fixture.OpenWholeAsync(build, "#L100-L103");
                await _browser.UntilAsync("!document.querySelector('#builds').hidden && document.querySelector('.row.chosen')");
                Pressed("#wrap").ShouldBeTrue();
                _browser.Run<int>("return document.documentElement.scrollWidth").ShouldBe(width);
                _browser.Run<int>("return innerWidth").ShouldBe(width);
                _browser.Run<bool>("const log = document.querySelector('#log'); return log.scrollWidth <= log.clientWidth").ShouldBeTrue("lines are wrapped");
                _browser.Run<string[]>("""
                    return [...document.querySelectorAll('button, .button, input, .home')]
                      .filter(control => control.checkVisibility())
                      .map(control => ({ control, box: control.getBoundingClientRect() }))
                      .filter(({ box }) => box.width < 44 || box.height < 44 || box.left < 0 || box.right > innerWidth)
                      .map(({ control, box }) => `${control.id || control.className}: ${box.width} x ${box.height} at ${box.left}`);
                    """).ShouldBeEmpty();
                _browser.Run<double>("return document.querySelector('#log').getBoundingClientRect().height / innerHeight").ShouldBeGreaterThan(0.4);
            }
        }
        finally
        {
            _browser.Command("Emulation.clearDeviceMetricsOverride", []);
        }
    }

    [Fact]
    public async Task Keyboard_EveryKeyThatIsListed_DoesWhatItSays()
    {
        await fixture.OpenWholeAsync(fixture.Finished(Numbered(1000)));
        _browser.Press("?");
        _browser.Element("#help").Displayed.ShouldBeTrue();
        _browser.Press(Keys.Escape);
        _browser.Element("#help").Displayed.ShouldBeFalse();
        _browser.Press("g");
        await _browser.UntilAsync("document.querySelector('#log').scrollTop === 0");
        _browser.Press("jjj" + Keys.ArrowDown + "k");
        await _browser.UntilAsync("document.querySelector('#log').scrollTop === 3 * document.querySelector('.row').offsetHeight");
        _browser.Press(" " + Keys.PageDown);
        await _browser.UntilAsync("document.querySelector('#log').scrollTop > 1.5 * document.querySelector('#log').clientHeight");
        _browser.Press("G");
        await LastVisibleAsync("line 1000");
        _browser.Press("glJJ");
        await _browser.UntilAsync("location.hash === '#L3'");
        _browser.Press("KL");
        await _browser.UntilAsync("location.hash === '#L1-L2'");
        _browser.Press(Keys.Escape + "G");
        await _browser.UntilAsync("location.hash === ''");
        await LastVisibleAsync("line 1000");
        _browser.Press("f");
        Pressed("#follow").ShouldBeFalse();
        _browser.Press("w");
        Pressed("#wrap").ShouldBeTrue();
        _browser.Press("w");
        Pressed("#wrap").ShouldBeFalse();
        _browser.Press("/" + "line 5" + Keys.Enter);
        await _browser.UntilAsync("document.querySelector('mark.current')");
        _browser.Press(Keys.Escape + "g" + Keys.Tab);

        // Whatever has the focus shows it.
        var seen = new HashSet<string>();
        for (var i = 0; i < 25; i++)
        {
            var (name, outline) = (_browser.Run<string>("return document.activeElement.id"), _browser.Run<string>("return getComputedStyle(document.activeElement).outlineStyle"));
            if (name.Length > 0)
            {
                outline.ShouldNotBe("none", name);
                seen.Add(name);
            }

            _browser.Press(Keys.Tab);
        }

        seen.IsSupersetOf(["search-text", "match-case", "regex", "wrap", "follow", "download", "keys", "log"]).ShouldBeTrue(string.Join(' ', seen));
        _browser.Run<string[]>("return [...document.querySelectorAll('button, input, a, [role=region]')].filter(e => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)")
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Connection_WhenItIsCut_GoesOnWithoutGapOrRepetition()
    {
        var log = await fixture.LiveAsync();
        await log.WriteLinesAsync(0, 3000);
        await using var door = new TcpDoor();
        door.Open(fixture.Gateway.Url);
        await fixture.OpenAsync(log.Build, server: door.Url);
        await LastVisibleAsync("output 2999");
        for (var round = 1; round <= 2; round++)
        {
            door.Cut();
            await _browser.UntilAsync("/lost\\. Trying again in \\d+ s/.test(document.querySelector('#connection').textContent)");
            _browser.Element("#retry").Displayed.ShouldBeTrue();
            await log.WriteLinesAsync(3000 * round, 3000);
            door.Open(fixture.Gateway.Url);
            _browser.Run("document.querySelector('#retry').click()");
            await LastVisibleAsync($"output {3000 * (round + 1) - 1}");
            await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Live'");
        }

        await log.EndAsync();
        await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        _browser.Text("#size").ShouldStartWith("9,002 lines");
        _browser.Complaints();
    }

    [Fact]
    public async Task Page_WhenThereIsNoSuchLog_SaysSoAndNamesTheOthers()
    {
        var build = fixture.Finished("there\n", "known");
        _browser.Open($"{fixture.Gateway.Url}logs.html?id=known&timestamp=5");
        await _browser.UntilAsync("document.querySelector('#message a')");
        _browser.Text("#message").ShouldContain("There is no log of known with the time 5.");
        _browser.Element("#message ul a").Click();
        await LastVisibleAsync("there");
        _browser.Run<string>("return location.search").ShouldBe($"?timestamp={build.Timestamp}&id=known");

        _browser.Open($"{fixture.Gateway.Url}logs.html?id=unknown");
        await _browser.UntilAsync("document.querySelector('#message').textContent.includes('There is no log of unknown.')");
        _browser.Open($"{fixture.Gateway.Url}logs.html?id=..%2Fx&timestamp=x");
        await _browser.UntilAsync("document.querySelector('#message').textContent.includes('Invalid build id or timestamp')");
        _browser.Open($"{fixture.Gateway.Url}logs.html");
        await _browser.UntilAsync("document.querySelector('#message form')");
        _browser.Element("#message input").SendKeys("known" + Keys.Enter);
        await LastVisibleAsync("there");
    }

    /// <summary>Where reading is restricted the pages come without a token, ask for one, and present it with everything that they ask for.</summary>
    [Fact]
    public async Task Pages_WhereReadingIsPrivate_AskForATokenAndPresentIt()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await LogGateway.StartAsync(folder.Path, Reading.Private);
        var token = await gateway.TokenAsync(TokenRole.Reader);
        var file = gateway.FileOf(fixture.NewBuild("secret"), finished: true);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "what only readers see\n", TestContext.Current.CancellationToken);

        _browser.Open($"{gateway.Url}logs.html?id=secret");
        await _browser.UntilAsync("document.querySelector('#access')");
        _browser.Text("#message").ShouldContain("only those read who have a token");
        _browser.Element("#access input").SendKeys("\u201ccaur_wrong\u200b\u201d" + Keys.Enter);
        await _browser.UntilAsync("document.querySelector('#message')?.textContent.includes('does not take this token')");
        _browser.Text("body").ShouldNotContain("what only readers see");
        _browser.Element("#access input").SendKeys(token + Keys.Enter);
        await LastVisibleAsync("what only readers see");
        await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        _browser.RunAsync<string>("""
            const made = URL.createObjectURL;
            const saved = new Promise(resolve => { URL.createObjectURL = blob => { resolve(blob.text()); return made.call(URL, blob); }; });
            document.querySelector('#download').click();
            return await saved;
            """).ShouldBe("what only readers see\n");

        // The same tab knows it on the farm's other page, and no cookie or lasting storage has it.
        _browser.Open(gateway.Url.ToString());
        await _browser.UntilAsync("document.querySelector('#active .none')");
        _browser.Run<bool>("return document.querySelector('#door').hidden").ShouldBeTrue();
        _browser.Run<string>("return document.cookie + JSON.stringify(localStorage)").ShouldNotContain("caur_");
        _browser.Run("sessionStorage.clear()");
        _browser.Open(gateway.Url.ToString());
        await _browser.UntilAsync("document.querySelector('#door #access')");

        // Which the browser says of each answer with 401.
        _browser.Complaints();
    }

    [Fact]
    public async Task Search_WhenTheExpressionRunsAway_IsStoppedAndTheLogIsReadAgain()
    {
        await fixture.OpenWholeAsync(fixture.Finished($"first\n{new string('a', 40)}b\nlast\n"));
        _browser.Element("#regex").Click();
        _browser.Element("#search-text").SendKeys("(a+)+$");
        await _browser.UntilAsync("document.querySelector('#search-count').textContent.includes('takes too long') || document.body.textContent.includes('This expression takes too long.')");
        await LastVisibleAsync("last");
        _browser.Element("#search-text").Clear();
        _browser.Element("#search-text").SendKeys("las");
        await _browser.UntilAsync("document.querySelector('#search-count').textContent.includes('1')");
    }

    /// <summary>The limit is that of the module itself; a stream that says it has so many bytes stands for a gibibyte.</summary>
    [Fact]
    public async Task Log_WhenItIsLargerThanAPageCanHold_StopsThere()
    {
        await fixture.OpenWholeAsync(fixture.Finished("x\n"));
        _browser.RunAsync<string>("""
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

    [Fact]
    public async Task Page_WhenLessMotionIsWanted_MovesNothing()
    {
        var log = await fixture.LiveAsync("still");
        await fixture.OpenAsync(log.Build);
        const string Moving = "[...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).filter(rule => rule.cssText.includes('animation') || rule.cssText.includes('transition') || rule.cssText.includes('scroll-behavior: smooth'))";
        try
        {
            foreach (var (wanted, moves) in new[] { ("no-preference", true), ("reduce", false) })
            {
                _browser.Command("Emulation.setEmulatedMedia", new() { ["features"] = new object[] { new Dictionary<string, object> { ["name"] = "prefers-reduced-motion", ["value"] = wanted } } });
                _browser.Run<bool>("""
                    const badge = document.body.appendChild(Object.assign(document.createElement('span'), { className: 'badge' }));
                    badge.dataset.kind = 'busy';
                    const moves = getComputedStyle(badge, '::before').animationName !== 'none';
                    badge.remove();
                    return moves;
                    """).ShouldBe(moves, wanted);
            }

            _browser.Run<bool>($"return {Moving}.every(rule => rule.cssText.includes('prefers-reduced-motion'))").ShouldBeTrue("all motion is behind the preference");
        }
        finally
        {
            _browser.Command("Emulation.setEmulatedMedia", new() { ["features"] = Array.Empty<object>() });
            _browser.UseTheme("dark");
        }
    }

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
                _browser.UseTheme(theme);
                _browser.Command("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 2, ["mobile"] = width < 500 });
                _browser.Open(hub.Url.ToString());
                await _browser.UntilAsync("document.querySelector('#active a') && document.querySelectorAll('#waiting a').length === 2");
                _browser.Run<string>("return document.querySelector('#active a').getAttribute('href')").ShouldBe($"logs.html?timestamp={queued[0].Timestamp}&id=first");
                _browser.Text("#active").ShouldContain("on tester/0");
                _browser.Text("#waiting").ShouldContain("first");
                _browser.Run<int>("return [...document.querySelectorAll('#waiting .why')].filter(why => why.textContent.length > 10).length").ShouldBe(2);
                _browser.Text("#waiting .why").ShouldContain("waits for first");
                _browser.Text("#builders").ShouldContain("tester/0 1 of 1 busy");
                (_browser.Text("#active-count"), _browser.Text("#waiting-count")).ShouldBe(("1", "2"));
                _browser.Run<int>("return document.documentElement.scrollWidth").ShouldBeLessThanOrEqualTo(width);
                _browser.Run<int>("return [...document.querySelectorAll('.cards a')].filter(link => link.getBoundingClientRect().height < 44).length").ShouldBe(0);
                if (Environment.GetEnvironmentVariable("CAUR_TEST_PICTURES") is { Length: > 0 } pictures)
                {
                    _browser.SavePicture(Path.Combine(pictures, $"index-{width}.png"));
                }
            }

            await hub.Queue().PauseAsync(true);
            await _browser.UntilAsync("!document.querySelector('#paused').hidden");
            _browser.Element("#active a").Click();
            await _browser.UntilAsync("document.querySelector('.row')");
            _browser.Text("#lines").ShouldContain("Added to build queue");
        }
        finally
        {
            _browser.Command("Emulation.clearDeviceMetricsOverride", []);
            _browser.UseTheme("dark");
        }
    }

    [Fact]
    public async Task State_WhenTheBuildHasNotBegunOrHasFailed_IsShownWithItsReason()
    {
        var request = Grains.Farm.Request("waits") with { Package = fixture.NewBuild("waits").Package };
        var queued = await fixture.Gateway.Grains.GetGrain<IBuildQueueGrain>("x86_64").EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [request] });
        _browser.Open(fixture.Gateway.Url.ToString());
        await _browser.UntilAsync("[...document.querySelectorAll('#waiting a b')].some(name => name.textContent === 'waits')");
        _browser.Element("#waiting a").Click();
        await _browser.UntilAsync("document.querySelector('#state')?.textContent === 'Waiting' && document.querySelector('.row')");
        _browser.Run<string>("return location.search").ShouldBe($"?timestamp={queued[0].Build.Timestamp}&id=waits");
        Lines().ShouldHaveSingleItem().ShouldEndWith("Waiting for builder...");
        _browser.Text("#reason").ShouldNotBeEmpty();

        await fixture.Gateway.Grains.GetGrain<IBuildQueueGrain>("x86_64").CancelAsync(queued[0].Build, "not wanted any more");
        await _browser.UntilAsync("document.querySelector('#state').textContent === 'Cancelled'");
        _browser.Text("#reason").ShouldContain("not wanted any more");
        await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        _browser.Run<string>("return document.title").ShouldBe("Cancelled: waits");

        var other = fixture.Finished("another\n", "waits");
        _browser.Press("b");
        await _browser.UntilAsync("document.querySelectorAll('#build-list a').length === 2 || (document.querySelector('#builds').open = true) && false");
        _browser.Run<string[]>("return [...document.querySelectorAll('#build-list a')].map(a => a.getAttribute('href'))")
            .ShouldContain($"logs.html?timestamp={other.Timestamp}&id=waits");
    }

    [Fact]
    public async Task Line_WhenItIsTenMegabytesLong_IsShownInPiecesAndSearched()
    {
        var bytes = new byte[10_000_000];
        Array.Fill(bytes, (byte)'x');
        "needle"u8.CopyTo(bytes.AsSpan(8_765_432));
        await fixture.OpenWholeAsync(fixture.Finished([.. "first\n"u8, .. bytes, .. "\nlast\n"u8]));
        await LastVisibleAsync("last");
        SearchFor("needle");
        await CountAsync("1 of 1");
        CurrentMatch().ShouldBe("2:needle");
        _browser.Run<double>("return document.querySelector('mark').getBoundingClientRect().left").ShouldBeInRange(0, 1200);
        _browser.Run<int>("return document.querySelectorAll('*').length").ShouldBeLessThan(1500);
        _browser.Press(Keys.Escape + "w");
        await _browser.UntilAsync("document.querySelector('#log').scrollWidth <= document.querySelector('#log').clientWidth");
        _browser.Press("Gw");
        await LastVisibleAsync("last");
    }

    /// <summary>The rows and lines found by reading from a checkpoint are those of reading everything, however the bytes came.</summary>
    [Fact]
    public async Task Lines_HoweverTheBytesCome_AreTheSame()
    {
        await fixture.OpenWholeAsync(fixture.Finished("x\n"));
        _browser.RunAsync<string>("""
            const folder = document.querySelector('script').src.replace(/[^/]*$/, '');
            const [{ Bytes }, { Lines }, { cellsToText }] = await Promise.all(['bytes.js', 'lines.js', 'text.js'].map(name => import(folder + name)));
            const pieces = ['a', 'word ', '\n', '\r\n', '\r', '\t', '\b', '\x1b[31m', '\x1b[0;1m', '\x1b[K', '\x1b[5D', '\x1b[9C', 'é', '日本', '🎉', 'x'.repeat(300), 'y'.repeat(70_000), '\n\n\n'];
            let seed = 42;
            const random = below => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
            for (let round = 0; round < 12; round++) {
              let text = '';
              for (let i = random(400); i >= 0; i--) {
                const piece = pieces[random(pieces.length)];
                text += piece.length > 1000 && random(20) > 0 ? '\n' : piece;
              }
              const all = new TextEncoder().encode(text);
              const columns = [7, 80, 2048][round % 3];
              const made = [all.length, 1 + random(50), 1 + random(5000)].map(size => {
                const bytes = new Bytes();
                const lines = new Lines(bytes, columns);
                for (let at = 0; at < all.length; at += size) {
                  bytes.append(all.subarray(at, at + size));
                  while (!lines.scan(1 + random(100_000)));
                }
                return lines;
              });
              const show = (lines, from, to) => {
                const rows = [];
                lines.paint(from, to, (line, row, canvas, start, end, width) => {
                  const { text, starts } = cellsToText(canvas, start, end);
                  const at = cell => starts === null ? cell - start : starts[cell - start];
                  for (let part = Math.max(0, from - row); part < Math.max(1, Math.ceil(width / columns)) && row + part < to; part++) {
                    const first = Math.max(start, part * columns);
                    const last = Math.min(part * columns + columns, end);
                    let looks = '';
                    for (let cell = first; cell < last; cell++) {
                      if (cell === first || canvas.styleOf(cell) !== canvas.styleOf(cell - 1)) {
                        looks += `${cell}: ${canvas.palette.slice(3 * canvas.styleOf(cell), 3 * canvas.styleOf(cell) + 3)}; `;
                      }
                    }
                    rows.push(`${line}/${row + part}: ${text.slice(at(first), at(last))} ${looks}`);
                  }
                });
                return rows;
              };
              const whole = show(made[0], 0, made[0].rowCount);
              if (whole.length !== made[0].rowCount) throw new Error(`round ${round}: ${whole.length} rows of ${made[0].rowCount}`);
              for (const lines of made) {
                if (lines.rowCount !== made[0].rowCount || lines.lineCount !== made[0].lineCount) throw new Error(`round ${round}: counts`);
                for (let i = 0; i < 12; i++) {
                  const from = random(lines.rowCount + 1);
                  const to = Math.min(lines.rowCount, from + random(20));
                  if (show(lines, from, to).join('\n') !== whole.slice(from, to).join('\n')) throw new Error(`round ${round}: rows ${from} to ${to}`);
                  if (from < lines.rows && lines.rowOf(lines.lineAt(from)) > from) throw new Error(`round ${round}: line of row ${from}`);
                }
              }
            }
            return 'the same';
            """).ShouldBe("the same");
    }

    private static string Numbered(int count) =>
        string.Concat(Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"line {number}\r\n")));

    /// <summary>The rows that are drawn, in their order.</summary>
    private string[] Lines() => _browser.Run<string[]>("""
        return [...document.querySelectorAll('.row')].sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top)).map(row => row.querySelector('.text').textContent)
        """);

    private string[] Visible() => _browser.Run<string[]>("""
        const log = document.querySelector('#log').getBoundingClientRect();
        return [...document.querySelectorAll('.row')].filter(row => {
          const box = row.getBoundingClientRect();
          return box.top >= log.top - 1 && box.bottom <= log.bottom + 1;
        }).map(row => row.querySelector('.text').textContent);
        """);

    private Task LastVisibleAsync(string text) => Until.TrueAsync(() => Visible().Contains(text), $"'{text}' on the screen");

    private bool Pressed(string selector) => _browser.Run<string>("return document.querySelector(arguments[0]).getAttribute('aria-pressed')", selector) == "true";

    private void SearchFor(string text) => _browser.Run(
        "const field = document.querySelector('#search-text'); field.focus(); field.value = arguments[0]; field.dispatchEvent(new Event('input'))", text);

    private Task CountAsync(params string[] any) => Until.TrueAsync(
        () => any.Contains(_browser.Text("#search-count")) && (!any[0].Contains("of", StringComparison.Ordinal) || _browser.Run<bool>("return document.querySelector('mark.current') !== null")),
        string.Join(" or ", any));

    private string CurrentMatch() => _browser.Run<string>(
        "const mark = document.querySelector('mark.current'); return `${Number(mark.dataset.line) + 1}:${mark.closest('.text').textContent.length > 0 ? [...document.querySelectorAll('mark.current')].map(piece => piece.textContent).join('') : ''}`");
}
