using System.Net;
using System.Text.RegularExpressions;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Web;

/// <summary>How the pages and what they are made of are served.</summary>
public sealed partial class WebEndpointsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();
    private LogGateway _gateway = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _gateway = await LogGateway.StartAsync(_folder.Path);
        _http.BaseAddress = _gateway.Url;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>The page is asked for again each time; what it is made of is kept for ever under a name that changes with it.</summary>
    [Theory]
    [InlineData("/logs.html")]
    [InlineData("/logs/logs.html")]
    [InlineData("/logs.html?timestamp=1&id=x")]
    public async Task Page_WhenItHasNotChanged_IsNotSentAgain(string path)
    {
        using var page = await _http.GetAsync(path, Token);
        page.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        page.Headers.CacheControl!.NoCache.ShouldBeTrue();
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        using var answer = await _http.SendAsync(again, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await answer.Content.ReadAsByteArrayAsync(Token)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Assets_WhenThePageNamesThem_AreKeptForEverAndSaidToBeWhatTheyAre()
    {
        var page = await _http.GetStringAsync("/logs.html", Token);
        var names = Addresses().Matches(page).Select(match => match.Groups[1].Value).ToList();
        names.Count.ShouldBeGreaterThan(3);
        names.ShouldAllBe(name => !name.StartsWith('/') && !name.Contains(':', StringComparison.Ordinal), "relative ones work in any folder");
        foreach (var name in names.Where(name => name.StartsWith("web/", StringComparison.Ordinal)))
        {
            using var asset = await _http.GetAsync($"/logs/{name}", Token);
            asset.StatusCode.ShouldBe(HttpStatusCode.OK);
            asset.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromDays(365));
            asset.Headers.CacheControl.Extensions.ShouldContain(extension => extension.Name == "immutable");
            asset.Headers.ETag!.IsWeak.ShouldBeFalse();
            asset.Content.Headers.ContentType!.MediaType.ShouldBeOneOf("text/javascript", "text/css", "image/svg+xml");
            asset.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        }
    }

    /// <summary>During an update a page of the version before still gets its scripts, and nobody keeps them under the old name.</summary>
    [Fact]
    public async Task Asset_WhenItsVersionIsAnother_IsSentButNotKept()
    {
        using var asset = await _http.GetAsync("/web/0123456789abcdef/logs.js", Token);
        asset.StatusCode.ShouldBe(HttpStatusCode.OK);
        asset.Headers.CacheControl!.ToString().ShouldBe("no-cache");
    }

    [Theory]
    [InlineData("/web/x/nothing.js")]
    [InlineData("/web/x/..%2f..%2fCaur.Api.dll")]
    [InlineData("/web/x/%2e%2e/logs.js/x")]
    [InlineData("/web/x/")]
    [InlineData("/logs/x.html")]
    public async Task Asset_WhenThereIsNone_IsNotFound(string path)
    {
        using var answer = await _http.GetAsync(path, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("/logs.html")]
    [InlineData("/web/x/worker.js")]
    public async Task Page_Always_AllowsNothingButItsOwnFiles(string path)
    {
        using var page = await _http.GetAsync(path, Token);
        var policy = page.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
        policy.ShouldStartWith("default-src 'none'; script-src 'self';");
        policy.ShouldNotContain("unsafe");
        policy.ShouldNotContain("data:");
        policy.ShouldNotContain("*");
        policy.ShouldNotContain("http");
    }

    /// <summary>A browser that opens a log's own address must not guess that it is a page.</summary>
    [Fact]
    public async Task Log_WhenABrowserOpensItsAddress_IsTextWhateverIsInIt()
    {
        using var none = await _http.GetAsync("/api/logs/nothing", Token);
        none.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        none.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", "text/html")]
    [InlineData("*/*", "text/plain")]
    [InlineData(null, "text/plain")]
    public async Task Root_WhoeverAsks_GetsAPageOrAFewLines(string? accept, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var answer = await _http.SendAsync(request, Token);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe(type);
        answer.Headers.Vary.ShouldContain("Accept");
    }

    [GeneratedRegex("(?:href|src)=\"([^#\"]+)\"")]
    private static partial Regex Addresses();
}
