using System.Runtime.Versioning;
using Caur.Silo.Cli;
using Caur.Tests.Ssh;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Cli;

/// <summary>Verbs through a real sshd.</summary>
[SupportedOSPlatform("linux")]
public sealed class TunnelVerbTests
{
    [Fact]
    public async Task Schedule_ThroughATunnel_ReachesTheFarmAsThatServerSeesIt()
    {
        await using var server = await SshServer.StartAsync();
        await using var farm = await FakeFarm.StartAsync();

        // 'localhost' is the SSH server's: the token of this machine's data folder is not for it.
        using var data = new TemporaryFolder();
        await File.WriteAllTextAsync(data["admin.token"], "caur_of_this_machine", TestContext.Current.CancellationToken);
        var variables = server.VariablesFor(farm.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        variables["CAUR_DATA"] = data.Path;

        (await CliRun.RunAsync(["schedule", "a"], variables)).Succeeded().Output.ShouldContain("caur/x86_64/a/1000");

        farm.Token.ShouldBe("");
        server.Accepted.ShouldBe(1);
        variables["CAUR_TOKEN"] = "mine";
        (await CliRun.RunAsync(["schedule", "b"], variables)).Succeeded();
        farm.Token.ShouldBe("Bearer mine");
        variables["CAUR_SSH_HOST"] = "none";
        (await CliRun.RunAsync(["schedule", "c"], variables)).Succeeded();
        server.Accepted.ShouldBe(2);
    }

    [Fact]
    public async Task Queue_WhenTheTunnelCannotBeOpened_SaysWhyAndWhatToSet()
    {
        await using var server = await SshServer.StartAsync();
        var variables = server.VariablesFor("http://localhost:1");
        variables["CAUR_SSH_KEY"] = server.StrangersKey;

        var refused = await CliRun.RunAsync(["queue"], variables);

        refused.ExitCode.ShouldBe(ExitCodes.Unreachable);
        refused.Error.ShouldContain("Permission denied (publickey)");
        refused.Error.ShouldContain(server.StrangersKey);
        variables["REDIS_SSH_PORT"] = "ssh";
        (await CliRun.RunAsync(["queue"], variables)).ExitCode.ShouldBe(ExitCodes.Usage);
    }

    [Fact]
    public async Task Schedule_WhenNothingListensBehindTheTunnel_SaysThatNothingWasOrdered()
    {
        await using var server = await SshServer.StartAsync();
        string url;
        await using (var gone = await FakeFarm.StartAsync())
        {
            url = gone.Url;
        }

        var run = await CliRun.RunAsync(["schedule", "a", "--target-repo", "t", "--source-repo", "s"], server.VariablesFor(url));

        run.ExitCode.ShouldBe(ExitCodes.Unreachable);
        run.Error.ShouldContain($"no farm answers at {url}/ through {Environment.UserName}@127.0.0.1:{server.Port}: ");
        run.Error.ShouldContain("Connection refused");
        run.Error.ShouldNotContain("may have been carried out");
    }
}
