using System.Text;
using Caur.Pipelines.Pushes;
using Caur.Tests.Notifications;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Pushes;

public sealed class GitRemoteTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ext::sh -c reboot")]
    [InlineData("--upload-pack=reboot")]
    [InlineData("-x")]
    [InlineData("ssh://-oProxyCommand=reboot/x")]
    [InlineData("https://example.org/x\n")]
    [InlineData("https://example.org/a b")]
    [InlineData("fd::7")]
    [InlineData("ftp://example.org/x")]
    [InlineData("relative/path")]
    [InlineData("")]
    public void Of_WhenGitWouldTakeItForSomethingElse_IsRefused(string url) => Should.Throw<FormatException>(() => GitRemote.Of(url));

    [Fact]
    public void Of_WhenAnAddressHoldsAPassword_KeepsItOut()
    {
        var remote = GitRemote.Of("https://oauth2:glpat-secret@gitlab.example/a/b.git");
        remote.Url.ShouldBe("https://gitlab.example/a/b.git");
        remote.Cleared("fatal: glpat-secret at https://u:glpat-other@x.example/").ShouldBe("fatal: *** at https://x.example/");
        var variables = remote.Variables();

        // First what a checkout has there is forgotten.
        (variables["GIT_CONFIG_KEY_5"], variables["GIT_CONFIG_VALUE_5"]).ShouldBe(("http.https://gitlab.example/.extraHeader", ""));
        variables["GIT_CONFIG_KEY_6"].ShouldBe("http.https://gitlab.example/.extraHeader");
        variables["GIT_CONFIG_VALUE_6"].ShouldBe($"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("oauth2:glpat-secret"))}");
    }

    [Fact]
    public async Task Git_WhenItAsksAServer_SendsTheTokenThereAndNowhereElse()
    {
        using var farm = new PushedFarm();
        await using var server = await RecordingServer.StartAsync();
        await using var elsewhere = await RecordingServer.StartAsync();
        server.Answer = (_, context) =>
        {
            context.Response.Redirect($"{elsewhere.Address}/x.git/info/refs?service=git-upload-pack");
            return Task.CompletedTask;
        };
        var repository = farm.Clone("clone", GitRemote.Of($"{server.Address}/x.git", token: "secret-token"));
        await repository.EnsureAsync(Stop);
        var failure = await Should.ThrowAsync<PushException>(() => repository.ListAsync(Stop));
        failure.Message.ShouldNotContain("secret-token");
        server.Requests[0].Headers["Authorization"].ShouldBe($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("oauth2:secret-token"))}");
        elsewhere.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Git_WhenItRuns_HasNoSecretOnItsCommandLineOrInItsTrace()
    {
        using var farm = new PushedFarm();
        await using var server = await RecordingServer.StartAsync();
        var seen = new TaskCompletionSource<string>();
        server.Answer = (_, context) =>
        {
            // While git waits for its answer, its command line is there to be read by everybody.
            var lines = Directory.EnumerateDirectories("/proc").Select(CommandLine).Where(line => line.Contains(server.Address, StringComparison.Ordinal));
            seen.TrySetResult(string.Join('\n', lines));
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        };
        var repository = farm.Clone("clone", GitRemote.Of(server.Address.Replace("://", "://me:secret-token@", StringComparison.Ordinal) + "/x.git"));
        await repository.EnsureAsync(Stop);
        var failure = await Should.ThrowAsync<PushException>(() => repository.ListAsync(Stop));
        (await seen.Task.DefaultTimeout()).ShouldSatisfyAllConditions(text => text.ShouldContain("git"), text => text.ShouldNotContain("secret"));
        failure.Message.ShouldContain("does not take the token");

        static string CommandLine(string process)
        {
            try
            {
                return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task Git_WhenACloneHasHooksAndCommands_RunsNone()
    {
        using var farm = await new PushedFarm().StartAsync();
        await farm.Repository.EnsureAsync(Stop);
        var clone = farm["ours"];
        Directory.CreateDirectory(Path.Combine(clone, "hooks"));
        foreach (var hook in (string[])["pre-push", "post-update", "reference-transaction", "post-checkout"])
        {
            var path = Path.Combine(clone, "hooks", hook);
            await File.WriteAllTextAsync(path, $"#!/bin/sh\ntouch {farm["ran"]}\n", Stop);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var outcome = await new MainPush(farm.Repository, farm.Time).RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")), Stop);
        outcome.State.ShouldBe(MainState.Pushed, outcome.Words);
        File.Exists(farm["ran"]).ShouldBeFalse();
    }
}
