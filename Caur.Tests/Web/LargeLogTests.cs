using System.Diagnostics;
using System.Globalization;
using System.Text;
using Caur.Contracts.Ids;

namespace Caur.Tests.Web;

/// <summary>The log viewer with 100 MB. The figures are written out; the limits are generous, because the machine may have more to do.</summary>
public sealed class LargeLogTests(ViewerFixture fixture, ITestOutputHelper output) : IClassFixture<ViewerFixture>
{
    private const int Size = 100_000_000;

    /// <summary>Notes each frame and each task that kept the page's thread for more than 50 ms.</summary>
    private const string Meter = """
        window.meter = { frames: [], tasks: [] };
        let before = 0;
        requestAnimationFrame(function frame(now) {
          if (before > 0) meter.frames.push(now - before);
          before = now;
          requestAnimationFrame(frame);
        });
        new PerformanceObserver(list => list.getEntries().forEach(entry => meter.tasks.push(entry.duration))).observe({ type: 'longtask', buffered: true });
        """;

    private readonly Browser _browser = fixture.Browser;

    [Fact]
    public async Task Log_WhenItHasHundredMegabytes_StaysSmoothAndSmall()
    {
        var (build, lines) = Write();
        _browser.Open("about:blank");
        _browser.Command("Page.addScriptToEvaluateOnNewDocument", new() { ["source"] = Meter });
        var clock = Stopwatch.StartNew();
        await fixture.OpenAsync(build);
        var first = _browser.Run<string>("return document.querySelector('#size').textContent");
        await _browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        _browser.Text("#size").ShouldStartWith(string.Create(CultureInfo.InvariantCulture, $"{lines:N0} lines, "));
        Note($"Read in {clock.ElapsedMilliseconds} ms; the first rows were there with {first}");

        clock.Restart();
        var waited = _browser.RunAsync<double>("""
            const log = document.querySelector('#log');
            const frame = () => new Promise(requestAnimationFrame);
            meter.frames = [];
            meter.tasks = [];
            let worst = 0;
            let seed = 7;
            for (let i = 0; i < 30; i++) {
              seed = (seed * 1103515245 + 12345) % 2147483648;
              log.scrollTop = seed / 2147483648 * log.scrollHeight;
              const start = performance.now();
              for (let full = false; !full;) {
                await frame();
                const { top, bottom } = log.getBoundingClientRect();
                const shown = [...document.querySelectorAll('.row')].map(row => row.getBoundingClientRect()).filter(box => box.bottom > top && box.top < top + log.clientHeight);
                full = shown.length >= log.clientHeight / shown[0]?.height - 1;
                if (performance.now() - start > 20_000) throw new Error('nothing is shown');
              }
              worst = Math.max(worst, performance.now() - start);
            }
            for (let i = 0; i < 60; i++) {
              log.scrollTop += 40;
              await frame();
            }
            return worst;
            """);
        Note($"Thirty jumps and sixty steps in {clock.ElapsedMilliseconds} ms; a jump was shown after at most {waited:F0} ms");
        waited.ShouldBeLessThan(5000);

        clock.Restart();
        _browser.Run("const field = document.querySelector('#search-text'); field.value = 'needle'; field.dispatchEvent(new Event('input')); document.querySelector('#log').scrollTop = 0");
        await _browser.UntilAsync("document.querySelector('#search-count').textContent === '1 of 2'");
        await _browser.UntilAsync("document.querySelector('mark.current')");
        Note($"Searched in {clock.ElapsedMilliseconds} ms");
        _browser.Text(".row:has(mark.current) .number").ShouldBe(string.Create(CultureInfo.InvariantCulture, $"{lines - 1}"));

        // The nodes of the rows that are seen and a few more, and of memory the log, an index and what any page takes.
        _browser.Run<int>("return document.querySelectorAll('*').length").ShouldBeLessThan(1500);
        var memory = LargestRenderer();
        Note($"The page's process has {memory >> 20} MiB");
        memory.ShouldBeLessThan(Size * 6L);
    }

    private (BuildId Build, int Lines) Write()
    {
        var random = new Random(5);
        var page = new StringBuilder();
        var count = 0;
        for (; page.Length < 1_000_000; count++)
        {
            page.Append(CultureInfo.InvariantCulture, $"\u001b[3{count % 8}m[{count % 100,3}%]\u001b[0m Building {random.NextInt64():x} {new string('-', random.Next(120))}.o\r\n");
        }

        var bytes = Encoding.UTF8.GetBytes(page.ToString());
        var log = new MemoryStream(Size + 1000);
        var lines = 0;
        while (log.Length < Size - bytes.Length)
        {
            log.Write(bytes);
            lines += count;
        }

        log.Write("a needle\r\nneedle, the end\r\n"u8);
        return (fixture.Finished(log.GetBuffer().AsSpan(0, (int)log.Length), "large"), lines + 2);
    }

    private void Note(string what)
    {
        var (frames, tasks) = (_browser.Run<double[]>("return meter.frames"), _browser.Run<double[]>("return meter.tasks"));
        _browser.Run("meter.frames = []; meter.tasks = []");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}; {frames.Length} frames, the longest {frames.DefaultIfEmpty().Max():F0} ms; {tasks.Length} tasks over 50 ms, the longest {tasks.DefaultIfEmpty().Max():F0} ms"));
        tasks.DefaultIfEmpty().Max().ShouldBeLessThan(1000);
    }

    /// <summary>The resident memory of the largest of this machine's pages, in bytes.</summary>
    private static long LargestRenderer() => Process.GetProcesses().Max(process =>
    {
        using (process)
        {
            try
            {
                return File.ReadAllText($"/proc/{process.Id}/cmdline").Contains("--type=renderer", StringComparison.Ordinal) ? process.WorkingSet64 : 0;
            }
            catch (IOException)
            {
                // It ended meanwhile.
                return 0;
            }
        }
    });
}
