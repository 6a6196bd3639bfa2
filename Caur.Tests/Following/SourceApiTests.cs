using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Contracts.Farm;
using Caur.Tests.Api;
using Caur.Tests.Sources;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Following;

/// <summary>Webhooks and orders over HTTP, as forges and people send them; nothing is looked at without them.</summary>
public sealed class SourceApiTests : IAsyncLifetime
{
    private const string Secret = "nobody guesses it";
    private const string Hook = "/api/v1/sources/packages/webhook";
    private const string Runs = "/api/v1/sources/packages/runs";

    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _hub = await ApiHub.StartAsync(more: services => services.PostConfigure<FarmOptions>(options =>
        {
            options.SourceRepositories["packages"].WebhookSecret = Secret;
            options.SourceRepositories["closed"] = new SourceRepositoryOptions { Url = "https://git.example.org/closed.git" };
        }));

        // It looks once when it comes up, and there is nothing yet.
        await ApiHub.UntilAsync(
            async () => (await _hub.GetAsync("/api/v1/sources/packages")).TryGetProperty("problem", out var problem) && problem.ValueKind == JsonValueKind.String,
            "the first look");
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Webhook_OfEachSender_StartsOneRunAndADeliveryAgainNone()
    {
        var first = await CommitAsync("a");
        (await PostAsync(Body(first), ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", Secret))).ShouldBe((HttpStatusCode.Accepted, "Taken"));
        (await EndedAsync(1)).GetProperty("cause").GetString().ShouldBe("Webhook");
        (await PostAsync(Body(first), ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", Secret))).ShouldBe((HttpStatusCode.OK, "Known"));

        var second = await CommitAsync("b");
        (await PostAsync(Body(second), ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", Signature(Body(second))))).ShouldBe((HttpStatusCode.Accepted, "Taken"));
        (await EndedAsync(2)).GetProperty("summary").GetString().ShouldBe("1 scheduled, 0 removed");

        var third = await CommitAsync("c");
        (await PostAsync(Body(third), ("X-Hub-Signature-256", Signature(Body(third))))).ShouldBe((HttpStatusCode.Accepted, "Taken"));
        await EndedAsync(3);

        (await _hub.GetAsync(Runs)).GetArrayLength().ShouldBe(3);
        (await _hub.Queue().GetAsync()).Items.Select(item => item.Build.Pkgbase).Order().ShouldBe(["a", "b", "c"]);
        var source = await _hub.GetAsync("/api/v1/sources/packages");
        source.GetProperty("commit").GetString().ShouldBe(third);
        source.GetProperty("following").GetBoolean().ShouldBeFalse();
        source.GetProperty("webhook").GetBoolean().ShouldBeTrue();
        var why = await _hub.GetAsync("/api/v1/packages/packages/b/why");
        why.GetProperty("summary")[0].GetString().ShouldStartWith($"scheduled by run 2 (on-commit) at {second[..10]}: ");
        (await _hub.Http.GetStringAsync("/metrics", Token)).ShouldSatisfyAllConditions(
            text => text.ShouldContain("caur_webhooks_total{verdict=\"Taken\"} 3"),
            text => text.ShouldContain("caur_webhooks_total{verdict=\"Known\"} 1"),
            text => text.ShouldContain("caur_pipelines_runs_total{outcome=\"Succeeded\",pipeline=\"on-commit\"} 3"));
    }

    [Fact]
    public async Task Webhook_ThatIsForgedOrOwnOrNoPush_StartsNothing()
    {
        var commit = await CommitAsync("a");
        var (body, skips) = (Body(commit), Body(commit, "chore(update): a [skip ci]"));

        (await RefusedAsync(Hook, body, ("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Token", "guessed"))).ShouldBe(HttpStatusCode.Unauthorized);
        (await RefusedAsync(Hook, body, ("X-GitHub-Event", "push"), ("X-Hub-Signature-256", Signature(skips)))).ShouldBe(HttpStatusCode.Unauthorized);
        (await RefusedAsync(Hook, body)).ShouldBe(HttpStatusCode.Unauthorized);
        (await RefusedAsync("/api/v1/sources/closed/webhook", body, ("X-Hub-Signature-256", Signature(body)))).ShouldBe(HttpStatusCode.Forbidden);
        (await RefusedAsync("/api/v1/sources/none/webhook", body, ("X-Hub-Signature-256", Signature(body)))).ShouldBe(HttpStatusCode.NotFound);
        (await RefusedAsync(Hook, "[]", ("X-Hub-Signature-256", Signature("[]")))).ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(skips, ("X-Hub-Signature-256", Signature(skips)))).ShouldBe((HttpStatusCode.OK, "Own"));
        (await PostAsync(body, ("X-GitHub-Event", "ping"), ("X-Hub-Signature-256", Signature(body)))).ShouldBe((HttpStatusCode.OK, "Ignored"));

        (await _hub.GetAsync(Runs)).GetArrayLength().ShouldBe(0);
        (await _hub.Http.GetStringAsync("/metrics", Token)).ShouldContain("caur_webhooks_total{verdict=\"Refused\"} 5");
    }

    [Fact]
    public async Task Order_ByAPipelinesToken_AnswersTheRunsAddressWhereItIsFollowed()
    {
        var commit = await CommitAsync("a");
        using var ci = await _hub.ClientAsync(TokenRole.Ci);
        using var reader = await _hub.ClientAsync(TokenRole.Reader);
        using var events = await SseClient.OpenAsync(_hub.Http, "/api/v1/events?type=run");

        using var refused = await reader.PostAsJsonAsync(Runs, new { }, Token);
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var unknown = await ci.PostAsJsonAsync(Runs, new { pipeline = "on-comit" }, Token);
        (await ApiHub.RefusalAsync(unknown)).ShouldBe((HttpStatusCode.UnprocessableEntity, "there is no pipeline 'on-comit'; known: add, bump, drop, on-commit, on-schedule, schedule"));
        using var answer = await ci.PostAsJsonAsync(Runs, new { pipeline = "on-commit", dry_run = true }, Token);

        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        answer.Headers.Location.ShouldNotBeNull().ToString().ShouldBe($"{Runs}/1");
        var run = await EndedAsync(1);
        (run.GetProperty("dry_run").GetBoolean(), run.GetProperty("commit").GetString(), run.GetProperty("builds").GetInt32()).ShouldBe((true, commit, 1));
        (await _hub.Queue().GetAsync()).Items.ShouldBeEmpty();
        using var missing = await _hub.Http.GetAsync($"{Runs}/2", Token);
        (await ApiHub.RefusalAsync(missing)).Status.ShouldBe(HttpStatusCode.NotFound);
        using var nothing = await _hub.Http.GetAsync("/api/v1/packages/packages/z/why", Token);
        (await ApiHub.RefusalAsync(nothing)).Status.ShouldBe(HttpStatusCode.NotFound);

        var told = new List<string>();
        while (told.Count == 0 || !told[^1].EndsWith("Succeeded", StringComparison.Ordinal))
        {
            var data = (await events.NextAsync()).Data;
            told.Add($"{data.GetProperty("step").GetString()} {data.GetProperty("step_state").GetString()} {data.GetProperty("state").GetString()}");
        }

        told[0].ShouldBe("  Running");
        told.ShouldContain("decide Running Running");
        told.ShouldContain("decide Done Running");
    }

    private static string Body(string commit, string message = "change") => JsonSerializer.Serialize(new
    {
        object_kind = "push",
        @ref = "refs/heads/main",
        after = commit,
        repository = new { clone_url = "https://git.example.org/packages.git" },
        head_commit = new { id = commit, message },
    });

    private static string Signature(string body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(body)))}";

    private async Task<string> CommitAsync(string pkgbase)
    {
        await new GitWorkTree(_hub.SourceFolder).GitAsync("config", "receive.denyCurrentBranch", "ignore");
        return await new GitWorkTree(_hub.SourceFolder).CommitAsync(
            (".ci/config", "BUILD_REPO=packages\nREPO_NAME=repo\n"),
            ($"{pkgbase}/PKGBUILD", ""),
            ($"{pkgbase}/.SRCINFO", $"pkgbase = {pkgbase}\npkgver = 1\npkgrel = 1\narch = any\n\npkgname = {pkgbase}\n"));
    }

    private async Task<(HttpStatusCode Status, string? Verdict)> PostAsync(string body, params (string Name, string Value)[] headers)
    {
        using var answer = await SendAsync(Hook, body, headers);
        var text = await answer.Content.ReadAsStringAsync(Token);
        answer.IsSuccessStatusCode.ShouldBeTrue(text);
        return (answer.StatusCode, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("verdict").GetString());
    }

    private async Task<HttpStatusCode> RefusedAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var answer = await SendAsync(path, body, headers);
        return (await ApiHub.RefusalAsync(answer)).Status;
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string body, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await _hub.Http.SendAsync(request, Token);
    }

    private async Task<JsonElement> EndedAsync(long number)
    {
        var run = default(JsonElement);
        await ApiHub.UntilAsync(
            async () =>
            {
                using var answer = await _hub.Http.GetAsync($"{Runs}/{number}", Token);
                run = answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("run") : default;
                return run.ValueKind == JsonValueKind.Object && run.GetProperty("state").GetString() is not ("Waiting" or "Running");
            },
            $"run {number} ends");
        run.GetProperty("state").GetString().ShouldBe("Succeeded", run.ToString());
        return run;
    }
}
