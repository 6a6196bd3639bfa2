using System.Net;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Tests.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Api;

/// <summary>The lists of real repositories, page by page.</summary>
[SupportedOSPlatform("linux")]
public sealed class RepositoryApiTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Lists_WhenReadInPages_HaveEachOnceAndTellWhatIsPublished()
    {
        await using var hub = await RepositoryHub.StartAsync(_folder["data"], key.Gpg.Signer);
        using var http = new HttpClient { BaseAddress = new Uri(hub.Url) };
        await hub.PublishAsync(new BuiltPackage("gtk+"), new BuiltPackage("lib"));
        await hub.PublishAsync(new BuiltPackage("app"));

        var packages = await PagesAsync(http, "/api/v1/repositories/farm/x86_64/packages", "packages");
        var generations = await PagesAsync(http, "/api/v1/repositories/farm/x86_64/generations", "items");
        var known = await PagesAsync(http, "/api/v1/packages", "items");

        packages.Select(package => package.GetProperty("pkgname").GetString()).ShouldBe(["app", "gtk+", "lib"]);
        var numbers = generations.Select(generation => generation.GetProperty("number").GetInt32()).ToList();
        numbers.Count.ShouldBeGreaterThanOrEqualTo(2);
        numbers.ShouldBe(Enumerable.Range(1, numbers.Count).Reverse());
        known.Select(package => package.GetProperty("pkgbase").GetString()).ShouldBe(["app", "gtk+", "lib"]);
        var published = known[1].GetProperty("published")[0];
        (published.GetProperty("target").GetString(), published.GetProperty("pkgname").GetString()).ShouldBe(("farm/x86_64", "gtk+"));
        (await http.GetAsync("/api/v1/repositories/farm/x86_64/packages?limit=-1", Token)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Repository_WhenItDidNotChange_IsNotSentAgain()
    {
        await using var hub = await RepositoryHub.StartAsync(_folder["data"], key.Gpg.Signer);
        using var http = new HttpClient { BaseAddress = new Uri(hub.Url) };
        await hub.PublishAsync(new BuiltPackage("lib"));
        await hub.SettledAsync();
        using var first = await http.GetAsync("/api/v1/repositories/farm/x86_64", Token);

        (await AgainAsync(http, first)).ShouldBe(HttpStatusCode.NotModified);
        await hub.PublishAsync(new BuiltPackage("app"));
        (await AgainAsync(http, first)).ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<HttpStatusCode> AgainAsync(HttpClient http, HttpResponseMessage first)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, first.RequestMessage!.RequestUri);
        request.Headers.IfNoneMatch.Add(first.Headers.ETag.ShouldNotBeNull());
        using var answer = await http.SendAsync(request, Token);
        return answer.StatusCode;
    }

    private static async Task<List<JsonElement>> PagesAsync(HttpClient http, string path, string list)
    {
        var (items, after) = (new List<JsonElement>(), (string?)null);
        do
        {
            var page = await http.GetFromJsonAsync<JsonElement>($"{path}?limit=1{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}", Token);
            items.AddRange(page.GetProperty(list).EnumerateArray());
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        return items;
    }
}
