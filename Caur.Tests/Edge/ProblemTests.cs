using System.Net.Http.Headers;
using System.Text;
using Caur.Api.Auth;
using Caur.Api.Repositories;
using Caur.Tests.Logs;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Edge;

/// <summary>Every error is a problem with a request id, whoever finds it.</summary>
public sealed class ProblemTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Error_OfEveryKind_IsAProblemThatSaysWhatToDo()
    {
        var log = new ErrorLog();
        await using var app = await EdgeApp.StartAsync(
            _folder.Path,
            routes =>
            {
                routes.MapGet("/number/{n:int}", (int n, int limit) => n + limit);
                routes.MapGet("/throw", string () => throw new InvalidOperationException("the inside"));
                routes.MapGet("/bare", () => TypedResults.StatusCode(418));
                routes.MapPost("/write", (TokenBody body) => "written").RequireAuthorization(AuthPolicies.Admin);
            },
            new Dictionary<string, string> { ["CAUR_MAX_BODY"] = "1" },
            log: log);
        using var anonymous = app.Client();
        using var admin = await app.ClientAsync(TokenRole.Admin);
        using var ci = await app.ClientAsync(TokenRole.Ci);

        (await (await anonymous.GetAsync("/nowhere", Cancelled)).ShouldBeProblemAsync(404)).ShouldContain("/nowhere");
        (await (await anonymous.DeleteAsync("/throw", Cancelled)).ShouldBeProblemAsync(405)).ShouldContain("GET");
        (await (await anonymous.GetAsync("/number/1?limit=many", Cancelled)).ShouldBeProblemAsync(400)).ShouldBe("limit is 'many', and a whole number is wanted");
        (await (await anonymous.GetAsync("/number/1", Cancelled)).ShouldBeProblemAsync(400)).ShouldContain("limit is wanted");
        await (await anonymous.GetAsync("/bare", Cancelled)).ShouldBeProblemAsync(418);
        (await (await anonymous.PostAsync("/write", null, Cancelled)).ShouldBeProblemAsync(401)).ShouldContain("role admin");
        (await (await ci.PostAsync("/write", null, Cancelled)).ShouldBeProblemAsync(403)).ShouldContain("role is ci");
        (await (await admin.PostAsync("/write", null, Cancelled)).ShouldBeProblemAsync(400)).ShouldContain("body is wanted");
        (await (await admin.PostAsync("/write", new StringContent("x=1"), Cancelled)).ShouldBeProblemAsync(415)).ShouldContain("application/json");
        (await (await admin.PostAsync("/write", Json("""{"role":"King"}"""), Cancelled)).ShouldBeProblemAsync(400)).ShouldContain("$.role");
        (await (await admin.PostAsync("/write", Json("{\"name\":"), Cancelled)).ShouldBeProblemAsync(400)).ShouldContain("line 1");

        // Whoever sends on when it was refused may find the connection closed before the answer is read.
        using var large = new HttpRequestMessage(HttpMethod.Post, "/write") { Content = Json(new string(' ', 2 << 20)), Headers = { ExpectContinue = true } };
        await (await admin.SendAsync(large, Cancelled)).ShouldBeProblemAsync(413);

        log.Errors.ShouldBeEmpty();
        (await (await anonymous.GetAsync("/throw", Cancelled)).ShouldBeProblemAsync(500)).ShouldContain("request id");
        // It is logged when it was answered.
        await Until.TrueAsync(() => log.Errors.Count > 0, "the error's line");
        log.Errors.ShouldHaveSingleItem().ShouldContain("the inside");
    }

    [Fact]
    public async Task Error_WithAPathOfTheHub_ShowsItToAdminsOnly()
    {
        await using var app = await EdgeApp.StartAsync(
            _folder.Path,
            routes => routes.MapGet("/full", string () => throw new IOException($"No space left on device : '{_folder["logs"]}/x' and '{_folder["tokens.json"]}'", 28)));
        using var anonymous = app.Client();
        using var ci = await app.ClientAsync(TokenRole.Ci);
        using var admin = await app.ClientAsync(TokenRole.Admin);

        foreach (var client in new[] { anonymous, ci })
        {
            (await (await client.GetAsync("/full", Cancelled)).ShouldBeProblemAsync(507))
                .ShouldBe("No space left on device : 'the logs' folder/x' and 'the data folder/tokens.json'");
        }

        (await (await admin.GetAsync("/full", Cancelled)).ShouldBeProblemAsync(507)).ShouldContain(_folder["logs"]);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("folder/file")]
    public async Task File_ThatWasRemovedSinceItWasFound_IsNotThere(string name)
    {
        var log = new ScopeLog();
        await using var app = await EdgeApp.StartAsync(
            _folder.Path, routes => routes.MapGet("/repos/gone", IResult () => new RepositoryFileResult(_folder[name])), log: log);
        using var client = app.Client();

        using var answer = await client.GetAsync("/repos/gone", Cancelled);

        (await answer.ShouldBeProblemAsync(404)).ShouldBe(RepositoryFileResult.Missing);
        answer.Headers.CacheControl?.NoStore.ShouldBe(true);
        log.ScopesOfErrors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Error_WhenTheClientTakesOnlyHtml_IsAProblemAllTheSame()
    {
        await using var app = await EdgeApp.StartAsync(_folder.Path);
        using var client = app.Client();
        client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));

        await (await client.GetAsync("/nowhere", Cancelled)).ShouldBeProblemAsync(404);
    }

    [Fact]
    public async Task RequestId_WhenTheClientsIsSane_IsKeptOtherwiseANewOneIsMade()
    {
        var log = new ScopeLog();
        await using var app = await EdgeApp.StartAsync(
            _folder.Path,
            routes =>
            {
                routes.MapGet("/id", (HttpContext context) => context.TraceIdentifier);
                routes.MapGet("/throw", string () => throw new InvalidOperationException("the inside"));
            },
            log: log);
        using var client = app.Client();

        (await AskAsync("abc-123_X.y:9")).ShouldBe(("abc-123_X.y:9", "abc-123_X.y:9"));
        foreach (var insane in new[] { "", "a b", "a\"b", "<script>", new string('a', 129), "a,b" })
        {
            var (header, body) = await AskAsync(insane);
            header.ShouldMatch("^[0-9a-f]{32}$");
            body.ShouldBe(header);
        }

        var twice = await RawHttp.AskAsync(app.Url, "GET /id HTTP/1.1\nHost: x\nX-Request-Id: a\nX-Request-Id: b\n\n");
        twice["X-Request-Id"].ShouldNotBeNull().ShouldMatch("^[0-9a-f]{32}$");

        using var failing = new HttpRequestMessage(HttpMethod.Get, "/throw") { Headers = { { "X-Request-Id", "the-failing-one" } } };
        (await client.SendAsync(failing, Cancelled)).Headers.GetValues("X-Request-Id").ShouldBe(["the-failing-one"]);
        await Until.TrueAsync(() => log.ScopesOfErrors.Any(scope => scope.Contains("the-failing-one")), "an error within the request's scope");

        async Task<(string Header, string Body)> AskAsync(string id)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/id");
            request.Headers.TryAddWithoutValidation("X-Request-Id", id);
            using var answer = await client.SendAsync(request);
            return (answer.Headers.GetValues("X-Request-Id").Single(), await answer.Content.ReadAsStringAsync());
        }
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
