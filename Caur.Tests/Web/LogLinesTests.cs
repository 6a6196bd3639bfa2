using System.Globalization;
using System.Text;
using Caur.Tests.Logs;
using OpenQA.Selenium;

namespace Caur.Tests.Web;

/// <summary>How lines look.</summary>
public sealed class LogLinesTests(ViewerFixture fixture) : ViewerTests(fixture)
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

    [Fact]
    public async Task Line_WhateverTheProgramSends_LooksLikeInATerminal()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished(string.Concat(Sequences.Select(sequence => $"{sequence.Sent}\r\n"))));
        await Until.HoldsAsync(() => Lines().ShouldBe(Sequences.Select(sequence => sequence.Shown)));
    }

    [Fact]
    public async Task Line_WhenItIsNoUtf8_ShowsWhatCanBeRead()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished([.. "a"u8, 0xff, .. "b"u8, 0xc3, .. "("u8, 0xe2, 0x82, .. "c"u8, 0xc0, 0xaf, 0xed, 0xa0, 0x80, .. "d\n"u8]));
        await Until.HoldsAsync(() => Lines().ShouldBe([Encoding.UTF8.GetString([.. "a"u8, 0xff, .. "b"u8, 0xc3, .. "("u8, 0xe2, 0x82, .. "c"u8, 0xc0, 0xaf, 0xed, 0xa0, 0x80, .. "d"u8])]));
    }

    [Fact]
    public async Task Line_WhenItHasColours_ShowsThem()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished(string.Concat(Looks.Select(look => $"{look.Sent}\u001b[0m\r\n"))));
        var shown = Browser.Run<string[][]>("""
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
        await Fixture.OpenWholeAsync(Fixture.Finished(string.Concat(Enumerable.Range(0, 256).Select(colour => $"\u001b[38;5;{colour}mx\n")) + "\u001b[38;2;0;0;0mx\n\u001b[38;2;255;255;255mx\n"));
        try
        {
            foreach (var theme in new[] { "dark", "light" })
            {
                Browser.UseTheme(theme);
                for (var line = 1; line <= 258; line += 30)
                {
                    Browser.Run("location.hash = arguments[0]", $"#L{line}");
                    await Browser.UntilAsync($"document.querySelector('.row.chosen a')?.textContent === '{line}'");
                    Browser.Run<string[]>("""
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
            Browser.UseTheme("dark");
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

        await Fixture.OpenWholeAsync(Fixture.Finished(text.ToString()), "#L3333");
        await Browser.UntilAsync("document.querySelector('.row.chosen')");
        await Until.HoldsAsync(() => Browser.Run<string>("return getComputedStyle(document.querySelector('.row.chosen .text span')).backgroundColor").ShouldBe("rgb(10, 20, 30)"));
        await Until.HoldsAsync(() => Browser.Text(".row.chosen .text").ShouldBe("line 3332"));
    }

    [Fact]
    public async Task Line_WhenItIsTenMegabytesLong_IsShownInPiecesAndSearched()
    {
        var bytes = new byte[10_000_000];
        Array.Fill(bytes, (byte)'x');
        "needle"u8.CopyTo(bytes.AsSpan(8_765_432));
        await Fixture.OpenWholeAsync(Fixture.Finished([.. "first\n"u8, .. bytes, .. "\nlast\n"u8]));
        await LastVisibleAsync("last");
        SearchFor("needle");
        await CountAsync("1 of 1");
        await CurrentMatchAsync("2:needle");
        await Until.HoldsAsync(() => Browser.Run<double>("return document.querySelector('mark').getBoundingClientRect().left").ShouldBeInRange(0, 1200));
        Browser.Run<int>("return document.querySelectorAll('*').length").ShouldBeLessThan(1500);
        Browser.Press(Keys.Escape + "w");
        await Browser.UntilAsync("document.querySelector('#log').scrollWidth <= document.querySelector('#log').clientWidth");
        Browser.Press("Gw");
        await LastVisibleAsync("last");
    }

    /// <summary>The rows and lines found by reading from a checkpoint are those of reading everything, however the bytes came.</summary>
    [Fact]
    public async Task Lines_HoweverTheBytesCome_AreTheSame()
    {
        await Fixture.OpenWholeAsync(Fixture.Finished("x\n"));
        Browser.RunAsync<string>("""
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

    [Fact]
    public async Task Log_WhenItIsAnAttack_IsText()
    {
        const string Attack = """
            <script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"><svg/onload=window.pwned=1>
            <a href="javascript:window.pwned=1">x</a><style>*{display:none}</style><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>
            &lt;b&gt;&#60;script&#62;</span></div></main><base href="https://example.org/"><meta http-equiv="refresh" content="0;url=/">
            """;
        var build = Fixture.Finished($"{Attack}\n\u001b]8;;javascript:window.pwned=1\u001b\\here\u001b]8;;\u001b\\\n\u001b[38;2;1;2;3;}}*{{display:none}}mx\n", "x");
        await Fixture.OpenWholeAsync(build);
        await Until.HoldsAsync(() => Lines()[..3].ShouldBe(Attack.Split('\n')));
        SearchFor("script");
        await Browser.UntilAsync("document.querySelector('mark.current')");
        Browser.Run<bool>("return window.pwned === undefined && document.querySelectorAll('#log script, #log img, #log svg, #log iframe, #log style').length === 0").ShouldBeTrue();
        await Until.HoldsAsync(() => Browser.Run<string>("return [...document.querySelectorAll('#log a')].map(a => a.getAttribute('href')).join()").ShouldBe("#L1,#L2,#L3,#L4,#L5"));

        // Not in the address either.
        Browser.Open($"{Fixture.Gateway.Url}logs.html?id={Uri.EscapeDataString("<img src=x onerror=window.pwned=1>")}&timestamp={Uri.EscapeDataString("\"><script>window.pwned=1</script>")}");
        await Browser.UntilAsync("!document.querySelector('#message').hidden");
        Browser.Run<bool>("return window.pwned === undefined && document.querySelectorAll('img, body script').length === 0").ShouldBeTrue();
    }
}
