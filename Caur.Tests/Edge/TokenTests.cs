using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Tests.Edge;

/// <summary>What tokens may, what they are bound to, and how they end.</summary>
public sealed class TokenTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("\"Builder,Reader\"")] // their numbers together are another role's
    [InlineData("\"Ci, Admin\"")]
    [InlineData("\"2\"")]
    [InlineData("2")]
    [InlineData("\"king\"")]
    [InlineData("null")]
    public async Task Create_WhenTheRoleIsNotOneWord_MakesNothing(string role)
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);
        using var body = new StringContent($$"""{"role":{{role}},"name":"x"}""", Encoding.UTF8, "application/json");

        using var answer = await admin.PostAsync("/api/v1/tokens", body, Cancelled);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync(Cancelled)).ShouldContain("Ci, Builder");
        app.Tokens.List().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Tokens_ThroughTheRoutesAndTheVerb_AreTheSame()
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);

        using var answer = await admin.PostAsJsonAsync(
            "/api/v1/tokens", new { role = "ci", name = "pipe", targets = new[] { "farm" }, expires = "2999-01-01T00:00:00Z" }, Cancelled);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var made = (await answer.Content.ReadFromJsonAsync<TokenCreated>(Cancelled)).ShouldNotBeNull();
        made.Token.ShouldMatch("^caur_[0-9a-f]{64}$");
        var byVerb = (await CliRun.RunAsync(["token", "create", "--role", "ci", "--target-repo", "side/x86_64", "--target-repo", "farm", "--data", _folder.Path]))
            .Succeeded().Output.Trim();
        (await CliRun.RunAsync(["token", "list", "--data", _folder.Path])).Succeeded().Output.ShouldMatch($"(?m)^{made.Id} +ci +pipe +farm +.* 2999-01-01 00:00$");

        using var client = app.Client(byVerb);
        (await client.PostAsync("/repositories/farm/aarch64/write", null, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var listed = await admin.GetStringAsync("/api/v1/tokens", Cancelled);
        listed.ShouldNotContain("caur_");
        listed.ShouldNotContain(app.Tokens.Find(byVerb)!.Hash);
        var views = JsonSerializer.Deserialize<TokenView[]>(listed, JsonSerializerOptions.Web).ShouldNotBeNull();
        views.Select(view => string.Join(' ', view.Targets)).ShouldBe(["", "farm", "side/x86_64 farm"]);
        views[2].LastUsed.ShouldNotBeNull().ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        views[1].LastUsed.ShouldBeNull();

        // Revoked by the one, gone at once for the other.
        (await CliRun.RunAsync(["token", "revoke", views[2].Id, "--data", _folder.Path])).Succeeded();
        await (await client.PostAsync("/repositories/farm/x86_64/write", null, Cancelled)).ShouldBeProblemAsync(401);
        using var second = app.Client(made.Token);
        (await second.PostAsync("/repositories/farm/x86_64/write", null, Cancelled)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await admin.DeleteAsync($"/api/v1/tokens/{made.Id}", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await (await second.PostAsync("/repositories/farm/x86_64/write", null, Cancelled)).ShouldBeProblemAsync(401);
        (await CliRun.RunAsync(["token", "list", "--data", _folder.Path])).Succeeded().Output.ShouldNotContain(made.Id);
        await (await admin.DeleteAsync($"/api/v1/tokens/{made.Id}", Cancelled)).ShouldBeProblemAsync(404);
    }

    [Fact]
    public async Task LastUsed_WhenTheHubHasEnded_IsStillTold()
    {
        string token;
        await using (var app = await StartAsync())
        {
            token = await app.TokenAsync(TokenRole.Reader, "used");
            await app.TokenAsync(TokenRole.Reader, "unused");
            using var client = app.Client(token);
            (await client.GetStringAsync("/read", Cancelled)).ShouldBe("read");
            File.Exists(_folder["tokens.used.json"]).ShouldBeFalse();
        }

        using var listed = JsonDocument.Parse((await CliRun.RunAsync(["token", "list", "--json", "--data", _folder.Path])).Succeeded().Output);
        listed.RootElement.EnumerateArray().ToDictionary(view => view.GetProperty("name").GetString()!, view => view.GetProperty("last_used").ValueKind)
            .ShouldBe(new Dictionary<string, JsonValueKind> { ["used"] = JsonValueKind.String, ["unused"] = JsonValueKind.Null }, ignoreOrder: true);
    }

    [Fact]
    public async Task Tokens_WhenMadeByRoutesAndVerbAtOnce_AreAllKept()
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            if (i % 2 == 0)
            {
                (await admin.PostAsJsonAsync("/api/v1/tokens", new { role = "ci", name = $"t{i}" })).StatusCode.ShouldBe(HttpStatusCode.Created);
            }
            else
            {
                (await CliRun.RunAsync(["token", "create", "--role", "ci", "--name", $"t{i}", "--data", _folder.Path])).Succeeded();
            }
        }));

        app.Tokens.List().Count.ShouldBe(21);
        app.Tokens.List().Select(record => record.Id).Distinct().Count().ShouldBe(21);
    }

    [Theory]
    [InlineData("""{"role":"ci","targets":["../x"]}""", "name")]
    [InlineData("""{"role":"ci","targets":["a/b/c"]}""", "name")]
    [InlineData("""{"role":"admin","targets":["farm"]}""", "only tokens of the role ci")]
    [InlineData("""{"role":"builder","name":""}""", "builder's name")]
    [InlineData("""{"role":"builder","name":"../x"}""", "builder's name")]
    [InlineData("""{"role":"ci","name":"a\u0000b"}""", "control character")]
    [InlineData("""{"role":"ci","expires":"2001-01-01T00:00:00Z"}""", "over already")]
    [InlineData("""{"role":"ci","expires":"soon"}""", "$.expires")]
    [InlineData("""{"role":7}""", "one of Ci, Builder, Admin, Reader is wanted")]
    [InlineData("""{"name":"x"}""", "a role is wanted")]
    public async Task Create_WhenWhatIsWantedIsNoToken_SaysWhatIs(string body, string expected)
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);

        (await (await admin.PostAsync("/api/v1/tokens", Json(body), Cancelled)).ShouldBeProblemAsync(400)).ShouldContain(expected);

        app.Tokens.List().Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("farm", "/repositories/farm/x86_64/write", 200)]
    [InlineData("farm", "/repositories/side/x86_64/write", 403)]
    [InlineData("farm", "/repositories/Farm/x86_64/write", 403)]
    [InlineData("farm/x86_64", "/repositories/farm/x86_64/write", 200)]
    [InlineData("farm/x86_64", "/repositories/farm/aarch64/write", 403)]
    [InlineData("farm", "/body?farm", 200)]
    [InlineData("farm", "/body?side", 403)]
    [InlineData("farm", "/says-nothing", 403)]
    [InlineData("farm", "/builders/box/take", 403)]
    [InlineData("", "/says-nothing", 200)]
    [InlineData("", "/repositories/side/x86_64/write", 200)]
    [InlineData("", "/api/v1/tokens", 403)]
    public async Task Write_WithACiToken_IsHeldToItsRepositories(string bound, string path, int expected)
    {
        await using var app = await StartAsync();
        using var client = app.Client(await app.TokenAsync(TokenRole.Ci, targets: bound.Length > 0 ? [bound] : []));
        var body = path.Split('?') is [_, var target] ? $$"""{"target":"{{target}}"}""" : "{}";

        using var answer = await client.PostAsync(path, Json(body), Cancelled);

        if (expected == 200)
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        else
        {
            await answer.ShouldBeProblemAsync(expected);
        }

        // Reading is public, also for who is bound.
        (await client.GetAsync("/read", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(TokenRole.Builder, "box", 200)]
    [InlineData(TokenRole.Builder, "box2", 403)]
    [InlineData(TokenRole.Admin, "box2", 200)]
    [InlineData(TokenRole.Ci, "box", 403)]
    [InlineData(TokenRole.Reader, "box", 403)]
    public async Task BuilderRoute_WithAToken_IsForThatBuilderAlone(TokenRole role, string name, int expected)
    {
        await using var app = await StartAsync();
        using var client = app.Client(await app.TokenAsync(role, name));

        ((int)(await client.PostAsync("/builders/box/take", null, Cancelled)).StatusCode).ShouldBe(expected);
        ((int)(await client.GetAsync("/builders/box/link", Cancelled)).StatusCode).ShouldBe(expected);
        (await client.PostAsync("/repositories/farm/x86_64/write", null, Cancelled)).StatusCode.ShouldBe(
            role is TokenRole.Ci or TokenRole.Admin ? HttpStatusCode.OK : HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Request_WithAWrongToken_IsRefusedAndSaysWhy()
    {
        await using var app = await StartAsync();
        var ended = await app.TokenAsync(TokenRole.Admin, expires: TimeProvider.System.GetUtcNow().AddMilliseconds(1));
        var good = await app.TokenAsync(TokenRole.Admin);
        await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancelled);

        foreach (var (header, expected) in new[]
        {
            ($"Bearer {ended}", "has ended at"),
            ($"Bearer caur_{new string('0', 64)}", "unknown"),
            ($"Bearer {good}x", "unknown"),
            ($"Bearer {good.ToUpperInvariant()}", "unknown"),
            ($"Bearer {good},{good}", "unknown"),
            ("Bearer", "unknown"),
            ($"Bearer {new string('a', 20_000)}", "no token of this farm"),
            ($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"x:{good}y"))}", "unknown"),
        })
        {
            // Also where nobody needs one.
            foreach (var path in new[] { "/says-nothing", "/read" })
            {
                using var client = app.Client();
                client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
                using var answer = path == "/read" ? await client.GetAsync(path, Cancelled) : await client.PostAsync(path, Json("{}"), Cancelled);
                (await answer.ShouldBeProblemAsync(401)).ShouldContain(expected);
                answer.Headers.WwwAuthenticate.ToString().ShouldContain("invalid_token");
            }
        }

        var twice = await RawHttp.AskAsync(app.Url, $"POST /says-nothing HTTP/1.1\nHost: x\nAuthorization: Bearer {good}\nAuthorization: Bearer {good}\nContent-Length: 0\n\n");
        twice.Status.ShouldBe(401);
        var foreign = await RawHttp.AskAsync(app.Url, "POST /says-nothing HTTP/1.1\nHost: x\nAuthorization: Bearer \u00e4\u00ff\nContent-Length: 0\n\n");
        foreign.Status.ShouldBeOneOf(400, 401);

        // The password of a reverse proxy is none of ours.
        using var proxied = app.Client();
        proxied.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("me:mine"u8));
        (await proxied.GetAsync("/read", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await (await proxied.PostAsync("/says-nothing", Json("{}"), Cancelled)).ShouldBeProblemAsync(401);
    }

    [Theory]
    [InlineData("public", "/read", 200, 200)]
    [InlineData("public", "/repos/farm/x86_64/x", 200, 200)]
    [InlineData("packages", "/read", 401, 200)]
    [InlineData("packages", "/nowhere", 401, 404)]
    [InlineData("packages", "/repos/farm/x86_64/x", 200, 200)]
    [InlineData("private", "/repos/farm/x86_64/x", 401, 200)]
    [InlineData("private", "/health/live", 200, 200)]
    public async Task Reading_AsConfigured_WantsAToken(string reading, string path, int anonymous, int reader)
    {
        await using var app = await StartAsync(("CAUR_READING", reading));
        using var nobody = app.Client();
        using var somebody = await app.ClientAsync(TokenRole.Reader);

        ((int)(await nobody.GetAsync(path, Cancelled)).StatusCode).ShouldBe(anonymous);
        ((int)(await somebody.GetAsync(path, Cancelled)).StatusCode).ShouldBe(reader);
        (await somebody.PostAsync("/says-nothing", Json("{}"), Cancelled)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Reading_WhenPrivate_TakesTheTokenAsAPasswordAsPacmanSendsIt()
    {
        await using var app = await StartAsync(("CAUR_READING", "private"));
        var token = await app.TokenAsync(TokenRole.Reader);
        var result = await Processes.RunAsync(
            "curl", ["--silent", "--show-error", "--include", $"http://mirror:{token}@127.0.0.1:{app.Url.Port}/repos/farm/x86_64/x"]);

        result.Output.ShouldContain("200 OK");
        result.Output.ShouldContain("Cache-Control: private, max-age=5");
        result.Output.ShouldEndWith("a package");
    }

    [Fact]
    public async Task Stream_WhenItsTokenIsRevoked_Ends()
    {
        await using var app = await StartAsync();
        var token = await app.TokenAsync(TokenRole.Reader);
        using var client = app.Client(token);
        using var stream = await client.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var body = await stream.Content.ReadAsStreamAsync(Cancelled);
        (await body.ReadAsync(new byte[100], Cancelled)).ShouldBe(6);

        await app.Tokens.RevokeAsync(app.Tokens.Find(token)!.Id, Cancelled);

        await Should.ThrowAsync<IOException>(async () => await body.ReadAsync(new byte[100], Cancelled).AsTask().DefaultTimeout("the end of the stream"));
    }

    [Fact]
    public async Task Requests_WhenTheFileOfTokensIsDamaged_AreRefusedWithoutItsPath()
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);
        await File.WriteAllTextAsync(_folder["tokens.json"], "[{", Cancelled);

        var detail = await (await admin.PostAsync("/says-nothing", Json("{}"), Cancelled)).ShouldBeProblemAsync(503);
        detail.ShouldContain("tokens cannot be read");
        detail.ShouldNotContain(_folder.Path);
    }

    private Task<EdgeApp> StartAsync(params (string Name, string Value)[] variables) =>
        EdgeApp.StartAsync(_folder.Path, Map, variables.ToDictionary(pair => pair.Name, pair => pair.Value));

    private static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/repositories/{name}/{arch}/write", (string name, string arch) => "done")
            .RequireAuthorization(AuthPolicies.Remove).WithMetadata(new TargetRouteAttribute("name"));
        routes.MapPost("/body", (Body body) => "done").RequireAuthorization(AuthPolicies.Schedule);
        routes.MapPost("/says-nothing", () => "done").RequireAuthorization(AuthPolicies.Schedule);
        routes.MapPost("/builders/{builder}/take", (string builder) => "done")
            .RequireAuthorization(AuthPolicies.Builder).WithMetadata(new BuilderRouteAttribute("builder"));
        routes.MapGet("/builders/{builder}/link", (string builder) => "linked")
            .RequireAuthorization(AuthPolicies.Builder).WithMetadata(new BuilderRouteAttribute("builder"));
        routes.MapGet("/read", () => "read");
        routes.MapGet("/health/live", () => "ok");
        routes.MapGet("/repos/{**path}", (string path, HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "public, max-age=5";
            return TypedResults.Text("a package");
        });
        routes.MapGet("/stream", async (HttpContext context) =>
        {
            context.Response.Headers["X-Accel-Buffering"] = "no";
            await context.Response.WriteAsync("begun\n", context.RequestAborted);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private sealed record Body(string Target) : ITargetBody
    {
        string ITargetBody.TargetName => Target;

        string ITargetBody.TargetArch => "x86_64";
    }
}
