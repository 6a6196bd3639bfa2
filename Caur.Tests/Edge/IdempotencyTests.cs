using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Api.Idempotency;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Edge;

/// <summary>One key, one write, one answer.</summary>
public sealed class IdempotencyTests : IDisposable
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _done;
    private int _status = 200;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Write_WhenRepeatedWithItsKey_GetsTheFirstAnswerAlsoAfterARestart()
    {
        string token, first;
        await using (var app = await StartAsync())
        {
            token = await app.TokenAsync(TokenRole.Admin);
            using var client = app.Client(token);
            using var answer = await SendAsync(client, "key-1", "body");
            first = await answer.Content.ReadAsStringAsync(Cancelled);
            first.ShouldBe("\"body 1\"");
            answer.Headers.Contains("Idempotency-Replayed").ShouldBeFalse();

            using var again = await SendAsync(client, "key-1", "body");
            again.Headers.GetValues("Idempotency-Replayed").ShouldBe(["true"]);
            again.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
            (await again.Content.ReadAsStringAsync(Cancelled)).ShouldBe(first);
        }

        await using (var app = await StartAsync())
        {
            using var client = app.Client(token);
            using var again = await SendAsync(client, "key-1", "body");
            (await again.Content.ReadAsStringAsync(Cancelled)).ShouldBe(first);
            (await (await SendAsync(client, "key-2", "body")).Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"body 2\"");

            // Somebody else's key of the same name is another one.
            using var other = await app.ClientAsync(TokenRole.Admin);
            (await (await SendAsync(other, "key-1", "body")).Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"body 3\"");
        }

        _done.ShouldBe(3);
    }

    [Fact]
    public async Task Write_WhenRepeatedAtAnotherGateway_GetsTheFirstAnswer()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var token = await a.TokenAsync(TokenRole.Admin);
        using var atA = a.Client(token);
        using var atB = b.Client(token);

        // Both have read the folder before.
        (await SendAsync(atB, "earlier", "body")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await (await SendAsync(atA, "key", "body")).Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"body 2\"");

        using var again = await SendAsync(atB, "key", "body");
        again.Headers.GetValues("Idempotency-Replayed").ShouldBe(["true"]);
        (await again.Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"body 2\"");
        await (await SendAsync(atB, "key", "other")).ShouldBeProblemAsync(422);
        _done.ShouldBe(2);
    }

    [Fact]
    public async Task Write_WhenSentToTwoGatewaysAtOnce_IsCarriedOutOnce()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync(patience: TimeSpan.FromMilliseconds(50));
        await using var patient = await StartAsync(patience: TimeSpan.FromSeconds(30));
        var token = await a.TokenAsync(TokenRole.Admin);
        using var atA = a.Client(token);
        using var atB = b.Client(token);
        using var atPatient = patient.Client(token);
        var first = SendAsync(atA, "key", "wait");
        await _entered.Task.DefaultTimeout("the first request's begin");

        await (await SendAsync(atB, "key", "wait")).ShouldBeProblemAsync(409);
        await (await SendAsync(atB, "key", "other")).ShouldBeProblemAsync(422);
        var second = SendAsync(atPatient, "key", "wait");
        _gate.SetResult();

        (await (await first).Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"wait 1\"");
        (await (await second).Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"wait 1\"");
        _done.ShouldBe(1);
    }

    [Fact]
    public async Task Write_WhenAGatewayLeftNoAnswer_IsCarriedOutAtAnotherUnderTheSameOperation()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        var token = await a.TokenAsync(TokenRole.Admin);
        using var atA = a.Client(token);
        using var atB = b.Client(token);
        (await SendAsync(atB, "earlier", "body")).StatusCode.ShouldBe(HttpStatusCode.OK);
        _status = 503;
        var failed = await (await SendAsync(atA, "key", "{}", path: "/operation")).Content.ReadFromJsonAsync<Guid>(Cancelled);
        _status = 200;

        // What one that was killed leaves: the key without an answer, and the file of its lock, which nobody holds.
        var slot = Directory.EnumerateFiles(_folder["idempotency"], "*.json").MaxBy(File.GetLastWriteTimeUtc)!;
        await File.WriteAllTextAsync(Path.ChangeExtension(slot, ".lock"), "", Cancelled);

        var done = await (await SendAsync(atB, "key", "{}", path: "/operation")).Content.ReadFromJsonAsync<Guid>(Cancelled);

        done.ShouldBe(failed);
        done.ShouldNotBe(Guid.Empty);
        Directory.EnumerateFiles(_folder["idempotency"], "*.lock").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("PUT", "/write", "body")]
    [InlineData("POST", "/write?more=1", "body")]
    [InlineData("POST", "/write", "other")]
    [InlineData("POST", "/write", "")]
    public async Task Write_WhenTheKeyStandsForAnotherRequest_IsRefused(string method, string path, string body)
    {
        await using var app = await StartAsync();
        using var client = await app.ClientAsync(TokenRole.Admin);
        (await SendAsync(client, "key", "body")).StatusCode.ShouldBe(HttpStatusCode.OK);

        using var answer = await SendAsync(client, "key", body, method, path);

        (await answer.ShouldBeProblemAsync(422)).ShouldContain("another request");
        _done.ShouldBe(1);
    }

    [Fact]
    public async Task Write_WhenSentTwiceAtOnce_IsCarriedOutOnceAndAnsweredTwice()
    {
        await using var app = await StartAsync(patience: TimeSpan.FromSeconds(30));
        using var client = await app.ClientAsync(TokenRole.Admin);

        var first = SendAsync(client, "key", "wait");
        await _entered.Task.DefaultTimeout("the first request's begin");
        var more = Enumerable.Range(0, 5).Select(_ => SendAsync(client, "key", "wait")).ToList();
        (await SendAsync(client, "key", "body")).StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        _gate.SetResult();

        (await (await first).Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"wait 1\"");
        foreach (var answer in await Task.WhenAll(more))
        {
            (await answer.Content.ReadAsStringAsync(Cancelled)).ShouldBe("\"wait 1\"");
        }

        _done.ShouldBe(1);
    }

    [Fact]
    public async Task Write_WhenTheFirstTakesTooLong_IsToldToAskAgain()
    {
        await using var app = await StartAsync(patience: TimeSpan.FromMilliseconds(50));
        using var client = await app.ClientAsync(TokenRole.Admin);
        var first = SendAsync(client, "key", "wait");
        await _entered.Task.DefaultTimeout("the first request's begin");

        using var second = await SendAsync(client, "key", "wait");

        await second.ShouldBeProblemAsync(409);
        second.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
        _gate.SetResult();
        (await first).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await SendAsync(client, "key", "wait")).StatusCode.ShouldBe(HttpStatusCode.OK);
        _done.ShouldBe(1);
    }

    [Fact]
    public async Task Write_WhenTheFarmFailed_IsCarriedOutAgainUnderTheSameOperation()
    {
        await using var app = await StartAsync();
        using var client = await app.ClientAsync(TokenRole.Admin);
        _status = 503;
        var failed = await (await SendAsync(client, "key", "{}", path: "/operation")).Content.ReadFromJsonAsync<Guid>(Cancelled);
        _status = 200;

        var done = await (await SendAsync(client, "key", "{}", path: "/operation")).Content.ReadFromJsonAsync<Guid>(Cancelled);

        done.ShouldBe(failed);
        done.ShouldNotBe(Guid.Empty);
        _done.ShouldBe(2);
        (await (await SendAsync(client, "other", "{}", path: "/operation")).Content.ReadFromJsonAsync<Guid>(Cancelled)).ShouldNotBe(done);
        var own = Guid.NewGuid();
        (await (await SendAsync(client, "third", JsonSerializer.Serialize(new { operation = own }), path: "/operation")).Content.ReadFromJsonAsync<Guid>(Cancelled))
            .ShouldBe(own);
    }

    [Fact]
    public async Task Write_WhenItWasRefused_IsRefusedAgainWithTheSameWords()
    {
        await using var app = await StartAsync();
        using var client = await app.ClientAsync(TokenRole.Admin);
        _status = 409;
        (await SendAsync(client, "key", "{}", path: "/operation")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        _status = 200;

        (await SendAsync(client, "key", "{}", path: "/operation")).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        _done.ShouldBe(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("ü")]
    [InlineData("long")]
    [InlineData("twice")]
    public async Task Write_WhenTheKeyIsNone_IsRefused(string key)
    {
        await using var app = await StartAsync();
        var token = await app.TokenAsync(TokenRole.Admin);
        key = key == "long" ? new string('k', 256) : key == "twice" ? "a\nIdempotency-Key: b" : key;

        var answer = await RawHttp.AskAsync(
            app.Url, $"POST /write HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\nIdempotency-Key: {key}\nContent-Length: 0\n\n");

        answer.Status.ShouldBe(400, answer.Headers + answer.Body);
        _done.ShouldBe(0);
    }

    [Fact]
    public async Task TokenCreation_WhenRepeatedWithItsKey_KeepsTheSecretInNoFile()
    {
        string admin, made, id;
        await using (var app = await StartAsync())
        {
            admin = await app.TokenAsync(TokenRole.Admin);
            using var client = app.Client(admin);
            using var answer = await SendAsync(client, "make", """{"role":"Ci","name":"x"}""", path: "/api/v1/tokens");
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancelled));
            (made, id) = (json.RootElement.GetProperty("token").GetString()!, json.RootElement.GetProperty("id").GetString()!);
            (await (await SendAsync(client, "make", """{"role":"Ci","name":"x"}""", path: "/api/v1/tokens")).Content.ReadAsStringAsync(Cancelled))
                .ShouldContain(made);
        }

        foreach (var file in Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories))
        {
            (await File.ReadAllTextAsync(file, Cancelled)).ShouldNotContain(made, customMessage: file);
        }

        await using (var app = await StartAsync())
        {
            using var client = app.Client(admin);
            using var again = await SendAsync(client, "make", """{"role":"Ci","name":"x"}""", path: "/api/v1/tokens");
            using var json = JsonDocument.Parse(await again.Content.ReadAsStringAsync(Cancelled));
            json.RootElement.GetProperty("id").GetString().ShouldBe(id);
            app.Tokens.List().Count(record => record.Name == "x").ShouldBe(1);
            app.Tokens.Find(json.RootElement.GetProperty("token").GetString()!).ShouldNotBeNull();
            app.Tokens.Find(made).ShouldBeNull();
        }
    }

    private Task<EdgeApp> StartAsync(TimeSpan? patience = null) => EdgeApp.StartAsync(
        _folder.Path, Map, services: services => services.Configure<IdempotencyOptions>(options => options.Patience = patience ?? options.Patience));

    private void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/write", ["POST", "PUT"], async (HttpContext context) =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            var number = Interlocked.Increment(ref _done);
            if (body == "wait")
            {
                _entered.TrySetResult();
                await _gate.Task;
            }

            return TypedResults.Json($"{body} {number}");
        }).RequireAuthorization(AuthPolicies.Admin);
        routes.MapPost("/operation", (Body body) =>
        {
            Interlocked.Increment(ref _done);
            return TypedResults.Json(body.Operation, statusCode: _status);
        }).RequireAuthorization(AuthPolicies.Admin);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string key, string body, string method = "POST", string path = "/write")
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", key);
        return client.SendAsync(request);
    }

    private sealed record Body(Guid? Operation) : IOperationBody
    {
        IOperationBody IOperationBody.WithOperation(Guid operation) => this with { Operation = operation };
    }
}
