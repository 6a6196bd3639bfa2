using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Edge;

/// <summary>Who did what, and that nothing is done that is not written down.</summary>
public sealed class AuditTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private int _done;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Write_OfEveryOutcome_HasItsLinesBeforeItIsAnswered()
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);
        using var ci = await app.ClientAsync(TokenRole.Ci);
        using var anonymous = app.Client();
        var secret = await app.TokenAsync(TokenRole.Reader);

        (await PostAsync(admin, "/repositories/farm/x86_64/write?x=1", new
        {
            names = Enumerable.Range(0, 50).Select(i => $"p{i}"),
            token = "hush",
            password = "hush",
            nested = new { api_token = "hush" },
            other = $"Bearer {secret}",
            text = new string('t', 10_000),
        })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(admin, "/throw", new { target_repo = "farm" })).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await PostAsync(ci, "/throw", new { })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await PostAsync(anonymous, "/throw", new { })).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await admin.DeleteAsync("/api/v1/tokens/none", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var page = (await admin.GetFromJsonAsync<AuditPage>("/api/v1/audit?limit=1000", Cancelled)).ShouldNotBeNull();
        page.Entries.Select(entry => (entry.Event, entry.Method, entry.Status, entry.Of)).ShouldBe(
        [
            (AuditEvent.Begun, "POST", null, null), (AuditEvent.Ended, null, 200, 1),
            (AuditEvent.Begun, "POST", null, null), (AuditEvent.Ended, null, 500, 3),
            (AuditEvent.Refused, "POST", 403, null),
            (AuditEvent.Begun, "DELETE", null, null), (AuditEvent.Ended, null, 404, 6),
        ]);
        var first = page.Entries[0];
        (first.Name, first.Role, first.Address, first.Route, first.Target).ShouldBe(("test", "Admin", "127.0.0.1", "/repositories/{name}/{arch}/write", "farm/x86_64"));
        first.Path.ShouldBe("/repositories/farm/x86_64/write?x=1");
        first.Token.ShouldBe(app.Tokens.List()[0].Id);
        first.Request.ShouldBe(page.Entries[1].Request);
        page.Entries[2].Target.ShouldBe("farm");
        var body = first.Body.ShouldNotBeNull().GetRawText();
        body.ShouldContain("... and 40 more");
        body.Length.ShouldBeLessThan(4096);
        var file = await File.ReadAllTextAsync(_folder["audit.log"], TestContext.Current.CancellationToken);
        file.ShouldNotContain("hush");
        file.ShouldNotContain(secret);
        File.GetUnixFileMode(_folder["audit.log"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        (await admin.GetFromJsonAsync<AuditPage>($"/api/v1/audit?after={page.Next}", Cancelled))!.Entries.ShouldBeEmpty();
        (await admin.GetFromJsonAsync<AuditPage>("/api/v1/audit?after=2&limit=2", Cancelled))!.Entries.Select(entry => entry.Seq).ShouldBe([3, 4]);
        await (await admin.GetAsync("/api/v1/audit?after=-1", Cancelled)).ShouldBeProblemAsync(400);
        await (await ci.GetAsync("/api/v1/audit", Cancelled)).ShouldBeProblemAsync(403);
    }

    [Fact]
    public async Task Write_WhenTheAuditLogCannotBeWritten_IsNotCarriedOut()
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);
        File.CreateSymbolicLink(_folder["audit.log"], "/dev/full");

        (await (await PostAsync(admin, "/repositories/farm/x86_64/write", new { })).ShouldBeProblemAsync(507)).ShouldContain("audit");
        _done.ShouldBe(0);

        File.Delete(_folder["audit.log"]);
        Directory.CreateDirectory(_folder["audit.log"]);
        (await (await PostAsync(admin, "/repositories/farm/x86_64/write", new { })).ShouldBeProblemAsync(503)).ShouldContain("audit");
        _done.ShouldBe(0);

        Directory.Delete(_folder["audit.log"]);
        (await PostAsync(admin, "/repositories/farm/x86_64/write", new { })).StatusCode.ShouldBe(HttpStatusCode.OK);
        _done.ShouldBe(1);
    }

    [Fact]
    public async Task TokenVerb_BesideARunningHub_IsInTheSameLog()
    {
        await using var app = await StartAsync();
        using var admin = await app.ClientAsync(TokenRole.Admin);
        (await PostAsync(admin, "/repositories/farm/x86_64/write", new { })).StatusCode.ShouldBe(HttpStatusCode.OK);

        var made = (await CliRun.RunAsync(["token", "create", "--role", "ci", "--name", "pipe", "--data", _folder.Path])).Succeeded().Output.Trim();
        (await PostAsync(admin, "/repositories/farm/x86_64/write", new { })).StatusCode.ShouldBe(HttpStatusCode.OK);

        var entries = await app.Audit.ReadAsync(0, 100, TestContext.Current.CancellationToken);
        entries.Select(entry => entry.Seq).ShouldBe([1, 2, 3, 4, 5, 6]);
        (entries[2].Route, entries[2].Role, entries[2].Name).ShouldBe(("caur token create", "Local", Environment.UserName));
        entries[3].Outcome.ShouldNotBeNull().ShouldContain(app.Tokens.Find(made)!.Id);

        File.Delete(_folder["audit.log"]);
        File.CreateSymbolicLink(_folder["audit.log"], "/dev/full");
        var refused = await CliRun.RunAsync(["token", "create", "--role", "ci", "--name", "second", "--data", _folder.Path]);
        refused.ExitCode.ShouldBe(1);
        refused.Error.ShouldContain("nothing was done: the audit log");
        app.Tokens.List().ShouldNotContain(record => record.Name == "second");
    }

    private Task<EdgeApp> StartAsync() => EdgeApp.StartAsync(_folder.Path, routes =>
    {
        routes.MapPost("/repositories/{name}/{arch}/write", (string name, HttpContext context) => Interlocked.Increment(ref _done))
            .RequireAuthorization(AuthPolicies.Admin).WithMetadata(new TargetRouteAttribute("name"));
        routes.MapPost("/throw", string () => throw new InvalidOperationException("the inside")).RequireAuthorization(AuthPolicies.Admin);
    });

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, object body) =>
        client.PostAsync(path, new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"));
}
