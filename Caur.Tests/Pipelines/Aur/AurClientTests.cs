using System.Globalization;
using Caur.Pipelines.Aur;
using Caur.Tests.Pacman;

namespace Caur.Tests.Pipelines.Aur;

public sealed class AurClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AskAsync_WhenFewAreAsked_UsesRpcByPkgname()
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("libc++", 5);
        aur.Set("split-a", 7, pkgbase: "split");
        var answer = await aur.Ask().AskAsync([Query("libc++"), new AurQuery("split", ["split-a", "split-b"]), Query("gone")], Token);
        answer.Value!.Packages.ToDictionary(package => package.Key, package => package.Value.LastModified)
            .ShouldBe(new Dictionary<string, long> { ["libc++"] = 5, ["split"] = 7 }, ignoreOrder: true);
        answer.Value.Newest.ShouldBe(7);
        aur.Requests.ShouldHaveSingleItem().Target.ShouldBe("/rpc/v5/info?arg[]=libc%2B%2B&arg[]=split-a&arg[]=gone");
    }

    [Fact]
    public async Task AskAsync_WhenManyAreAsked_LoadsMetadataOnce()
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("a", 5);
        aur.Set("b", 6);
        aur.Set("other", 9);
        var answer = await aur.Ask(aur.Options with { MostByRpc = 1 }).AskAsync([Query("a"), Query("b")], Token);
        answer.Value!.Packages.Keys.ShouldBe(["a", "b"], ignoreOrder: true);
        answer.Value.Newest.ShouldBe(9);
        aur.Requests.ShouldHaveSingleItem().Target.ShouldBe("/packages-meta-v1.json.gz");
    }

    [Fact]
    public async Task AskAsync_WhenMetadataHaveNotChanged_TakesWhatIsRemembered()
    {
        using var folder = new TempFolder();
        await using var aur = await AurStandIn.StartAsync();
        var options = aur.Options with { MostByRpc = 0 };
        aur.Set("a", 5);
        aur.Set("b", 6);
        await aur.Ask(options, Cache(folder)).AskAsync([Query("a"), Query("b"), Query("gone")], Token);

        var again = await aur.Ask(options, Cache(folder)).AskAsync([Query("a"), Query("gone")], Token);
        again.Value!.Packages.Keys.ShouldBe(["a"]);
        again.Value.Newest.ShouldBe(6);
        aur.Requests[1].Headers.Keys.ShouldContain("If-None-Match");
    }

    [Fact]
    public async Task AskAsync_WhenMetadataHaveChanged_ReadsThemAnew()
    {
        using var folder = new TempFolder();
        await using var aur = await AurStandIn.StartAsync();
        var options = aur.Options with { MostByRpc = 0 };
        aur.Set("a", 5);
        await aur.Ask(options, Cache(folder)).AskAsync([Query("a")], Token);
        aur.Set("a", 50);
        (await aur.Ask(options, Cache(folder)).AskAsync([Query("a")], Token)).Value!.Packages["a"].LastModified.ShouldBe(50);
    }

    [Fact]
    public async Task AskAsync_WhenAnotherPackageIsAsked_DoesNotTrustWhatIsRemembered()
    {
        using var folder = new TempFolder();
        await using var aur = await AurStandIn.StartAsync();
        var options = aur.Options with { MostByRpc = 0 };
        aur.Set("a", 5);
        aur.Set("b", 6);
        await aur.Ask(options, Cache(folder)).AskAsync([Query("a")], Token);
        (await aur.Ask(options, Cache(folder)).AskAsync([Query("a"), Query("b")], Token)).Value!.Packages.Keys.ShouldBe(["a", "b"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"From":"METADATA","Asked":null,"Packages":[]}""")]
    [InlineData("""{"From":"METADATA","EntityTag":"x","Asked":["a"],"Packages":[null]}""")]
    public async Task AskAsync_WhenWhatIsRememberedIsDamaged_LoadsAnew(string content)
    {
        using var folder = new TempFolder();
        await using var aur = await AurStandIn.StartAsync();
        await File.WriteAllTextAsync(folder["aur.json"], content.Replace("METADATA", aur.Options.Metadata.AbsoluteUri, StringComparison.Ordinal), Token);
        aur.Set("a", 5);
        var answer = await aur.Ask(aur.Options with { MostByRpc = 0 }, Cache(folder)).AskAsync([Query("a")], Token);
        answer.Value!.Packages.Keys.ShouldBe(["a"]);
    }

    [Fact]
    public async Task AskAsync_WhenNothingCanBeRemembered_AnswersAllTheSame()
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("a", 5);
        var answer = await aur.Ask(aur.Options with { MostByRpc = 0 }, new AurCache("/dev/null/folder/aur.json")).AskAsync([Query("a")], Token);
        answer.Value!.Packages.Keys.ShouldBe(["a"]);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 300)]
    public async Task AskAsync_WhenOneWayFails_GoesTheOther(bool metadata, int mostByRpc)
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("a", 5);
        aur.MetadataFail = metadata;
        aur.RpcFails = !metadata;
        (await aur.Ask(aur.Options with { MostByRpc = mostByRpc }).AskAsync([Query("a")], Token)).Value!.Packages["a"].LastModified.ShouldBe(5);
    }

    [Fact]
    public async Task AskAsync_WhenBothFail_TellsBoth()
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.MetadataFail = aur.RpcFails = true;
        var problem = (await aur.Ask().AskAsync([Query("a")], Token)).Problem!;
        problem.ShouldContain("/rpc/v5/info failed twice: it answered 500");
        problem.ShouldContain("/packages-meta-v1.json.gz failed twice: it answered 500");
    }

    [Fact]
    public async Task AskAsync_WhenNothingIsAsked_AsksNobody()
    {
        await using var aur = await AurStandIn.StartAsync();
        (await aur.Ask().AskAsync([], Token)).Value!.Packages.ShouldBeEmpty();
        aur.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task MaintainersAsync_WhenMetadataDoNotTellThem_AsksForThemAlone()
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("a", 5, "ann", null, "bob", "eve");
        aur.Set("b", 6);
        var client = aur.Ask(aur.Options with { MostByRpc = 0 });
        var known = (await client.AskAsync([Query("a"), Query("b")], Token)).Value!;
        known.Packages["a"].Maintainers.ShouldBeNull();
        (await client.MaintainersAsync([Query("a")], known, Token)).Value!.Packages["a"].Maintainers.ShouldBe(["ann", "bob", "eve"]);
        aur.Requests[^1].Target.ShouldBe("/rpc/v5/info?arg[]=a");
    }

    [Fact]
    public void Requests_WhenThereAreManyNames_KeepsEachUrlShortAndLosesNone()
    {
        var options = new AurOptions { LongestUrl = 400, MostNames = 9 };
        string[] names = [.. Enumerable.Range(0, 100).Select(number => string.Create(CultureInfo.InvariantCulture, $"name+{new string('x', number % 37)}{number}"))];
        var urls = AurRpc.Requests(options, names).Select(uri => uri.OriginalString).ToArray();
        urls.ShouldAllBe(url => url.Length <= 400 && url.Split("arg[]=", StringSplitOptions.None).Length - 1 <= 9);
        urls.SelectMany(url => url.Split("arg[]=").Skip(1)).Select(part => Uri.UnescapeDataString(part.TrimEnd('&'))).ShouldBe(names);
    }

    [Fact]
    public void Requests_WhenOneNameAloneIsTooLong_AsksForItAlone() =>
        AurRpc.Requests(new AurOptions { LongestUrl = 60 }, ["a", new string('x', 100), "b"]).Count().ShouldBe(3);

    private static AurCache Cache(TempFolder folder) => new(folder["aur.json"]);

    private static AurQuery Query(string name) => new(name, [name]);
}
