using System.Globalization;
using System.Text;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Web;

/// <summary>A gateway with logs, and a browser that looks at them.</summary>
public sealed class ViewerFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private long _time = 1767225600000;

    internal LogGateway Gateway { get; private set; } = null!;

    internal Browser Browser { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Browser = await Browser.RequireAsync();
        Gateway = await LogGateway.StartAsync(_folder.Path);
    }

    public async ValueTask DisposeAsync()
    {
        // Without a browser nothing was started.
        Browser?.Dispose();
        await (Gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
        _folder.Dispose();
    }

    /// <summary>A build that no other test has.</summary>
    internal BuildId NewBuild(string pkgbase = "demo") =>
        BuildId.Parse(string.Create(CultureInfo.InvariantCulture, $"repo/x86_64/{pkgbase}/{Interlocked.Increment(ref _time)}"));

    /// <summary>A finished log with these bytes and nothing else.</summary>
    internal BuildId Finished(ReadOnlySpan<byte> bytes, string pkgbase = "demo")
    {
        var build = NewBuild(pkgbase);
        var file = Gateway.FileOf(build, finished: true);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        return build;
    }

    internal BuildId Finished(string text, string pkgbase = "demo") => Finished(Encoding.UTF8.GetBytes(text), pkgbase);

    /// <summary>A log that grows; its first line is the farm's.</summary>
    internal async Task<LiveLog> LiveAsync(string pkgbase = "live")
    {
        var build = NewBuild(pkgbase);
        await Gateway.BeginAsync(build, 1);
        await Gateway.Log(build).OpenAsync();
        return new LiveLog(Gateway, build);
    }

    internal string AddressOf(BuildId build, string hash = "", string? server = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{server ?? Gateway.Url.ToString().TrimEnd('/')}/logs.html?timestamp={build.Timestamp}&id={Uri.EscapeDataString(build.Pkgbase)}{hash}");

    internal async Task OpenAsync(BuildId build, string hash = "", string? server = null)
    {
        // Another page first, because one that differs in its hash alone is not loaded again; and no test inherits what the page keeps.
        Browser.Open("about:blank");
        Browser.Command("Storage.clearDataForOrigin", new() { ["origin"] = server ?? Gateway.Url.ToString(), ["storageTypes"] = "local_storage" });
        Browser.Open(AddressOf(build, hash, server));
        await Browser.UntilAsync("document.querySelector('.row')");
    }

    /// <summary>Opens a log that is finished and waits until the page has all of it.</summary>
    internal async Task OpenWholeAsync(BuildId build, string hash = "")
    {
        await OpenAsync(build, hash);
        await Browser.UntilAsync("document.querySelector('#connection').textContent === 'Complete'");
    }
}

/// <summary>A log that a test writes.</summary>
internal sealed class LiveLog(LogGateway gateway, BuildId build)
{
    private long _offset;

    public BuildId Build => build;

    public async Task WriteAsync(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var at = 0; at < bytes.Length; at += 60_000)
        {
            var piece = bytes.AsMemory(at, Math.Min(60_000, bytes.Length - at));
            var attempt = new BuildAttempt(build, 1, LogGateway.Builder);
            var answer = await gateway.Log(build).AppendAsync(new LogPiece { Attempt = attempt, Offset = _offset, Bytes = piece });
            answer.Verdict.ShouldBe(LogVerdict.Appended);
            _offset = answer.NextOffset;
        }
    }

    /// <summary>Writes lines that say their number.</summary>
    public Task WriteLinesAsync(int from, int count) =>
        WriteAsync(string.Concat(Enumerable.Range(from, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"output {number}\r\n"))));

    public Task EndAsync() => gateway.Log(build).EndAsync(1, "End.", final: true);
}
