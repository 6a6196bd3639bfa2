using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Idempotency;
using Caur.Tests.Soak;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Caur.Tests.Edge;

/// <summary>Writes with idempotency keys, repeated at random, at once, with other bodies and over restarts, among noise on other connections:
/// everything is done once, answered the same, and in the audit log.</summary>
internal sealed class EdgeScenario : ISoakScenario
{
    public string Name => "edge-writes";

    /// <summary>Rounds beside each other have nothing in common.</summary>
    public Task RunAsync(SoakRound round) => new EdgeRound(round).RunAsync();
}

/// <summary>One round: what was done, and what was answered.</summary>
internal sealed class EdgeRound(SoakRound round)
{
    private const string Sample = "GET /read HTTP/1.1\r\nHost: farm\r\nAccept: */*\r\nRange: bytes=0-10\r\nX-Request-Id: a\r\nContent-Length: 3\r\n\r\nabc";

    private readonly ConcurrentDictionary<Guid, int> _done = new();
    private readonly ConcurrentDictionary<string, (int Number, string Answer)> _answers = new();

    public async Task RunAsync()
    {
        var (lives, actions) = round.IsShort ? (2, 40) : (6, 400);
        string? token = null;
        for (var life = 0; life < lives; life++)
        {
            await using var app = await EdgeApp.StartAsync(round.Folder, Map, new Dictionary<string, string>
            {
                ["CAUR_RATE_READ"] = "0",
                ["CAUR_RATE_WRITE"] = "0",
                ["CAUR_RATE_ANONYMOUS"] = "0",
            });
            token ??= await app.TokenAsync(TokenRole.Admin);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ActAsync(round.Fork(), app, token, actions / 4)));
            round.Count("restarts");
        }

        _done.Values.ShouldAllBe(times => times == 1);
        await using var last = await EdgeApp.StartAsync(round.Folder, Map);
        await CheckAuditAsync(last);
        round.Count("writes", _done.Count);
    }

    private async Task ActAsync(Random random, EdgeApp app, string token, int actions)
    {
        using var client = app.Client(token);
        for (var i = 0; i < actions; i++)
        {
            round.Cancelled.ThrowIfCancellationRequested();
            switch (random.Next(6))
            {
                case 0 or 1:
                    await WriteAsync(client, Guid.NewGuid().ToString(), random.Next());
                    break;
                case 2 when _answers.ToArray() is { Length: > 0 } known:
                    var (key, answer) = known[random.Next(known.Length)];
                    (await WriteAsync(client, key, answer.Number)).ShouldBe(answer.Answer);
                    round.Count("repeats");
                    break;
                case 3 when _answers.ToArray() is { Length: > 0 } known:
                    var (taken, before) = known[random.Next(known.Length)];
                    using (var refused = await SendAsync(client, taken, before.Number ^ 1))
                    {
                        refused.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
                    }

                    break;
                case 4:
                    var (both, number) = (Guid.NewGuid().ToString(), random.Next());
                    (await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => WriteAsync(client, both, number)))).Distinct().Count().ShouldBe(1);
                    break;
                default:
                    await NoiseAsync(random, app.Url);
                    round.Count("noises");
                    break;
            }
        }

        (await client.GetStringAsync("/read")).ShouldBe("read");
    }

    /// <summary>A request with some bytes changed, dropped or doubled, or none at all.</summary>
    private static async Task NoiseAsync(Random random, Uri server)
    {
        var bytes = new List<byte>(Encoding.Latin1.GetBytes(Sample));
        for (var changes = random.Next(1, 8); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(3))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 64))));
                    break;
            }
        }

        using var raw = await RawHttp.ConnectAsync(server);
        await raw.SendAsync(bytes.ToArray());
        raw.EndSending();
        var status = (await raw.ClosedAsync()).Status;

        // 505 is what a version that is none has by RFC 9110.
        (status is < 500 or 505).ShouldBeTrue($"{status} for {Encoding.Latin1.GetString([.. bytes])}");
    }

    private async Task<string> WriteAsync(HttpClient client, string key, int number)
    {
        using var answer = await SendAsync(client, key, number);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var text = await answer.Content.ReadAsStringAsync();
        _answers[key] = (number, text);
        return text;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string key, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/count") { Content = JsonContent.Create(new { number }) };
        request.Headers.Add("Idempotency-Key", key);
        return await client.SendAsync(request);
    }

    private async Task CheckAuditAsync(EdgeApp app)
    {
        var entries = new List<AuditEntry>();
        while (await app.Audit.ReadAsync(entries.Count, 1000, CancellationToken.None) is { Count: > 0 } more)
        {
            entries.AddRange(more);
        }

        entries.Select(entry => entry.Seq).ShouldBe(Enumerable.Range(1, entries.Count).Select(i => (long)i));
        entries.Count(entry => entry.Event == AuditEvent.Begun).ShouldBe(entries.Count(entry => entry.Event == AuditEvent.Ended));
        entries.Count(entry => entry is { Event: AuditEvent.Ended, Status: 200, Replayed: null }).ShouldBe(_done.Count);
    }

    private void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/read", () => "read");
        routes.MapPost("/count", (Body body) =>
        {
            var operation = body.Operation ?? throw new InvalidOperationException("the key gave no operation");
            return $"{_done.AddOrUpdate(operation, 1, (_, times) => times + 1)} {body.Number} {operation}";
        }).RequireAuthorization(AuthPolicies.Admin);
    }

    private sealed record Body(int Number, Guid? Operation) : IOperationBody
    {
        IOperationBody IOperationBody.WithOperation(Guid operation) => this with { Operation = operation };
    }
}
