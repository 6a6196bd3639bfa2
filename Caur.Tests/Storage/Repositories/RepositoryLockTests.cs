using System.Diagnostics;
using System.Runtime.Versioning;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

/// <summary>Two stores upon one folder, as two processes have it.</summary>
[SupportedOSPlatform("linux")]
public sealed class RepositoryLockTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TestFarm _farm = new(key.Gpg.Signer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string LockFile => Path.Combine(Path.GetDirectoryName(_farm.Store.Folder)!, $".lock-{Path.GetFileName(_farm.Store.Folder)}");

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task ApplyAsync_WhenTwoPublishAtOnce_EveryBuildIsInAGenerationOfItsOwn()
    {
        RepositoryStore[] stores = [_farm.Store, _farm.Open()];
        var names = Enumerable.Range(0, 6).Select(number => $"package{number}").ToList();
        var builds = new List<BuildToPublish>();
        foreach (var name in names)
        {
            builds.Add(await _farm.LandAsync(name, new BuiltPackage(name, "1-1")));
        }

        var numbers = await Task.WhenAll(stores.Select((store, index) => Task.Run(() => PublishAllAsync(store, builds.Where((_, at) => at % 2 == index)))));

        numbers.SelectMany(found => found).Order().ShouldBe([1, 2, 3, 4, 5, 6]);
        numbers.ShouldAllBe(found => found.SequenceEqual(found.Order()));
        (await _farm.EntriesAsync()).ShouldBe(names.Select(name => $"{name} 1-1"));
        await _farm.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task ExclusivelyAsync_WhenAnotherPlansAndApplies_ComesAfterBoth()
    {
        var (first, second) = (_farm.Store, _farm.Open());
        var one = await _farm.LandAsync("one", new BuiltPackage("one", "1-1"));
        var two = await _farm.LandAsync("two", new BuiltPackage("two", "1-1"));
        Task<PublicationResult>? other = null;

        var mine = await first.ExclusivelyAsync(
            async () =>
            {
                var plan = (await first.PlanAsync(Request(one), Token)).Plan!;
                other = Task.Run(() => PublishAloneAsync(second, two));
                return await first.ApplyAsync(plan, Token);
            },
            Token);

        (mine.Status, mine.Generation).ShouldBe((PublicationStatus.Published, 1));
        var theirs = await other!;
        (theirs.Status, theirs.Generation).ShouldBe((PublicationStatus.Published, 2));
    }

    [Theory]
    [InlineData(PublicationStep.GenerationWritten)]
    [InlineData(PublicationStep.LinksPlaced)]
    public async Task ApplyAsync_WhenAnotherPublishedMeanwhileInSpiteOfTheLock_EndsStale(PublicationStep step)
    {
        await _farm.PublishAsync("base", "1-1");
        var fast = _farm.Store;
        var other = await _farm.LandAsync("fast", new BuiltPackage("fast", "1-1"));
        var slow = _farm.Open(new At(step, async () =>
        {
            File.Delete(LockFile);
            (await PublishAloneAsync(fast, other)).Generation.ShouldBe(2);
        }));

        var build = await _farm.LandAsync("slow", new BuiltPackage("slow", "1-1"));
        var result = await PublishAloneAsync(slow, build);

        (result.Status, result.Generation).ShouldBe((PublicationStatus.Stale, 2));
        (await _farm.EntriesAsync()).ShouldBe(["base 1-1", "fast 1-1"]);
        _farm.Store.ListGenerations().Select(generation => generation.Number).ShouldBe([2, 1]);
        await _farm.ShouldBeSoundAsync();
        (await PublishAllAsync(fast, [build])).ShouldBe([3]);
    }

    [Fact]
    public async Task ApplyAsync_WhenTheProcessWithTheLockIsKilled_GoesOn()
    {
        await _farm.PublishAsync("base", "1-1");
        var build = await _farm.LandAsync("next", new BuiltPackage("next", "1-1"));
        var waits = new TaskCompletionSource();
        using var store = new RepositoryStore(_farm.Root, "farm", "x86_64", key.Gpg.Signer, _farm.Time, waits: () => waits.TrySetResult());
        using var holder = Process.Start(new ProcessStartInfo("flock", ["--no-fork", LockFile, "sh", "-c", "echo held; exec cat"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            (await holder.StandardOutput.ReadLineAsync(Token)).ShouldBe("held");
            var publication = PublishAloneAsync(store, build);
            await waits.Task.WaitAsync(Token);
            store.CurrentGeneration.ShouldBe(1);
            holder.Kill();

            (await publication).Generation.ShouldBe(2);
        }
        finally
        {
            holder.Kill();
        }
    }

    [Fact]
    public async Task VerifyAsync_WhenTheLockFileLiesThere_FindsNothingAndNothingTakesIt()
    {
        await _farm.PublishAsync("base", "1-1");

        await _farm.Store.CollectAsync(_farm.Time.GetUtcNow().AddDays(90), Token);
        await _farm.ShouldBeSoundAsync();

        File.Exists(LockFile).ShouldBeTrue();
    }

    private static PublicationRequest Request(BuildToPublish build) => new() { Id = $"publication of {build.Build}", Builds = [build] };

    private static async Task<PublicationResult> PublishAloneAsync(RepositoryStore store, BuildToPublish build) =>
        await store.ExclusivelyAsync(async () => await store.ApplyAsync((await store.PlanAsync(Request(build), Token)).Plan!, Token), Token);

    /// <summary>Plans and applies each by itself, and anew when the plan does not fit any more.</summary>
    private static async Task<List<int>> PublishAllAsync(RepositoryStore store, IEnumerable<BuildToPublish> builds)
    {
        var numbers = new List<int>();
        foreach (var build in builds)
        {
            PublicationResult result;
            do
            {
                result = await store.ApplyAsync((await store.PlanAsync(Request(build), Token)).Plan!, Token);
            }
            while (result.Status == PublicationStatus.Stale);

            result.Status.ShouldBe(PublicationStatus.Published);
            numbers.Add(result.Generation);
        }

        return numbers;
    }

    private sealed class At(PublicationStep step, Func<Task> action) : IPublicationProbe
    {
        public async ValueTask AtAsync(PublicationStep reached, CancellationToken cancellationToken)
        {
            if (reached == step)
            {
                await action();
            }
        }

        public ValueTask AtAsync(CollectionStep reached, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
