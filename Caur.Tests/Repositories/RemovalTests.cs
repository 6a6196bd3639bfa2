using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Api.Repositories;
using Caur.Contracts.Repositories;
using Caur.Silo.Cli;
using Caur.Storage.Repositories;
using Caur.Tests.Api;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Repositories;

/// <summary>Removals and rollbacks from the command line to pacman, with everything real in between.</summary>
[SupportedOSPlatform("linux")]
public sealed class RemovalTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private static readonly string[] Singles = [.. Enumerable.Range(0, 8).Select(number => $"p{number}")];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AutoRepoRemove_OverARepository_KeepsWhatIsNamedAndPacmanSeesIt()
    {
        await using var hub = await StartAsync();
        await using var pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, $"{hub.Url}/repos/farm/x86_64");
        var ci = await hub.TokenAsync(TokenRole.Ci);
        await pacman.MustAsync("-Sy", "split-b");

        // Two of ten are a fifth. A class stands behind a name, and a folder that was never built is no error.
        string[] keep = ["auto-repo-remove", "--arch", "x86_64", "--target-repo", "farm", "--dry-run", .. Singles, "p0/9", "never-built"];
        var dry = (await hub.RunAsync(ci, keep)).Succeeded();
        dry.Output.ShouldStartWith("farm/x86_64: dry run: 2 of 10 packages would go (20 %,");
        dry.Output.ShouldMatch(@"(?m)^split-a +split +1-1 +- +\d+ B +split-a-1-1-x86_64\.pkg\.tar\.zst$");
        dry.Error.ShouldContain("1 of the names given have no package here");
        (await hub.PackagesAsync()).Length.ShouldBe(10);
        var done = (await hub.RunAsync(ci, [.. keep.Where(argument => argument != "--dry-run")])).Succeeded();
        done.Output.ShouldStartWith("farm/x86_64: 2 of 10 packages removed (20 %,");
        done.Output.Split('\n')[1..].ShouldBe(dry.Output.Split('\n')[1..], "the dry run said what was done then");

        (await ListAsync(pacman)).ShouldBe(Singles);
        (await pacman.RunAsync("-S", "split-a")).Error.ShouldContain("target not found: split-a");
        await pacman.MustAsync("-S", "p7");
        (await pacman.InstalledAsync()).ShouldBe(["p7 1-1", "split-b 1-1"]);
        (await hub.RunAsync(ci, [.. keep.Where(argument => argument != "--dry-run")])).Succeeded().Output.ShouldContain("nothing to do, generation 2 stays");

        // Two of eight are more than a fifth.
        string[] six = ["auto-repo-remove", "--target-repo", "farm", .. Singles[..6]];
        foreach (var refused in (string[][])[six, ["auto-repo-remove", "--dry-run", "--target-repo", "farm", .. Singles[..6]]])
        {
            var run = await hub.RunAsync(ci, refused);
            run.ExitCode.ShouldBe(ExitCodes.Failed);
            run.Error.ShouldContain("2 of 8 packages (25 %) would go, more than a fifth: p6, p7.");
        }

        using var problem = JsonDocument.Parse((await hub.RunAsync(ci, [.. six, "--json"])).Output);
        (problem.RootElement.GetProperty("code").GetString(), problem.RootElement.GetProperty("removed").GetInt32()).ShouldBe(("TooMuch", 2));
        (await ListAsync(pacman)).ShouldBe(Singles);
        (await hub.RunAsync(ci, ["auto-repo-remove", "--force", "--target-repo", "farm", .. Singles[..6]])).Succeeded().Output.ShouldContain("generation 3");
        (await ListAsync(pacman)).ShouldBe(Singles[..6]);
        hub.Log.ShouldContain(line => line.Contains("the Ci (token ") && line.Contains("orders Keep in farm/x86_64, operation ") && line.Contains("force True"));
    }

    [Fact]
    public async Task Rollback_AfterARemoval_BringsThePackagesBackAndTheNextBuildIsPublished()
    {
        await using var hub = await StartAsync();
        await using var pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, $"{hub.Url}/repos/farm/x86_64");
        var admin = await hub.TokenAsync(TokenRole.Admin);
        await hub.PublishAsync(new BuiltPackage("p0", "2-1"));
        (await hub.RunAsync(admin, "repo", "remove", "split")).Succeeded();
        (await hub.RunAsync(admin, "repo", "remove", "--package", "p1")).Succeeded();
        await pacman.MustAsync("-Sy", "p0");

        var dry = (await hub.RunAsync(admin, "repo", "rollback", "1", "--dry-run")).Succeeded();
        dry.Output.ShouldStartWith("farm/x86_64: dry run: 1 package would change, 3 come, 0 go.");
        dry.Error.ShouldContain("1 package gets a lower version");
        (await hub.RunAsync(admin, "repo", "rollback", "1")).Succeeded().Output.ShouldContain("1 package changed, 3 came, 0 went; generation 5.");

        await pacman.MustAsync("-Sy", "split-a", "p1");
        (await pacman.InstalledAsync()).ShouldBe(["p0 2-1", "p1 1-1", "split-a 1-1"]);
        await pacman.MustAsync("-Suu");
        (await pacman.InstalledAsync()).ShouldContain("p0 1-1");

        // The version that was rolled back is a taken file name, the ones above what is published are not.
        (await hub.PublishedAsync(await hub.OrderAsync("p0", new BuiltPackage("p0", "2-1") { Content = "again" }))).Reason
            .ShouldContain("raise its pkgrel");
        await hub.PublishAsync(new BuiltPackage("p0", "1-2"));
        (await hub.PackagesAsync()).ShouldContain("p0 1-2");

        var refused = await hub.RunAsync(admin, "repo", "rollback", "99");
        (refused.ExitCode, refused.Error.Trim()).ShouldBe((ExitCodes.Failed, "caur: generation 99 is not kept: there are 6, 5, 4, 3, 2, 1, the first of them now"));
        (await hub.RunAsync(admin, "repo", "rollback", "6")).Succeeded().Output.ShouldContain("nothing to do, generation 6 stays");
        var ci = await hub.RunAsync(await hub.TokenAsync(TokenRole.Ci), "repo", "rollback", "1");
        (ci.ExitCode, ci.Error).ShouldSatisfyAllConditions(pair => pair.ExitCode.ShouldBe(ExitCodes.TokenRefused), pair => pair.Error.ShouldContain("admin"));
    }

    [Fact]
    public async Task Remove_AfterTheGracePeriods_TakesTheFilesAndWhatNamedThem()
    {
        await using var hub = await StartAsync();
        var admin = await hub.TokenAsync(TokenRole.Admin);
        (await hub.RunAsync(admin, "repo", "remove", "split")).Succeeded();
        var file = Path.Combine(hub.Folders.Repositories, "farm", "x86_64", "split-a-1-1-x86_64.pkg.tar.zst");
        using var store = new RepositoryStore(hub.Folders.Repositories, "farm", "x86_64", key.Gpg.Signer, TimeProvider.System);
        var later = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(2);
        await store.CollectAsync(later, Token);
        File.Exists(file).ShouldBeTrue("the ten newest generations can come back");

        for (var version = 2; version < 11; version++)
        {
            await hub.PublishAsync(new BuiltPackage("p0", $"{version}-1"));
        }

        await store.CollectAsync(later, Token);
        File.Exists(file).ShouldBeFalse();
        (await hub.PackagesAsync()).ShouldNotContain("split-a 1-1");
        (await hub.RunAsync(admin, "repo", "rollback", "1")).Error.ShouldContain("generation 1 is not kept: there are 11, 10,");
        (await hub.RunAsync(admin, "repo", "verify")).Succeeded().Output.ShouldContain("generation 11 with 8 packages is sound.");
        await File.AppendAllTextAsync(Path.Combine(hub.Folders.Repositories, "farm", "x86_64", "p3-1-1-x86_64.pkg.tar.zst"), "x", Token);
        var damaged = await hub.RunAsync(admin, "repo", "verify");
        damaged.ExitCode.ShouldBe(ExitCodes.Failed);
        damaged.Output.ShouldMatch(@"(?m)^p3-1-1-x86_64\.pkg\.tar\.zst: it has \d+ bytes, the database says \d+$");
    }

    [Fact]
    public async Task Repo_ListAndShow_TellWhatThereIs()
    {
        await using var hub = await StartAsync();
        var ci = await hub.TokenAsync(TokenRole.Ci);
        (await hub.RunAsync(ci, "repo", "remove", "split", "--reason", "a test\nwith two lines")).Succeeded();

        // The order is put away behind what it did.
        var list = "";
        await ApiHub.UntilAsync(
            async () => (list = (await hub.RunAsync(ci, "repo", "list")).Succeeded().Output).TrimEnd().EndsWith('0'), "that nothing waits any more");
        list.ShouldMatch(@"(?m)^farm/x86_64 +8 +2 +\d{4}-.* UTC +2 +0$");
        var shown = (await hub.RunAsync(ci, "repo", "show")).Succeeded().Output;
        shown.ShouldMatch(@"(?m)^2 +.* UTC +8 +0 +2 +remove$");
        shown.ShouldMatch(@"(?m)^1 +.* UTC +10 +10 +0 +9 builds$");
        shown.ShouldMatch(@"(?m)^p7 +1-1 +p7 +\d+ B +p7-1-1-x86_64\.pkg\.tar\.zst$");
        using var json = JsonDocument.Parse((await hub.RunAsync(ci, "repo", "show", "--json")).Succeeded().Output);
        json.RootElement.GetProperty("packages").GetArrayLength().ShouldBe(8);
        json.RootElement.GetProperty("repository").GetProperty("generation").GetInt32().ShouldBe(2);
        hub.Log.ShouldContain(line => line.Contains("reason 'a test with two lines'"));
    }

    [Fact]
    public async Task Gateway_WhenAChangeIsRefused_TellsTypeAndNumbers()
    {
        await using var hub = await StartAsync();
        using var ci = await hub.ClientAsync(TokenRole.Ci);
        using var builder = await hub.ClientAsync(TokenRole.Builder);
        using var stranger = new HttpClient { BaseAddress = ci.BaseAddress };

        var tooMuch = await ProblemAsync(ci, "keep", new ChangeBody { Names = ["p1"] }, 409);
        tooMuch.GetProperty("type").GetString().ShouldBe("urn:caur:refused:TooMuch");
        (tooMuch.GetProperty("packages").GetInt32(), tooMuch.GetProperty("removed").GetInt32()).ShouldBe((10, 9));
        tooMuch.GetProperty("names").EnumerateArray().Select(name => name.GetString()).ShouldBe(["p0", "p2", "p3", "p4", "p5", "p6", "p7", "split-a", "split-b"]);
        (await ProblemAsync(ci, "keep", new ChangeBody(), 400)).GetProperty("code").GetString().ShouldBe("EmptyList");
        (await ProblemAsync(ci, "keep", new ChangeBody { Names = ["p1", null] }, 400)).GetProperty("code").GetString().ShouldBe("InvalidName");
        (await ProblemAsync(ci, "remove", new ChangeBody { Names = ["split-a"] }, 422)).GetProperty("code").GetString().ShouldBe("PartOfPkgbase");
        (await ProblemAsync(ci, "remove", new ChangeBody { Names = ["splti"] }, 422)).GetProperty("detail").GetString()!.ShouldContain("did you mean split?");
        (await ProblemAsync(ci, "keep", new ChangeBody { Names = [.. Enumerable.Range(0, RepositoryChange.MaxNames + 1).Select(number => $"n{number}")] }, 400))
            .GetProperty("code").GetString().ShouldBe("TooManyNames");
        (await ProblemAsync(await hub.ClientAsync(TokenRole.Admin), "rollback", new ChangeBody { Generation = 7 }, 422))
            .GetProperty("code").GetString().ShouldBe("UnknownGeneration");
        (await PostAsync(stranger, "keep", new ChangeBody { Names = ["p1"] })).Status.ShouldBe(401);
        (await PostAsync(builder, "keep", new ChangeBody { Names = ["p1"] })).Status.ShouldBe(403);
        (await PostAsync(ci, "rollback", new ChangeBody { Generation = 1 })).Status.ShouldBe(403);
        using var elsewhere = await ci.GetAsync("/api/v1/repositories/elsewhere/x86_64", Token);
        (await elsewhere.Content.ReadAsStringAsync(Token)).ShouldContain("this farm has farm/x86_64");
        (await hub.PackagesAsync()).Length.ShouldBe(10);
    }

    [Fact]
    public async Task Gateway_WithAHundredThousandNames_TakesThem()
    {
        await using var hub = await StartAsync();
        using var ci = await hub.ClientAsync(TokenRole.Ci);
        var names = Enumerable.Range(0, RepositoryChange.MaxNames - 9).Select(number => $"a-rather-long-name-of-a-package-{number}");
        var body = new ChangeBody { Names = [.. Singles, "split", .. names], Operation = Guid.NewGuid() };

        var (status, answer) = await PostAsync(ci, "keep", body);
        while (status == 202)
        {
            // A busy machine: each call waits for seconds, and asks for the same change.
            (status, answer) = await PostAsync(ci, "keep", body);
        }

        (status, answer.GetProperty("unknown_names").GetInt32(), answer.GetProperty("state").GetString()).ShouldBe((200, RepositoryChange.MaxNames - 9, "Done"));

        // The same operation again is the same answer, and the change can be asked for.
        (await PostAsync(ci, "keep", body)).Answer.GetRawText().ShouldBe(answer.GetRawText());
        (await ci.GetStringAsync($"/api/v1/repositories/farm/x86_64/changes/{body.Operation}", Token)).ShouldBe(answer.GetRawText());
        (await ci.GetAsync($"/api/v1/repositories/farm/x86_64/changes/{Guid.NewGuid()}", Token)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Packages_InPages_AreAllOfThem()
    {
        await using var hub = await StartAsync();
        using var anyone = new HttpClient { BaseAddress = new Uri(hub.Url) };
        var (names, after) = (new List<string>(), "");
        do
        {
            var page = JsonSerializer.Deserialize<PackagePage>(
                await anyone.GetStringAsync($"/api/v1/repositories/farm/x86_64/packages?limit=3{after}", Token), JsonText.Wire).ShouldNotBeNull();
            page.Packages.Length.ShouldBeInRange(1, 3);
            (page.Total, page.Generation).ShouldBe((10, 1));
            names.AddRange(page.Packages.Select(package => package.Pkgname));
            after = page.Next is { } next ? $"&after={next}" : "";
        }
        while (after.Length > 0);

        names.ShouldBe([.. Singles, "split-a", "split-b"]);
    }

    private async Task<RepositoryHub> StartAsync()
    {
        await RepositoryHub.SeedAsync(
            _folder["data"],
            key.Gpg.Signer,
            [("split", [new BuiltPackage("split-a", "1-1"), new BuiltPackage("split-b", "1-1")]), .. Singles.Select(name => (name, new[] { new BuiltPackage(name, "1-1") }))]);
        return await RepositoryHub.StartAsync(_folder["data"], key.Gpg.Signer);
    }

    private static async Task<string[]> ListAsync(PacmanClient pacman)
    {
        await pacman.MustAsync("-Sy");
        return [.. (await pacman.MustAsync("-Slq", "farm")).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static async Task<JsonElement> ProblemAsync(HttpClient client, string verb, ChangeBody body, int status)
    {
        var (got, answer) = await PostAsync(client, verb, body);
        got.ShouldBe(status, answer.GetRawText());
        return answer;
    }

    private static async Task<(int Status, JsonElement Answer)> PostAsync(HttpClient client, string verb, ChangeBody body)
    {
        using var content = System.Net.Http.Json.JsonContent.Create(body);
        using var answer = await client.PostAsync($"/api/v1/repositories/farm/x86_64/{verb}", content, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        using var json = JsonDocument.Parse(text.Length > 0 ? text : "{}");
        return ((int)answer.StatusCode, json.RootElement.Clone());
    }
}
