using System.Net;
using System.Net.Http.Json;
using Caur.Silo.Cli;
using Caur.Tests.Cli;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Api;

/// <summary>What whoever only looks may expect of every route.</summary>
public sealed class ReadingTests : IAsyncLifetime
{
    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await ApiHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Head_WhereverGetWorks_HasItsStatusAndHeadersAndNoBody()
    {
        await _hub.EnqueueAsync("a");
        string[] live = ["/api/v1/events", "/api/manager/logs"];
        var paths = _hub.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains("GET") == true)
            .Select(route => $"/{route.RoutePattern.RawText!.Trim('/')}")
            .Where(path => !path.Contains('{'))
            .Append("/api/v1/packages/packages/a").Append("/api/v1/packages/packages/none").Append("/api/logs/a?follow=false").Append("/nothing/here")
            .Except(live)
            .ToList();
        paths.Count.ShouldBeGreaterThan(15);
        foreach (var path in paths)
        {
            using var get = await _hub.Admin.GetAsync(path, Token);
            using var head = await _hub.Admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Token);
            (head.StatusCode, head.Content.Headers.ContentType?.ToString()).ShouldBe((get.StatusCode, get.Content.Headers.ContentType?.ToString()), path);
            (await head.Content.ReadAsByteArrayAsync(Token)).ShouldBeEmpty(path);
        }

        foreach (var path in live)
        {
            using var head = await _hub.Admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Token);
            (head.StatusCode, head.Content.Headers.ContentType?.MediaType).ShouldBe((HttpStatusCode.OK, "text/event-stream"), path);
        }

        using var write = await _hub.Admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/api/v1/queue/reset"), Token);
        write.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await _hub.GetAsync("/api/v1/queue")).GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    /// <summary>What stands behind a source repository is a package, whatever it is called.</summary>
    [Fact]
    public async Task Package_CalledBuilds_IsShown()
    {
        await _hub.EnqueueAsync("builds", "nothing");
        await _hub.EnqueueAsync("nothing");

        (await _hub.GetAsync("/api/v1/packages/packages/builds")).GetProperty("pkgbase").GetString().ShouldBe("builds");
        (await _hub.GetAsync("/api/v1/packages/builds/builds")).GetArrayLength().ShouldBe(1);
        (await _hub.GetAsync("/api/v1/packages/nothing/builds")).GetArrayLength().ShouldBe(1);
        (await _hub.GetAsync("/api/v1/packages/unknown/builds")).GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Package_WhenUnknown_NamesTheNearest()
    {
        await _hub.EnqueueAsync("guile1.8");

        (await ApiHub.RefusalAsync(await _hub.Http.GetAsync("/api/v1/packages/packages/guile18", Token))).Detail.ShouldEndWith("did you mean guile1.8?");
    }

    [Theory]
    [InlineData("/openapi/v2.json", "There is nothing here")]
    [InlineData("/repos/repo/x86_64/none", "There is nothing here")]
    [InlineData("/api/v1/repositories/none/x86_64/changes/11111111-1111-1111-1111-111111111111", "There is no such repository")]
    public async Task Get_OfNothing_IsAProblemWithATitleOfOurs(string path, string title)
    {
        using var answer = await _hub.Admin.GetAsync(path, Token);

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var problem = await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(Token);
        problem.GetProperty("title").GetString().ShouldBe(title);
    }

    [Fact]
    public async Task Post_WithAnIdThatIsNone_SaysWhatIsWanted() =>
        (await ApiHub.RefusalAsync(await _hub.Admin.PostAsJsonAsync("/api/queue/promote", new { build = "x" }, Token))).Detail
            .ShouldContain("'x' is no build id: target/arch/pkgbase/timestamp is wanted");

    [Theory]
    [InlineData("build", "list")]
    [InlineData("queue")]
    public async Task State_ThatIsNone_IsWrongUsage(params string[] verb)
    {
        var run = await CliRun.RunAsync([.. verb, "--state", "Running,bogus", "--server", _hub.Url.ToString()]);

        run.ExitCode.ShouldBe(ExitCodes.Usage);
        run.Error.ShouldContain("--state is 'bogus', and one or more of Waiting, Assigned,");
        (await CliRun.RunAsync([.. verb, "--state", "running,WAITING", "--server", _hub.Url.ToString()])).Succeeded();
    }

    /// <summary>The answer to an operation that is known is that of the order which it stands for: another order under it is refused.</summary>
    [Fact]
    public async Task Operation_OfAnotherOrder_IsRefused()
    {
        await _hub.CommitAsync(("a", null), ("b", null));
        var operation = Guid.NewGuid();
        var schedule = (params string[] wanted) => _hub.Admin.PostAsJsonAsync(
            "/api/queue/schedule", new { source_repo = "packages", target_repo = "repo", packages = wanted.Select(pkgbase => new { pkgbase }), operation }, Token);
        (await schedule("a")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await schedule("a")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var other = await ApiHub.RefusalAsync(await schedule("b"));
        other.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        other.Detail.ShouldContain($"operation {operation} stands for another order already, of repo/x86_64/a/");
        (await ApiHub.RefusalAsync(await schedule("a", "b"))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await _hub.GetAsync("/api/v1/queue")).GetProperty("items").GetArrayLength().ShouldBe(1);

        var change = Guid.NewGuid();
        var first = await _hub.Admin.PostAsJsonAsync("/api/v1/repositories/repo/x86_64/remove", new { names = new[] { "none" }, operation = change }, Token);
        var reused = await ApiHub.RefusalAsync(
            await _hub.Admin.PostAsJsonAsync("/api/v1/repositories/repo/x86_64/rollback", new { generation = 1, operation = change }, Token));
        reused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        reused.Detail.ShouldContain($"operation {change} stands for another order in repo/x86_64 already, a removal");
        var named = await ApiHub.RefusalAsync(
            await _hub.Admin.PostAsJsonAsync("/api/v1/repositories/repo/x86_64/remove", new { names = new[] { "other" }, operation = change }, Token));
        named.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        named.Detail.ShouldContain($"operation {change} stands for another order in repo/x86_64 already");
        var again = await _hub.Admin.PostAsJsonAsync("/api/v1/repositories/repo/x86_64/remove", new { names = new[] { "none" }, operation = change }, Token);
        again.StatusCode.ShouldBe(first.StatusCode);
    }
}
