using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Builder.Agents;
using Caur.Silo.Cli;
using Caur.Tests.Api;
using Caur.Tests.Builder.Engines;
using Caur.Tests.Ssh;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Caur.Tests.Link;

/// <summary><c>caur builder</c> beside a real hub, with real containers: how it begins, ends and is ended.</summary>
public sealed class BuilderProcessTests(BuilderFarm farm) : IClassFixture<BuilderFarm>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Once_WithoutTheImage_FailsAndGivesTheBuildBackAndThroughTlsWithItBuildsAndEndsWell()
    {
        await using var proxy = new TlsProxy(farm.Setup.Port);
        var (authority, stranger) = (farm.Setup["authority.pem"], farm.Setup["stranger.pem"]);
        await File.WriteAllTextAsync(authority, proxy.AuthorityPem, Token);
        await File.WriteAllTextAsync(stranger, TlsProxy.StrangersPem(), Token);

        // A certificate of nobody that it knows.
        var variables = await farm.VariablesAsync("stranger", proxy.Url);
        variables["SSL_CERT_FILE"] = stranger;
        await using var refusing = BuilderProcess.Start(["--once"], variables);

        // An engine without the image, and no registry that has it.
        await using var engine = new FakeEngine { Answer = AnswerWithoutImage };
        using var client = await engine.StartAsync();
        variables = await farm.VariablesAsync("empty");
        variables["DOCKER_HOST"] = $"unix://{engine.Address}";
        var build = await farm.ScheduleAsync("quick");
        await using (var empty = BuilderProcess.Start(["--once"], variables))
        {
            (await empty.EndAsync()).ShouldBe(ExitCodes.Failed, empty.Output);
            empty.Output.ShouldContain($"caur: {build} was handed back: ");
            empty.Output.ShouldContain(farm.Setup.Engine.BuilderImage);
        }

        (await farm.StateAsync(build)).ShouldBe("Waiting");
        (await farm.HasAsync("empty")).ShouldBeFalse("it said goodbye");

        await ApiHub.UntilAsync(() => Task.FromResult(refusing.Output.Contains("certificate", StringComparison.Ordinal)), $"that the certificate is refused; it said\n{refusing.Output}");
        refusing.Output.ShouldContain("cannot be reached: The remote certificate is invalid");
        refusing.Output.ShouldNotContain("joined");
        await refusing.KillAsync();
        (await farm.HasAsync("stranger")).ShouldBeFalse();

        variables = await farm.VariablesAsync("trusting", proxy.Url);
        variables["SSL_CERT_FILE"] = authority;
        await using var builder = BuilderProcess.Start(["--once"], variables);
        (await builder.EndAsync()).ShouldBe(ExitCodes.Ok, builder.Output);
        var view = await farm.Hub.SettledAsync(build, TestTimeouts.Longest);
        view.GetProperty("state").GetString().ShouldBe("Published", view.ToString());
        (await farm.LogAsync(build)).ShouldContain("on builder trusting");
        (await farm.HasAsync("trusting")).ShouldBeFalse("it said goodbye");
        proxy.Connections.ShouldBeGreaterThan(1, "link and upload");
    }

    [Fact]
    public async Task Once_ThroughTlsOfTheHubsOwn_BuildsAndBringsItsArchiveBySftp()
    {
        await using var server = await SshServer.StartAsync();
        var authority = farm.Setup["own-authority.pem"];
        await File.WriteAllTextAsync(authority, farm.Authority.RootPem, Token);

        // One that knows another authority.
        var variables = await farm.VariablesAsync("distrusting", farm.SecureUrl);
        await File.WriteAllTextAsync(variables["SSL_CERT_FILE"] = farm.Setup["others-authority.pem"], TlsProxy.StrangersPem(), Token);
        await using var refusing = BuilderProcess.Start(["--once"], variables);

        variables = await farm.VariablesAsync("secure", farm.SecureUrl);
        foreach (var (name, value) in server.VariablesForSftp())
        {
            variables[name] = value;
        }

        variables["SSL_CERT_FILE"] = authority;
        variables["LANDING_ZONE_PATH"] = Path.Combine(farm.Setup.Data, "landing");
        var build = await farm.ScheduleAsync("secured");
        await using var builder = BuilderProcess.Start(["--once"], variables);
        (await builder.EndAsync()).ShouldBe(ExitCodes.Ok, builder.Output);
        var view = await farm.Hub.SettledAsync(build, TestTimeouts.Longest);
        view.GetProperty("state").GetString().ShouldBe("Published", view.ToString());
        (await farm.LogAsync(build)).ShouldContain("on builder secure");
        builder.Output.ShouldNotContain("through the gateway");
        server.Accepted.ShouldBe(1, builder.Output);

        await ApiHub.UntilAsync(() => Task.FromResult(refusing.Output.Contains("certificate", StringComparison.Ordinal)), $"that the certificate is refused; it said\n{refusing.Output}");
        refusing.Output.ShouldContain("cannot be reached: The remote certificate is invalid");
        refusing.Output.ShouldNotContain("joined");
    }

    [Fact]
    public async Task Sigterm_InEachShutdownMode_IsFollowedWithTheLinkUpAndDown()
    {
        // With its link, each as a process.
        await using var handingBack = await StartAsync("hand-back", "long1");
        await using var finishing = await StartAsync("finish", "finished");
        await using var leaving = await StartAsync("leave", "left");

        // Without, each in this process: the signal is the same.
        await using var proxy = new CutProxy(farm.Setup.Port);
        await using var handingBackAlone = await HostAsync("hand-back", "long2");
        await using var finishingAlone = await HostAsync("finish", "long3");
        await using var leavingAlone = await HostAsync("leave", "long4");

        try
        {
            proxy.Cut();
            await Task.WhenAll(
                LeaveAsync(leaving), EndAsync(handingBack), FinishAsync(finishing), handingBackAlone.StopAsync(), finishingAlone.StopAsync(), leavingAlone.StopAsync());

            (await farm.StateAsync(handingBack.Build)).ShouldBe("Waiting");
            (await farm.LogAsync(handingBack.Build)).ShouldContain("the agent of builder up-hand-back ends");
            (await farm.Hub.SettledAsync(finishing.Build, TestTimeouts.Longest)).GetProperty("state").GetString().ShouldBe("Published");
            foreach (var (name, containers) in ((string, int)[])[
                ("up-hand-back", 0), ("up-finish", 0), ("up-leave", 0), ("down-hand-back", 0), ("down-finish", 0), ("down-leave", 1)])
            {
                (await farm.ContainersAsync(name)).Length.ShouldBe(containers, name);
                (name.StartsWith("up-", StringComparison.Ordinal) && await farm.HasAsync(name)).ShouldBeFalse($"{name} said goodbye");
            }
        }
        finally
        {
            foreach (var build in (string[])[leaving.Build, handingBack.Build, handingBackAlone.Build, finishingAlone.Build, leavingAlone.Build])
            {
                await farm.CancelAsync(build);
            }

            await farm.RemoveContainersAsync("up-leave");
            await farm.RemoveContainersAsync("down-leave");
        }

        // What is left goes on in the next process, as if nothing had been.
        async Task LeaveAsync(Ending ending)
        {
            await EndAsync(ending);
            (await farm.StateAsync(ending.Build)).ShouldBe("Running");
            (await farm.ContainersAsync("up-leave")).ShouldHaveSingleItem();
            await using var next = BuilderProcess.Start(["--once"], await farm.VariablesAsync("up-leave"));
            await farm.LetGoAsync("up-leave");
            (await next.EndAsync()).ShouldBe(ExitCodes.Ok, next.Output);
            (await farm.Hub.SettledAsync(ending.Build, TestTimeouts.Longest)).GetProperty("state").GetString().ShouldBe("Published");
            var log = await farm.LogAsync(ending.Build);
            log.ShouldContain("attempt 1");
            log.ShouldNotContain("attempt 2");
            LineOf("it-ends").Count(log).ShouldBe(1);
        }

        // It ends when its build does, and not before.
        async Task FinishAsync(Ending ending)
        {
            await ending.Process!.TerminateAsync();
            await ApiHub.UntilAsync(() => Task.FromResult(ending.Process.Output.Contains("mode Finish", StringComparison.Ordinal)), "that it ends");
            (await farm.StateAsync(ending.Build)).ShouldBe("Running");
            await farm.LetGoAsync("up-finish");
            (await ending.Process.EndAsync()).ShouldBe(ExitCodes.Ok, ending.Process.Output);
        }

        async Task<Ending> StartAsync(string mode, string package)
        {
            var builder = BuilderProcess.Start([], await VariablesAsync($"up-{mode}", mode, null));
            return await RunningAsync(package, new Ending(builder, null));
        }

        async Task<Ending> HostAsync(string mode, string package)
        {
            var host = BuilderFarm.Host(await VariablesAsync($"down-{mode}", mode, proxy.Url));
            await host.StartAsync(Token);
            return await RunningAsync(package, new Ending(null, host));
        }

        async Task<Dictionary<string, string>> VariablesAsync(string name, string mode, Uri? url)
        {
            var variables = await farm.VariablesAsync(name, url);
            variables["CAUR_BUILDER_SHUTDOWN"] = mode;
            variables["CAUR_BUILDER_SHUTDOWN_TIME"] = url is null ? "60" : "10";
            return variables;
        }

        // One after the other: each has one slot, so that the next build is the next builder's.
        async Task<Ending> RunningAsync(string package, Ending ending)
        {
            var build = await farm.ScheduleAsync(package);
            await farm.SaysAsync(build, "it-runs");
            return ending with { Build = build };
        }

        static async Task EndAsync(Ending ending)
        {
            var begun = Stopwatch.GetTimestamp();
            await ending.Process!.TerminateAsync();
            (await ending.Process.EndAsync()).ShouldBe(ExitCodes.Ok, ending.Process.Output);
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(60));
        }
    }

    [Fact]
    public async Task Hub_KilledWithTheEndOfItsLogLost_HasTheWholeLogOnceAllTheSame()
    {
        var build = await farm.ScheduleAsync("says");
        using var builder = BuilderFarm.Host(await farm.VariablesAsync("talking"), once: true);
        await builder.StartAsync(Token);
        try
        {
            await farm.SaysAsync(build, "line-25-of");
            await farm.Hub.KillAsync();
            var file = Directory.EnumerateFiles(farm.Setup.Data, "*", SearchOption.AllDirectories).Single(path => path.Contains("/says/", StringComparison.Ordinal));

            // In the middle of a line, and of what had arrived.
            var text = await File.ReadAllTextAsync(file, Token);
            await using (var log = File.OpenWrite(file))
            {
                log.SetLength(System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(0, text.IndexOf("line-10-of", StringComparison.Ordinal) + 4)));
            }

            await farm.StartHubAsync();
            var view = await farm.Hub.SettledAsync(build, TestTimeouts.Longest);
            view.GetProperty("state").GetString().ShouldBe("Published", view.ToString());
            await builder.Services.GetServices<IHostedService>().OfType<BuilderAgent>().Single().ExecuteTask!.DefaultTimeout("the agent's end");
            var whole = await farm.LogAsync(build);
            LineOf($"line-([0-9]+)-of-{BuilderFarm.Lines}").Matches(whole).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
                .ShouldBe(Enumerable.Range(1, BuilderFarm.Lines), whole);
            whole.ShouldNotContain("bytes of the log were lost");
            whole.ShouldContain("on builder talking, attempt 1");
        }
        finally
        {
            await builder.StopAsync(CancellationToken.None);
            await ((IAsyncDisposable)builder).DisposeAsync();
        }
    }

    private static (int Status, string Body) AnswerWithoutImage(string request) =>
        request.Contains("/containers/json", StringComparison.Ordinal) ? (200, "[]")
        : request.Contains("/containers/", StringComparison.Ordinal) ? (404, """{"message":"No such container: x"}""")
        : (404, """{"message":"No such image: x"}""");

    private static Regex LineOf(string pattern) => new($@"(?m)^{pattern}\r?$", RegexOptions.CultureInvariant);

    private sealed record Ending(BuilderProcess? Process, IHost? Host) : IAsyncDisposable
    {
        public string Build { get; init; } = "";

        public Task StopAsync() => Host!.StopAsync(CancellationToken.None).DefaultTimeout("the builder's end");

        public async ValueTask DisposeAsync()
        {
            if (Process is not null)
            {
                await Process.DisposeAsync();
            }

            if (Host is IAsyncDisposable host)
            {
                await host.DisposeAsync();
            }
        }
    }
}
