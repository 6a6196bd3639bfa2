using System.Diagnostics;
using Caur.Builder.Link;
using Caur.Contracts.Builds;
using Caur.Protocol.Builders;
using Caur.Silo.Ssh;
using Caur.Tests.Api;
using Caur.Tests.Link;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Ssh;

/// <summary>A builder that joins through an SSH tunnel of its own.</summary>
public sealed class SshBuilderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Builder_ThroughSsh_OpensItWatchesItOpensItAgainAndLeavesNoneBehindWhenItIsKilled()
    {
        await using var server = await SshServer.StartAsync();
        await using var hub = await LinkHub.StartAsync();
        using var folder = new TemporaryFolder();
        var variables = server.VariablesFor(hub.Hub.Url.ToString());
        variables["CAUR_TOKEN"] = (await hub.TokenAsync("north")).Token;
        variables["BUILDER_HOSTNAME"] = "north";

        // It waits for its engine before it joins, and this one is enough for that.
        await using var engine = new Builder.Engines.FakeEngine { Answer = _ => (200, "[]") };
        using var _ = await engine.StartAsync();
        variables["DOCKER_HOST"] = $"unix://{engine.Address}";
        await using var builder = BuilderProcess.Start(["--data", folder["data"], "--slots", "1"], variables);
        await ReadyAsync();
        var first = Children(builder.Id).ShouldHaveSingleItem();

        // It breaks in silence.
        var frozen = Stopwatch.GetTimestamp();
        server.FreezeConnections();
        await ApiHub.UntilAsync(async () => await StateAsync() == "Lost", "that the loss is noticed");
        await ReadyAsync();
        Stopwatch.GetElapsedTime(frozen).ShouldBeLessThan(TimeSpan.FromSeconds(15));

        // It is ended by somebody else.
        var second = Children(builder.Id).ShouldHaveSingleItem();
        second.ShouldNotBe(first);
        using (var ssh = Process.GetProcessById(second))
        {
            ssh.Kill();
        }

        await ApiHub.UntilAsync(() => Task.FromResult(Children(builder.Id) is [var third] && third != second), "another tunnel");
        await ReadyAsync();
        var last = Children(builder.Id).ShouldHaveSingleItem();

        // kill -9: only what the kernel does for it is done.
        await builder.KillAsync();
        await ApiHub.UntilAsync(() => Task.FromResult(!Directory.Exists($"/proc/{last}")), "the end of ssh");

        async Task ReadyAsync() => await ApiHub.UntilAsync(async () => await StateAsync() == "Ready", $"that it has joined; it said:\n{builder.Output}");

        async Task<string?> StateAsync()
        {
            var text = await hub.Hub.Http.GetStringAsync("/api/v1/builders", Token);
            return text.Contains("\"Ready\"", StringComparison.Ordinal) ? "Ready" : text.Contains("\"Lost\"", StringComparison.Ordinal) ? "Lost" : null;
        }
    }

    [Fact]
    public async Task Link_WhoseTunnelFreezes_IsBackWellWithinTheLeaseOfWhatRuns()
    {
        await using var server = await SshServer.StartAsync();
        await using var hub = await LinkHub.StartAsync();
        await using var route = new SshRoute(server.To(hub.Hub.Url.Port), TimeProvider.System);
        var token = (await hub.TokenAsync("north")).Token;
        var options = new LinkAgentOptions { Gateway = hub.Hub.Url, Token = () => token, Connect = route.ConnectAsync, NoAnswer = route.GiveUp, ConnectWithin = TimeSpan.FromSeconds(35) };
        await using var session = new LinkSession(options, TimeProvider.System, NullLogger<LinkSession>.Instance);
        var agent = new TestAgent();
        (await session.HelloAsync(LinkHub.Hello("north"), agent, Token).DefaultTimeout("the hello")).Accepted.ShouldBeTrue();
        var attempt = await hub.StartAsync(session, "hello");
        agent.Running = [attempt];

        var limit = TimeSpan.FromSeconds(15);
        var frozen = Stopwatch.GetTimestamp();
        server.FreezeConnections();
        await Should.ThrowAsync<IOException>(session.RenewAsync([attempt], Token).DefaultTimeout("the end of the link"));
        RenewReply? renewed = null;
        while (renewed is null)
        {
            try
            {
                renewed = await session.RenewAsync([attempt], Token).DefaultTimeout("a renewal over the next link");
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(frozen) < limit)
            {
                // On a busy machine the next link may be lost as well: an agent renews again, too.
            }
        }

        Stopwatch.GetElapsedTime(frozen).ShouldBeLessThan(limit);
        (renewed.Known, renewed.Lost.Count).ShouldBe((true, 0));
        (await hub.StateAsync(attempt)).ShouldBe(BuildState.Running);
    }

    /// <summary>The ssh processes of a process.</summary>
    private static List<int> Children(int parent) =>
    [
        .. Directory.EnumerateDirectories($"/proc/{parent}/task").SelectMany(thread => Read($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(int.Parse).Where(id => Read($"/proc/{id}/comm").Trim() == "ssh"),
    ];

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }
}
