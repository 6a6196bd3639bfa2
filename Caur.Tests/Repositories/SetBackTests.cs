using System.Runtime.Versioning;
using Caur.Api.Auth;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Repositories;

/// <summary>A repository whose folder came back from an older copy, or is gone: the hub knows what it published, and publishes nothing
/// upon less until the folder is restored or an admin accepts it.</summary>
[SupportedOSPlatform("linux")]
public sealed class SetBackTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Repository => Path.Combine(_folder.Path, "repos", "farm", "x86_64");

    private string Current => Path.Combine(Repository, ".gen", "current");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("one back", "names generation 2, though generation 3 was made: 'ln -sfn 3 ")]
    [InlineData("older copy", "names generation 2, though generation 3 was made: bring ")]
    [InlineData("generations gone", "names no generation, though generation 3 was made: bring ")]
    [InlineData("folder gone", "names no generation, though generation 3 was made: bring ")]
    public async Task Publication_WhenTheRepositoryWasSetBack_WaitsAndSaysWhyUntilItIsRestored(string fault, string found)
    {
        await using (var hub = await PublishedAsync())
        {
            (await hub.Repository.GetAsync()).Problem.ShouldBeEmpty();
        }

        var newest = Path.Combine(_folder.Path, "newest");
        Copy(Repository, newest);
        SetBack(fault);
        BuildId build;
        RepositoryChange change;
        string[] before;
        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer))
        {
            (await hub.Repository.GetAsync()).Problem.ShouldContain(found, Case.Sensitive, "also while nothing waits");
            before = await hub.PackagesAsync();
            build = await hub.OrderAsync("d", new BuiltPackage("d", "1-1"));
            change = new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Remove, Names = ["a"] };
            await hub.Repository.ChangeAsync(change);

            (await BlockedAsync(hub, build)).ShouldStartWith(
                $"the repositories' folder/farm/x86_64/.gen/current {found}", Case.Sensitive, "a build's reason is for whoever may read");
            var reason = (await hub.Repository.GetAsync()).Problem;

            reason.ShouldStartWith(Current);
            reason.ShouldContain(found);
            reason.ShouldContain("'caur repo accept --target-repo farm --arch x86_64'");
            (await hub.Repository.GetChangeAsync(change.Operation))!.Reason.ShouldBe(reason);
            var admin = await hub.TokenAsync(TokenRole.Admin);
            (await hub.RunAsync(admin, "repo", "show")).Succeeded().Output.ShouldContain($"in the way: {reason}");
            (await hub.RunAsync(admin, "repo", "list", "--json")).Succeeded().Output.ShouldContain(found.Split('\'')[0].Trim());
            (await hub.RunAsync(admin, "repo", "verify")).Output.ShouldContain(reason);

            // Where that is on the hub's machine is an admin's business.
            using var reader = await hub.ClientAsync(TokenRole.Reader);
            foreach (var path in (string[])["", "/farm/x86_64", $"/farm/x86_64/changes/{change.Operation}", "/farm/x86_64/verify"])
            {
                var shown = await reader.GetStringAsync($"/api/v1/repositories{path}", Token);
                shown.ShouldContain("the repositories' folder/farm/x86_64");
                shown.ShouldNotContain(_folder.Path);
            }
            (await hub.PackagesAsync()).ShouldBe(before, "nothing was published upon it");
        }

        if (Directory.Exists(Repository))
        {
            Directory.Delete(Repository, recursive: true);
        }

        Copy(newest, Repository);
        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer))
        {
            (await hub.PublishedAsync(build)).Generation.ShouldBe(4);
            (await hub.ChangedAsync(change.Operation)).Generation.ShouldBe(5);
            (await hub.PackagesAsync()).ShouldBe(["b 1-1", "c 1-1", "d 1-1"]);
        }
    }

    [Theory]
    [InlineData("one back", "generation 2, with 2 packages,", "a 1-1", "b 1-1", "d 1-1")]
    [InlineData("two back", "generation 1, with 1 packages,", "a 1-1", "d 1-1")]
    [InlineData("older copy", "generation 2, with 2 packages,", "a 1-1", "b 1-1", "d 1-1")]
    [InlineData("generations gone", "nothing, with 0 packages,", "d 1-1")]
    [InlineData("folder gone", "nothing, with 0 packages,", "d 1-1")]
    public async Task Accept_WhenTheRepositoryWasSetBack_GoesOnFromWhatIsThereUnderNewNumbers(string fault, string from, params string[] packages)
    {
        // It is noticed while the hub runs.
        await using (var hub = await PublishedAsync())
        {
            SetBack(fault);
            var build = await hub.OrderAsync("d", new BuiltPackage("d", "1-1"));
            await BlockedAsync(hub, build);
            (await hub.RunAsync(await hub.TokenAsync(TokenRole.Ci), "repo", "accept")).ExitCode.ShouldNotBe(0);
            var admin = await hub.TokenAsync(TokenRole.Admin);
            (await hub.RunAsync(admin, "repo", "accept", "--dry-run")).Succeeded().Output.ShouldContain($"dry run: {from} goes on as generation 5.");
            (await hub.Repository.GetPublicationAsync(build, 1)).State.ShouldBe(PublicationState.Pending);

            (await hub.RunAsync(admin, "repo", "accept", "--reason", "the disk is lost")).Succeeded()
                .Output.ShouldContain($"accepted: {from} goes on as generation 5.");

            hub.Log.ShouldContain(line => line.Contains("the Admin (token ") && line.Contains("orders Accept in farm/x86_64") && line.Contains("the disk is lost"));
            (await hub.PublishedAsync(build)).Generation.ShouldBe(6);
            (await hub.PackagesAsync()).ShouldBe(packages);
            (await hub.RunAsync(admin, "repo", "accept")).Succeeded().Output.ShouldContain("nothing to do, generation 6 stays");
        }

        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer))
        {
            var again = new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Accept };
            (await hub.ChangeAsync(again)).Generation.ShouldBe(6);
            (await hub.PublishedAsync(await hub.OrderAsync("e", new BuiltPackage("e", "1-1")))).Generation.ShouldBe(7);
            (await hub.Repository.GetAsync()).Problem.ShouldBeEmpty();
            (await hub.RunAsync(await hub.TokenAsync(TokenRole.Admin), "repo", "verify")).Succeeded();
        }
    }

    /// <summary>The hub dies at a step of the acceptance, and the operation is sent again.</summary>
    [Theory]
    [InlineData(PublicationStep.Begun)]
    [InlineData(PublicationStep.CurrentSwitched)]
    public async Task Accept_WhenTheHubStopsInItsMidst_IsDoneOnce(PublicationStep step)
    {
        await (await PublishedAsync()).DisposeAsync();
        SetBack("one back");
        var accept = new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Accept };
        BuildId build;
        var stop = new StopAt(step);
        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer, stop))
        {
            build = await hub.OrderAsync("d", new BuiltPackage("d", "1-1"));
            await BlockedAsync(hub, build);
            await hub.Repository.ChangeAsync(accept);
            await stop.Reached.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        }

        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer))
        {
            (await hub.ChangeAsync(accept)).State.ShouldBe(RepositoryChangeState.Done);
            (await hub.PublishedAsync(build)).Generation.ShouldBe(6);
            (await hub.ChangeAsync(accept)).State.ShouldBe(RepositoryChangeState.Done);
            (await hub.PackagesAsync()).ShouldBe(["a 1-1", "b 1-1", "d 1-1"]);
            (await hub.Repository.GetGenerationsAsync()).Select(generation => generation.Number).Where(number => number > 4).ShouldBe([6, 5]);
        }
    }

    /// <summary>Clients saw a generation of which the hub had not written that it is published: neither its number nor its order is lost.</summary>
    [Fact]
    public async Task Accept_WhenAPublicationWasBegun_UsesNoNumberTwiceAndLosesNoOrder()
    {
        await (await PublishedAsync()).DisposeAsync();
        BuildId begun;
        var stop = new StopAt(PublicationStep.CurrentSynced);
        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer, stop))
        {
            begun = await hub.OrderAsync("d", new BuiltPackage("d", "1-1"));
            await stop.Reached.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Token);
        }

        Path.GetFileName(new FileInfo(Current).LinkTarget).ShouldBe("4");
        SetBack("older copy");
        await using (var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer))
        {
            var behind = await hub.OrderAsync("e", new BuiltPackage("e", "1-1"));
            await BlockedAsync(hub, begun);

            var accepted = await hub.ChangeAsync(new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Accept });

            accepted.Generation.ShouldBe(5);
            (await hub.PublishedAsync(begun)).ShouldSatisfyAllConditions(
                news => news.State.ShouldBe(PublicationState.Published, news.Reason), news => news.Generation.ShouldBe(6));
            (await hub.PublishedAsync(behind)).Generation.ShouldBe(7);
            (await hub.PackagesAsync()).ShouldBe(["a 1-1", "b 1-1", "d 1-1", "e 1-1"]);
        }
    }

    private static async Task<string> BlockedAsync(RepositoryHub hub, BuildId build)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while (true)
        {
            var news = await hub.Repository.GetPublicationAsync(build, 1);
            news.State.ShouldBe(PublicationState.Pending);
            if (news.Reason.Length > 0)
            {
                return news.Reason;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        }
    }

    /// <summary>Three generations: a; a and b; a, b and c.</summary>
    private async Task<RepositoryHub> PublishedAsync()
    {
        await RepositoryHub.SeedAsync(_folder.Path, key.Gpg.Signer, ("a", [new BuiltPackage("a", "1-1")]));
        var hub = await RepositoryHub.StartAsync(_folder.Path, key.Gpg.Signer);
        await hub.PublishAsync(new BuiltPackage("b", "1-1"));
        Copy(Repository, Path.Combine(_folder.Path, "older"));
        await hub.PublishAsync(new BuiltPackage("c", "1-1"));
        return hub;
    }

    private void SetBack(string fault)
    {
        switch (fault)
        {
            case "one back" or "two back":
                File.Delete(Current);
                File.CreateSymbolicLink(Current, fault == "one back" ? "2" : "1");
                break;
            case "generations gone":
                Directory.Delete(Path.Combine(Repository, ".gen"), recursive: true);
                break;
            case "older copy":
                Directory.Delete(Repository, recursive: true);
                Copy(Path.Combine(_folder.Path, "older"), Repository);
                break;
            default:
                Directory.Delete(Repository, recursive: true);
                break;
        }
    }

    /// <summary>With links as links.</summary>
    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            var copy = Path.Combine(to, entry.Name);
            if (entry.LinkTarget is { } target)
            {
                File.CreateSymbolicLink(copy, target);
            }
            else if (entry is FileInfo file)
            {
                file.CopyTo(copy);
            }
            else
            {
                Copy(entry.FullName, copy);
            }
        }
    }

    private sealed class StopAt(PublicationStep stop) : IPublicationProbe
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        /// <summary>Nothing goes on from there in this process.</summary>
        public async ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken)
        {
            if (step == stop)
            {
                _reached.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
        }
    }
}
