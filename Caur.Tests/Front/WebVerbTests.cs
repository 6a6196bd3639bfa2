using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caur.Silo.Cli;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Front;

/// <summary><c>caur web</c> from its command line.</summary>
public sealed class WebVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Web_WhenItIsInterrupted_EndsInOrder()
    {
        await using var hub = await ScriptedHub.StartAsync(_ => Task.CompletedTask);
        using var interrupt = new CancellationTokenSource();
        var run = CliRun.RunAsync(["web", "--web-port", "0", "--data", _folder["data"]], new Dictionary<string, string> { ["CAUR_URL"] = hub.Url.ToString(), ["TRUST_PROXY"] = "1" }, interrupt: interrupt);
        await Logs.Until.TrueAsync(() => Directory.Exists(_folder["data", "web-cache"]) || run.IsCompleted, "the cache's folder");
        await interrupt.CancelAsync();

        var ended = await run;
        ended.ExitCode.ShouldBeOneOf(ExitCodes.Ok, ExitCodes.Interrupted);
        ended.Error.ShouldContain("caur web: note: TRUST_PROXY is not used: CAUR_TRUSTED_PROXIES");
    }

    [Fact]
    public async Task Web_WhenItsPortIsTaken_SaysSo()
    {
        // As this verb binds: on all addresses.
        using var taken = new TcpListener(IPAddress.IPv6Any, 0) { Server = { DualMode = true } };
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var run = await CliRun.RunAsync(["web", "--server", "http://127.0.0.1:9", "--web-port", port, "--data", _folder["data"]]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain(port);
        run.Error.ShouldContain("address already in use");
    }

    [Fact]
    public async Task Web_WhenItsFolderCannotBeUsed_SaysSo()
    {
        var file = _folder["file"];
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        var run = await CliRun.RunAsync(["web", "--server", "http://127.0.0.1:9", "--web-port", "0", "--data", file]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain(file);
        run.Error.Trim().ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("--web-port 70000", "", "--web-port must be from 0 to 65535, not 70000")]
    [InlineData("--server ftp://x", "", "'ftp://x' is no address of a hub")]
    [InlineData("", "CAUR_WEB_CACHE=much", "CAUR_WEB_CACHE must be a whole number from 16")]
    [InlineData("", "CAUR_TRUSTED_PROXIES=nobody", "CAUR_TRUSTED_PROXIES must be")]
    public async Task Web_WithWhatCannotBe_SaysWhatIsWrong(string arguments, string variable, string said)
    {
        var run = await CliRun.RunAsync(
            ["web", "--data", _folder["data"], .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            variable.Length == 0 ? null : new Dictionary<string, string> { [variable.Split('=')[0]] = variable.Split('=')[1] });

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain(said);
    }
}
