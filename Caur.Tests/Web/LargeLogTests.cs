using System.Diagnostics;
using System.Globalization;
using System.Text;
using Caur.Contracts.Ids;
using Caur.Tests.Logs;

namespace Caur.Tests.Web;

/// <summary>The log viewer with 100 MB. What is bounded is work that no other work on the machine changes: rows that the page's thread is given
/// and draws, its own time on the processor, memory. How long it took is written out.</summary>
public sealed class LargeLogTests(ViewerFixture fixture, ITestOutputHelper output) : ViewerTests(fixture)
{
    private const int Size = 100_000_000;
    private const int Jumps = 30;
    private const int Steps = 60;

    /// <summary>Notes each frame, each task that kept the page's thread for more than 50 ms, and how many rows each message to it has.</summary>
    private const string Meter = """
        window.meter = { frames: [], tasks: [], rows: [] };
        window.Worker = class extends Worker {
          constructor(...given) {
            super(...given);
            this.addEventListener('message', ({ data }) => {
              const rows = [data.rows, data.tail, data.news?.tail].filter(Array.isArray).reduce((sum, list) => sum + list.length, 0);
              if (rows > 0) meter.rows.push(rows);
            });
          }
        };
        let before = 0;
        requestAnimationFrame(function frame(now) {
          if (before > 0) meter.frames.push(now - before);
          before = now;
          requestAnimationFrame(frame);
        });
        new PerformanceObserver(list => list.getEntries().forEach(entry => meter.tasks.push(entry.duration))).observe({ type: 'longtask', buffered: true });
        """;

    private double _busy;

    [Fact]
    public async Task Log_WhenItHasHundredMegabytes_StaysSmoothAndSmall()
    {
        var (build, lines) = Write();
        Browser.Open("about:blank");
        Browser.Command("Performance.disable", []);
        Browser.Command("Performance.enable", new() { ["timeDomain"] = "threadTicks" });
        var meter = Browser.Command("Page.addScriptToEvaluateOnNewDocument", new() { ["source"] = Meter })["identifier"];
        try
        {
            await ReadAsync(build, lines);
            Scroll();
            await SearchAsync(lines);
        }
        finally
        {
            Browser.Command("Page.removeScriptToEvaluateOnNewDocument", new() { ["identifier"] = meter });
            Browser.Command("Performance.disable", []);
        }

        // The nodes of the rows that are seen and a few more, and of memory the log, an index and what any page takes.
        Browser.Run<int>("return document.querySelectorAll('*').length").ShouldBeLessThan(1500);
        var memory = LargestRenderer();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The page's process has {memory >> 20} MiB"));
        memory.ShouldBeLessThan(Size * 6L);
    }

    private async Task ReadAsync(BuildId build, int lines)
    {
        var clock = Stopwatch.StartNew();
        await Fixture.OpenAsync(build);
        var first = Browser.Run<string>("return document.querySelector('#size').textContent");
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
        await Until.HoldsAsync(() => Browser.Text("#size").ShouldStartWith(string.Create(CultureInfo.InvariantCulture, $"{lines:N0} lines, ")));
        Note($"Read in {clock.ElapsedMilliseconds} ms; the first rows were there with {first}");
    }

    private void Scroll()
    {
        var clock = Stopwatch.StartNew();
        var waited = Browser.RunAsync<double>(string.Create(CultureInfo.InvariantCulture, $"const jumps = {Jumps}, steps = {Steps};") + """
            const log = document.querySelector('#log');
            const frame = () => new Promise(requestAnimationFrame);
            let worst = 0;
            let seed = 7;
            for (let i = 0; i < jumps; i++) {
              seed = (seed * 1103515245 + 12345) % 2147483648;
              log.scrollTop = seed / 2147483648 * log.scrollHeight;
              const start = performance.now();
              for (let full = false; !full;) {
                await frame();
                const { top, bottom } = log.getBoundingClientRect();
                const shown = [...document.querySelectorAll('.row')].map(row => row.getBoundingClientRect()).filter(box => box.bottom > top && box.top < top + log.clientHeight);
                full = shown.length >= log.clientHeight / shown[0]?.height - 1;
                if (performance.now() - start > 60_000) throw new Error('nothing is shown');
              }
              worst = Math.max(worst, performance.now() - start);
            }
            for (let i = 0; i < steps; i++) {
              log.scrollTop += 40;
              await frame();
            }
            return worst;
            """);

        // A jump asks for what is on the screen and near it, once more where the first answer came for a place before; a step for two rows.
        var most = Browser.Run<int>("return Math.ceil(document.querySelector('#log').clientHeight / document.querySelector('.row').offsetHeight)") + 100;
        var rows = Browser.Run<int[]>("return meter.rows");
        rows.Max().ShouldBeLessThanOrEqualTo(most);
        rows.Sum().ShouldBeLessThanOrEqualTo(2 * Jumps * most + 2 * Steps + most);
        Note($"{Jumps} jumps and {Steps} steps in {clock.ElapsedMilliseconds} ms; a jump was shown after at most {waited:F0} ms, with {rows.Sum()} rows");
    }

    private async Task SearchAsync(int lines)
    {
        var clock = Stopwatch.StartNew();
        Browser.Run("const field = document.querySelector('#search-text'); field.value = 'needle'; field.dispatchEvent(new Event('input')); document.querySelector('#log').scrollTop = 0");
        await Browser.UntilAsync("document.querySelector('#search-count').textContent === '1 of 2'");
        await Browser.UntilAsync("document.querySelector('mark.current')");
        Note($"Searched in {clock.ElapsedMilliseconds} ms");
        await Until.HoldsAsync(() => Browser.Text(".row:has(mark.current) .number").ShouldBe(string.Create(CultureInfo.InvariantCulture, $"{lines - 1}")));
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
        return (Fixture.Finished(log.GetBuffer().AsSpan(0, (int)log.Length), "large"), lines + 2);
    }

    /// <summary>Writes out how it went, and bounds how long the page's thread was on the processor for it: what takes long is the worker's.</summary>
    private void Note(string what)
    {
        var (frames, tasks, busy) = (Browser.Run<double[]>("return meter.frames"), Browser.Run<double[]>("return meter.tasks"), BusySeconds());
        Browser.Run("meter.frames = []; meter.tasks = []; meter.rows = []");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}; {frames.Length} frames, the longest {frames.DefaultIfEmpty().Max():F0} ms; {tasks.Length} tasks over 50 ms, the longest {tasks.DefaultIfEmpty().Max():F0} ms; scripts took {busy - _busy:F3} s of the page's thread"));
        (busy - _busy).ShouldBeLessThan(2);
        _busy = busy;
    }

    /// <summary>How long scripts have kept the page's thread, in seconds of the processor.</summary>
    private double BusySeconds() => ((IEnumerable<object>)Browser.Command("Performance.getMetrics", [])["metrics"]!)
        .Cast<IDictionary<string, object>>()
        .Where(metric => (string)metric["name"] == "ScriptDuration")
        .Select(metric => Convert.ToDouble(metric["value"], CultureInfo.InvariantCulture))
        .Single();

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
