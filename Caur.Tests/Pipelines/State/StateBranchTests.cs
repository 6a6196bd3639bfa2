using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.State;
using Caur.Storage.Processes;
using Caur.Tests.Pacman;
using Caur.Tests.Sources;

namespace Caur.Tests.Pipelines.State;

public sealed class StateBranchTests : IDisposable
{
    private const string Reference = "refs/heads/state";
    private static readonly CommitIdentity Identity = new("Some <One>\n", "ci@example.org", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));

    private readonly TempFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WriteAsync_WhenStateIsNew_MakesOneCommitWithoutAParentThatIsReadBack()
    {
        var (branch, tree) = await MakeAsync();
        var content = Content("a1f80ac2534d02d08e75da8c9478fb2c0d112a6f");
        await branch.WriteAsync(Reference, Content("af3bf004458f76b7aec33e9ba552cd382ed1f5c3"), Identity, Token);
        var commit = await branch.WriteAsync(Reference, content, Identity, Token);

        var reading = await branch.ReadAsync(Reference, "HEAD", Token);
        reading.Tip.ShouldBe(commit);
        reading.Recreated.ShouldBeNull();
        reading.Content["x-git"].ShouldBe(content["x-git"]);
        reading.Content.Versions["foo"].ShouldBe(["1:2-1"]);
        (await tree.GitAsync("log", "--format=%an <%ae> %at %s%n%P", commit)).ShouldBe("Some One <ci@example.org> 1700000000 chore(state): update state\n\n");
        (await tree.GitAsync("ls-tree", "--name-only", commit)).ShouldBe(".caur-state\n.version-state\nx-git\n");
        (await tree.GitAsync("show", $"{commit}:x-git")).ShouldBe("CI_GIT_COMMIT=a1f80ac2534d02d08e75da8c9478fb2c0d112a6f\n");
    }

    [Fact]
    public async Task ReadAsync_WhenThereIsNoBranch_BeginsAnew()
    {
        var (branch, _) = await MakeAsync();
        var reading = await branch.ReadAsync(Reference, "HEAD", Token);
        reading.Content.ShouldBe(StateContent.None);
        reading.Recreated.ShouldBe("there is no branch 'state'");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadAsync_WhenTheFormerStateIsOfAnotherHistory_BeginsAnewInItsForm(bool known)
    {
        var (branch, tree) = await MakeAsync();
        var head = (await tree.GitAsync("rev-parse", "HEAD")).Trim();
        var content = Content("a1f80ac2534d02d08e75da8c9478fb2c0d112a6f") with { Format = StateFormat.Former, Commit = known ? head : new string('b', 40) };
        content = content with { Pending = new PendingOrder("", head, "s", "t", ["x86_64"], [new WantedPackage("a", null)]) };
        await branch.WriteAsync(Reference, content, Identity, Token);

        var reading = await branch.ReadAsync(Reference, head, Token);
        reading.Content.Format.ShouldBe(StateFormat.Former);
        reading.Content.Packages.Count.ShouldBe(known ? 1 : 0);
        (reading.Recreated is null).ShouldBe(known);
        reading.Content.Pending!.Text.ShouldBe(content.Pending!.Text);
    }

    private async Task<(StateBranch Branch, GitWorkTree Tree)> MakeAsync()
    {
        var tree = new GitWorkTree(_folder["repository"]);
        await tree.CommitAsync(("a/PKGBUILD", "x"));
        var repository = new GitRepository(Path.Combine(tree.Folder, ".git"), new ProcessRunner(TimeProvider.System));
        await repository.EnsureAsync(Token);
        return (new StateBranch(repository), tree);
    }

    private static StateContent Content(string commit) => new()
    {
        Packages = new Dictionary<string, PackageState> { ["x-git"] = new() { GitCommit = commit, AurTimestamp = 7 } },
        Versions = VersionSnapshot.Of([new("foo", "1:2-1")]),
    };
}
