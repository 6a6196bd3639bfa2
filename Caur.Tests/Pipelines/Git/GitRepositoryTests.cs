using Caur.Pipelines.Git;
using Caur.Storage.Processes;

namespace Caur.Tests.Pipelines.Git;

public sealed class GitRepositoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenAsync_WhenThereIsNoRepository_SaysSo()
    {
        using var remote = await SourceRemote.CreateAsync();
        Directory.CreateDirectory(remote["empty"]);

        (await Should.ThrowAsync<SourceUnavailableException>(() => remote.OpenAsync(remote["nowhere"]))).Message.ShouldContain("no folder");
        (await Should.ThrowAsync<SourceUnavailableException>(() => remote.OpenAsync(remote["empty"]))).Message.ShouldContain("no git repository");
    }

    [Fact]
    public async Task RunAsync_InAFolderBelowTheCheckout_SeesTheWholeRepository()
    {
        using var remote = await SourceRemote.CreateAsync();
        await remote.CommitAsync("init", [.. SourceRemote.Package("a"), .. SourceRemote.Package("b")]);
        var git = await remote.OpenAsync(Path.Combine(remote.Work.Folder, "a"));
        var seen = new List<string>();

        await TreeFile.ListAsync(git, "HEAD", (folder, _, _, _) => seen.Add(System.Text.Encoding.UTF8.GetString(folder)), Token);

        seen.Distinct().ShouldBe(["a", "b"]);
    }

    /// <summary>What a repository or its checkout brings along and git would run.</summary>
    [Fact]
    public async Task RunAsync_WhenTheCheckoutHasHooksAndPrograms_RunsNone()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.PushAsync("init", [.. SourceRemote.Package("a"), ("a/.gitattributes", "* filter=evil diff=evil\n")]);
        var (trap, sprung) = (remote["trap"], remote["sprung"]);
        await File.WriteAllTextAsync(trap, $"#!/bin/sh\necho \"$0\" >>'{sprung}'\n", Token);
        File.SetUnixFileMode(trap, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var hook in (string[])["pre-push", "post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"])
        {
            File.Copy(trap, Path.Combine(remote.Work.Folder, ".git", "hooks", hook));
        }

        foreach (var key in (string[])["core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.evil.command", "diff.evil.textconv", "diff.external", "core.pager"])
        {
            await remote.Work.GitAsync("config", key, trap);
        }

        var git = await remote.OpenAsync();
        await new RemoteTag(git, new GitRemote("origin", null), "scheduled").MoveAsync(null, commit, Token);
        await git.RequireAsync(["diff-tree", "-r", "--root", "--no-ext-diff", commit], Token);
        await git.RequireAsync(["log", "-1", commit], Token);

        File.Exists(sprung).ShouldBeFalse(File.Exists(sprung) ? await File.ReadAllTextAsync(sprung, Token) : "");
        (await remote.TagAsync()).ShouldBe(commit);
    }

    [Theory]
    [InlineData("ext::sh -c touch% sprung")]
    [InlineData("fd::0")]
    [InlineData("ftp://127.0.0.1:1/x")]
    public async Task RunAsync_WhenATransportIsNone_DoesNotUseIt(string url)
    {
        using var remote = await SourceRemote.CreateAsync();
        await remote.CommitAsync("init");
        await remote.Work.GitAsync("config", "protocol.ext.allow", "always");
        var git = await remote.OpenAsync();

        var result = await git.RunAsync(["fetch", "--", url], Token);

        result.Succeeded.ShouldBeFalse();
        result.Error.ShouldContain("not allowed");
        File.Exists(Path.Combine(git.Folder, "sprung")).ShouldBeFalse();
    }

    [Fact]
    public async Task RunAsync_WhenTheServerWantsAPassword_TellsItToThatServerAlone()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.PushAsync("init", SourceRemote.Package("a"));
        await using var server = await GitHttpServer.StartAsync(Path.GetDirectoryName(remote.Path)!, "me", "s3cret&'\"$x");
        await using var other = await GitHttpServer.StartAsync(Path.GetDirectoryName(remote.Path)!, "me", "s3cret&'\"$x");
        var credential = GitCredential.For($"{server.Url}/origin.git", "me", "s3cret&'\"$x");
        var git = await GitRepository.OpenAsync(remote.Work.Folder, remote.Processes, Token, credential);

        var listed = await git.RequireAsync(["ls-remote", "--", $"{server.Url}/origin.git", "refs/heads/main"], Token);
        var refused = await git.RunAsync(["ls-remote", "--", $"{other.Url}/origin.git"], Token);

        listed.OutputText.ShouldStartWith(commit);
        refused.Succeeded.ShouldBeFalse();
        other.Authorizations.ShouldAllBe(presented => presented == "");
    }

    /// <summary>A runner leaves the job's own password in the checkout, which may read only.</summary>
    [Fact]
    public async Task RunAsync_WhenTheCheckoutHoldsAnotherPassword_PresentsTheOneGiven()
    {
        using var remote = await SourceRemote.CreateAsync();
        await remote.PushAsync("init");
        await using var server = await GitHttpServer.StartAsync(Path.GetDirectoryName(remote.Path)!, "oauth2", "mine");
        await remote.Work.GitAsync("config", $"http.{server.Url}/.extraheader", "AUTHORIZATION: basic am9iOmpvYg==");
        await remote.Work.GitAsync("config", "credential.helper", "!echo username=job; echo password=job; :");
        var credential = GitCredential.For(server.Url, "oauth2", "mine");
        var git = await GitRepository.OpenAsync(remote.Work.Folder, remote.Processes, Token, credential);

        (await git.RunAsync(["ls-remote", "--", $"{server.Url}/origin.git"], Token)).Error.ShouldBe("");
    }

    [Fact]
    public void Words_WhenTheServerSaysMore_AreOneLineWithoutPasswordsAndEscapes()
    {
        var said = new ProcessResult(1, default, false, "fatal: https://me:s3cret@h/x\nremote: \u001b[31mred\u202e\n", false);

        GitText.Of(said).ShouldBe("fatal: https://h/x; remote: ?[31mred?");
        GitText.Of(said with { Error = "" }).ShouldBe("exit code 1");
    }
}
