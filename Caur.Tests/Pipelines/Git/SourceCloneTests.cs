using Caur.Pipelines.Git;

namespace Caur.Tests.Pipelines.Git;

public sealed class SourceCloneTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FetchAsync_OverHttpWithAPasswordInTheUrl_KeepsItOutOfTheClone()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.PushAsync("init", SourceRemote.Package("a"));
        await using var server = await GitHttpServer.StartAsync(Path.GetDirectoryName(remote.Path)!, "me", "s3cret");
        var url = $"{server.Url.Replace("http://", "http://me:s3cret@", StringComparison.Ordinal)}/origin.git";
        var clone = new SourceClone("packages", remote["clone.git"], url, remote.Processes);

        var head = await clone.FetchAsync(Token);

        head.ShouldBe(commit);
        (await clone.ResolveAsync("main", head, Token)).ShouldBe(commit);
        foreach (var file in new DirectoryInfo(remote["clone.git"]).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => !file.Name.StartsWith("pack-", StringComparison.Ordinal)))
        {
            (await File.ReadAllTextAsync(file.FullName, Token)).ShouldNotContain("s3cret", customMessage: file.FullName);
        }
    }

    [Fact]
    public async Task FetchAsync_WithAWrongPassword_DoesNotTellIt()
    {
        using var remote = await SourceRemote.CreateAsync();
        await using var server = await GitHttpServer.StartAsync(remote["."], "me", "right");
        var url = $"{server.Url.Replace("http://", "http://me:wr0ng@", StringComparison.Ordinal)}/origin.git";

        var refused = await Should.ThrowAsync<SourceUnavailableException>(() => new SourceClone("packages", remote["clone.git"], url, remote.Processes).FetchAsync(Token));

        refused.Message.ShouldContain("packages");
        refused.Message.ShouldContain("403");
        refused.Message.ShouldNotContain("wr0ng");
    }

    [Fact]
    public async Task FetchAsync_OverGitsOwnProtocol_FetchesWhatIsNew()
    {
        using var remote = await SourceRemote.CreateAsync();
        await remote.PushAsync("one", SourceRemote.Package("a"));
        await using var daemon = new GitDaemon(Path.GetDirectoryName(remote.Path)!);
        var clone = new SourceClone("packages", remote["clone.git"], $"{daemon.Url}/origin.git", remote.Processes);
        await clone.FetchAsync(Token);
        var second = await remote.PushAsync("two", SourceRemote.Package("b"));

        (await clone.FetchAsync(Token)).ShouldBe(second);
        (await clone.ResolveAsync(null, second, Token)).ShouldBe(second);
    }

    /// <summary>Its message says to remove it.</summary>
    [Fact]
    public async Task FetchAsync_WhenTheCloneWasRemovedMeanwhile_MakesItAnew()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.PushAsync("one", SourceRemote.Package("a"));
        var clone = new SourceClone("packages", remote["clone.git"], remote.Path, remote.Processes);
        await clone.FetchAsync(Token);
        Directory.Delete(remote["clone.git"], recursive: true);

        (await clone.FetchAsync(Token)).ShouldBe(commit);
    }
}
