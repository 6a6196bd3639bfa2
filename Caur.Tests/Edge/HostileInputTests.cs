using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Caur.Api.Audit;
using Caur.Api.Auth;

namespace Caur.Tests.Edge;

/// <summary>What people with bad intentions, broken programs and bad luck send: names, paths, ids, headers, bodies and ranges. Each is
/// answered with 4xx and a problem, and the farm goes on with all that it had.</summary>
[Collection(EdgeCollection.Name)]
public sealed class HostileInputTests(EdgeHub hub)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Paths_ThatWantOutOrAreNone_FindNothing()
    {
        var long1 = new string('a', 5_000);
        foreach (var path in new[]
        {
            "/repos/../../etc/passwd", "/repos/farm/x86_64/../../../../etc/passwd", "/repos/farm/x86_64/..%2f..%2f..%2fetc%2fpasswd",
            "/repos/%2e%2e/%2e%2e/tokens.json", "/repos/farm/%2e%2e%2f%2e%2e%2ftokens.json", "/repos/farm/x86_64/%252e%252e%252ftokens.json",
            "/repos/..%5c..%5ctokens.json", "/repos/farm/x86_64/.gen/current/farm.db", "/repos/farm/x86_64/.gen/-1/farm.db", "/repos/farm/x86_64/.gen/99999999999999999999/farm.db",
            "/repos/farm/x86_64/hello%00.pkg.tar.zst", "/repos/farm/x86_64/hello-1-1-any.pkg.tar.zst%00", "/repos//x86_64/x", "/repos/farm//x", "/repos/farm/x86_64/", "/repos/farm", "/repos",
            $"/repos/farm/x86_64/{long1}", $"/{long1}", "/repos/farm/x86_64/%c0%ae%c0%ae/x", "/repos/farm/x86_64/%ff%fe", "/repos/farm/x86_64/%ed%a0%80",
            "/repos/farm/x86_64/e%CC%81", "/repos/farm/x86_64/%C3%A9", "/repos/farm/x86_64/%", "/repos/farm/x86_64/%zz", "/repos/farm/x86_64/a\tb",
            "/api/logs/..%2f..%2ftokens", "/api/logs/%00", $"/api/logs/{long1}", "/api/logs/hello/-1", "/api/logs/hello/99999999999999999999999", "/api/logs/hello/1e3", "/api/logs/-x", "/api/logs/.x",
            "/api/logs/h%C3%A9", "/api/v1/builds/farm/x86_64/..%2f..%2f/1", "/api/v1/builds/farm/x86_64/hello/x", "/api/v1/builds/farm/any/hello/-5", "/api/v1/builds/%00/%00/%00/%00",
            "/api/v1/builds/farm/nowhere/hello/1", "/api/v1/packages/..%2fx/builds", "/api/v1/packages/%F0%9F%92%A9/builds", "/api/v1/repositories/..%2f/x86_64", "/api/v1/repositories/farm/%00",
            "/api/v1/repositories/farm/x86_64/changes/nothing", "/api/v1/repositories/farm/x86_64/changes/00000000-0000-0000-0000-000000000000",
            "/api/v1/repositories/farm/x86_64/packages?limit=x", "/api/v1/repositories/farm/x86_64/packages?limit=99999999999999999999",
            "/api/logs/hello?offset=-1", "/api/logs/hello?offset=x", "/api/logs/hello?follow=perhaps", "/api/logs/hello?offset=1&offset=2",
        })
        {
            var answer = await RawHttp.AskAsync(hub.Url, $"GET {path} HTTP/1.1\nHost: x\n\n");
            answer.Status.ShouldBeInRange(400, 499, $"{path}: {answer.Headers}");
            answer.Body.ShouldNotContain("root:", customMessage: path);
            ShouldSayNothingOfTheInside(answer, path);
        }

        await hub.ShouldWorkAsync();
    }

    [Fact]
    public async Task RequestLinesAndHeaders_ThatAreNone_AreRefused()
    {
        var many = string.Concat(Enumerable.Range(0, 300).Select(i => $"X-H{i}: v\n"));
        foreach (var (request, least) in new (string, int)[]
        {
            ("NONSENSE\n\n", 400),
            ("GET  / HTTP/1.1\nHost: x\n\n", 400),
            ("\u0000\u0001\u0002\n\n", 400),
            ("GET / HTTP/1.1\n\n", 400),
            ("GET / HTTP/1.1\nHost: x\nHost: y\n\n", 400),
            ("GET / HTTP/1.1\nHost: a b\n\n", 400),
            ("GET / HTTP/1.1\nHost: x\nNo Colon\n\n", 400),
            ("GET / HTTP/1.1\nHost: x\n: empty\n\n", 400),
            ("GET / HTTP/1.1\nHost: x\nA\u0000B: c\n\n", 400),
            ("GET / HTTP/1.1\nHost: x\nA: b\u0000c\n\n", 400),
            ("GET / HTTP/1.1\nHost: x\nA: b\n folded\n\n", 400),
            ($"GET / HTTP/1.1\nHost: x\nX-Huge: {new string('h', 100_000)}\n\n", 431),
            ($"GET / HTTP/1.1\nHost: x\n{many}\n", 431),
            ($"GET /{new string('u', 20_000)} HTTP/1.1\nHost: x\n\n", 414),
            ($"{new string('M', 9_000)} / HTTP/1.1\nHost: x\n\n", 400),
            ("POST /api/queue/schedule HTTP/1.1\nHost: x\nContent-Length: -1\n\n", 400),
            ("POST /api/queue/schedule HTTP/1.1\nHost: x\nContent-Length: 5x\n\nhello", 400),
            ("POST /api/queue/schedule HTTP/1.1\nHost: x\nContent-Length: 99999999999999999999\n\n", 400),
            ("POST /api/queue/schedule HTTP/1.1\nHost: x\nContent-Length: 3\nContent-Length: 5\n\nhello", 400),
            ("POST /api/queue/schedule HTTP/1.1\nHost: x\nTransfer-Encoding: gzip\n\n", 400),
            ("POST /api/queue/schedule HTTP/1.1\nHost: x\nTransfer-Encoding: chunked, identity\n\n", 400),
            ("CONNECT evil:80 HTTP/1.1\nHost: evil:80\n\n", 400),
            ("OPTIONS * HTTP/1.1\nHost: x\n\n", 400),
            ("TRACE / HTTP/1.1\nHost: x\n\n", 400),
            ("BREW /api/queue/stats HTTP/1.1\nHost: x\n\n", 400),
            ("GET http://[::1/ HTTP/1.1\nHost: x\n\n", 400),
        })
        {
            var answer = await RawHttp.AskAsync(hub.Url, request);
            var shown = request.Length > 80 ? request[..80] : request;
            if (answer.Status == 0)
            {
                // Closed before it was read to its end, which may take the answer with it.
                request.Length.ShouldBeGreaterThan(2_000, shown);
                answer.IsClosed.ShouldBeTrue(shown);
                continue;
            }

            answer.Status.ShouldBeInRange(400, 499, $"{shown}: {answer.Headers}");
            answer.Status.ShouldBeGreaterThanOrEqualTo(least, shown);
            ShouldSayNothingOfTheInside(answer, shown);
        }

        // The one version that is none has a status of its own.
        (await RawHttp.AskAsync(hub.Url, "GET / HTTP/9.9\nHost: x\n\n")).Status.ShouldBe(505);
        await hub.ShouldWorkAsync();
    }

    [Fact]
    public async Task Smuggling_ByLengthAndChunksAtOnce_BringsNoSecondRequestIn()
    {
        foreach (var (head, body) in new[]
        {
            ("Content-Length: 6\nTransfer-Encoding: chunked", "0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("Content-Length: 50\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("Transfer-Encoding: chunked", "zz\r\nhello\r\n0\r\n\r\n"),
            ("Transfer-Encoding: chunked", "ffffffffffffffffffff\r\nhello\r\n"),
            ("Transfer-Encoding: chunked", "-1\r\nhello\r\n0\r\n\r\n"),
        })
        {
            var answer = await RawHttp.AskAsync(
                hub.Url,
                Encoding.Latin1.GetBytes($"POST /api/queue/schedule HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {hub.Ci}\r\nContent-Type: application/json\r\n{head.ReplaceLineEndings("\r\n")}\r\n\r\n{body}"));
            answer.Status.ShouldBeInRange(400, 499, head);
            answer.Body.ShouldNotContain("ok\n", customMessage: head);
            if (head.StartsWith("Content-Length", StringComparison.Ordinal))
            {
                answer["Connection"].ShouldBe("close");
            }
        }

        await hub.ShouldWorkAsync();
    }

    [Fact]
    public async Task Bodies_ThatAreNoWish_ChangeNothing()
    {
        using var ci = hub.Client(hub.Ci);
        var before = (await hub.Queue.GetAsync()).Items.Length;
        var deep = string.Concat(Enumerable.Repeat("""{"a":""", 5_000)) + "1" + new string('}', 5_000);
        var good = """{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"hello"}]}""";
        foreach (var (body, type, least) in new (byte[], string, int)[]
        {
            (Utf8(""), "application/json", 400),
            (Utf8("null"), "application/json", 400),
            (Utf8("[]"), "application/json", 400),
            (Utf8("17"), "application/json", 400),
            (Utf8("\"text\""), "application/json", 400),
            (Utf8("{}"), "application/json", 400),
            (Utf8(good[..^1]), "application/json", 400),
            (Utf8(good + good), "application/json", 400),
            (Utf8(deep), "application/json", 400),
            (Utf8(new string('[', 100_000)), "application/json", 400),
            (Utf8("""{"source_repo":"packages","source_repo":"x","target_repo":"farm","all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","all":"yes"}"""), "application/json", 400),
            (Utf8("""{"source_repo":7,"target_repo":"farm","all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":{"pkgbase":"hello"}}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":[null]}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"hello","build_class":1e400}]}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"hello","build_class":99999999999999999999}]}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"../../etc"}]}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"a\u0000b"}]}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"\ud800"}]}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"../farm","all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"--upload-pack=x","target_repo":"farm","all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","commit":"--upload-pack=touch x","all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","operation":"no guid","all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","priority":99,"all":true}"""), "application/json", 400),
            (Utf8("""{"source_repo":"packages","target_repo":"farm","arch":"x86_64/../..","all":true}"""), "application/json", 400),
            (Utf8("// comment\n" + good), "application/json", 400),
            (Utf8(good.Replace("}]}", "},]}", StringComparison.Ordinal)), "application/json", 400),
            ([0xff, 0xfe, .. Encoding.Unicode.GetBytes(good)], "application/json", 400),
            ([.. Utf8("{\"source_repo\":\""), 0xff, 0xfe, 0xc0, .. Utf8("\",\"target_repo\":\"farm\",\"all\":true}")], "application/json", 400),
            (Utf8(good), "application/json; charset=nonsense", 400),
            (Utf8(good), "text/plain", 415),
            (Utf8(good), "application/x-www-form-urlencoded", 415),
            (Utf8("<xml/>"), "application/xml", 415),
            (Utf8("{\"deptree\":\"" + new string('x', 3 << 20) + "\"}"), "application/json", 413),
        })
        {
            using var content = new ByteArrayContent(body);
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/queue/schedule") { Content = content };

            // Or what is refused by its length alone may be answered, and the connection closed, while it is still being sent.
            request.Headers.ExpectContinue = true;
            using var answer = await ci.SendAsync(request, Cancelled);
            var shown = Encoding.Latin1.GetString(body.AsSpan(0, Math.Min(body.Length, 100)));
            answer.StatusCode.IsClientError().ShouldBeTrue($"{shown} {type}: {answer.StatusCode}");
            ((int)answer.StatusCode).ShouldBeGreaterThanOrEqualTo(least, shown);
            await answer.ShouldBeProblemAsync((int)answer.StatusCode);
        }

        (await hub.Queue.GetAsync()).Items.Length.ShouldBe(before);
        await hub.ShouldWorkAsync();
    }

    [Theory]
    [InlineData("/api/v1/queue/reset", """{"architecture":"x86_64"}""", "architecture")]
    [InlineData("/api/v1/queue/promote", """{"pkgbase":"hello","target_repo":"farm","architecture":"x86_64"}""", "architecture")]
    [InlineData("/api/v1/queue/pause", """{"architecture":"x86_64"}""", "architecture")]
    [InlineData("/api/v1/repositories/farm/x86_64/remove", """{"names":["hello"],"package":true}""", "package")]
    [InlineData("/api/v1/repositories/farm/x86_64/keep", """{"names":["hello"],"dryRun":true}""", "dryRun")]
    [InlineData("/api/v1/repositories/farm/x86_64/rollback", """{"generation":1,"dry-run":true}""", "dry-run")]
    [InlineData("/api/v1/builds/farm/x86_64/hello/1/retry", """{"operation_id":"6f0f1a52-53a1-4b0e-9d5f-0c8b7e5a4d21"}""", "operation_id")]
    [InlineData("/api/v1/tokens", """{"role":"Ci","target_repo":["farm"]}""", "target_repo")]
    public async Task Bodies_WithAMemberThatIsMistyped_ChangeNothing(string path, string body, string member)
    {
        using var admin = hub.Client(hub.Admin);

        using var answer = await admin.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Cancelled);

        (await answer.ShouldBeProblemAsync(400)).ShouldContain($"'{member}' is nothing that this takes; nothing was done");
    }

    [Theory]
    [InlineData("limit=x", "limit is 'x', and a whole number is wanted")]
    [InlineData("limit=99999999999", "limit is '99999999999', and a whole number is wanted")]
    [InlineData("after=99999999999999999999", "after is '99999999999999999999', and a whole number is wanted")]
    public async Task Audit_WhenAParameterIsNoNumber_SaysWhatIsWanted(string query, string detail)
    {
        using var admin = hub.Client(hub.Admin);

        using var answer = await admin.GetAsync($"/api/v1/audit?{query}", Cancelled);

        (await answer.ShouldBeProblemAsync(400)).ShouldBe(detail);
    }

    [Fact]
    public async Task Bodies_ThatBreakOff_ChangeNothing()
    {
        var good = """{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"hello"}]}""";
        using var admin = hub.Client(hub.Admin);
        var written = await NewestAsync();
        foreach (var (head, body) in new[]
        {
            ($"Content-Length: {good.Length + 10}", good),
            ("Transfer-Encoding: chunked", $"{good.Length:x}\r\n{good}\r\n"),
            ("Transfer-Encoding: chunked", $"{good.Length + 5:x}\r\n{good}"),
        })
        {
            using (var raw = await RawHttp.ConnectAsync(hub.Url))
            {
                await raw.SendAsync($"POST /api/queue/schedule HTTP/1.1\nHost: x\nAuthorization: Bearer {hub.Ci}\nContent-Type: application/json\n{head}\n\n");
                await raw.SendAsync(Encoding.Latin1.GetBytes(body));
            }
        }

        await hub.ShouldWorkAsync();

        // The two lines of what was scheduled just now, and none of what broke off.
        (await NewestAsync() - written).ShouldBe(2);

        async Task<long> NewestAsync()
        {
            var (next, page) = (0L, default(AuditPage));
            do
            {
                page = (await admin.GetFromJsonAsync<AuditPage>($"/api/v1/audit?limit=1000&after={next}", Cancelled))!;
                next = page.Next;
            }
            while (page.Entries.Count > 0);
            return next;
        }
    }

    [Fact]
    public async Task Names_InEveryRouteThatWrites_AreRefused()
    {
        using var admin = hub.Client(hub.Admin);
        foreach (var name in new[]
        {
            "", " ", ".", "..", "-x", ".x", "a/b", "a\\b", "a b", "a\nb", "a\0b", "a;rm -rf /", "$(x)", "`x`", "'", "\"", "%2e%2e", "e\u0301", "\u00e9", "\u202e", "\ud83d\udca9",
            "{0}", "*", "?", "#", "<script>", new string('n', 201), new string('n', 100_000), "CON:", "~", "a\u2215b", "\uff0e\uff0e",
        })
        {
            var json = JsonSerializer.Serialize(name);
            var target = JsonSerializer.Serialize($"farm/{name}");
            foreach (var (path, body) in new[]
            {
                ("/api/queue/schedule", $$"""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":{{json}}}]}"""),
                ("/api/queue/schedule", $$"""{"source_repo":{{json}},"target_repo":"farm","all":true}"""),
                ("/api/queue/schedule", $$"""{"source_repo":"packages","target_repo":{{json}},"all":true}"""),
                ("/api/queue/promote", $$"""{"pkgbase":{{json}},"target_repo":"farm"}"""),
                ("/api/v1/repositories/farm/x86_64/remove", $$"""{"names":[{{json}}]}"""),
                ("/api/v1/repositories/farm/x86_64/keep", $$"""{"names":[{{json}}]}"""),
                ("/api/v1/tokens", $$"""{"role":"builder","name":{{json}}}"""),
                ("/api/v1/tokens", $$"""{"role":"ci","targets":[{{target}}]}"""),
            })
            {
                using var answer = await admin.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Cancelled);
                answer.StatusCode.IsClientError().ShouldBeTrue($"{path} {name}: {answer.StatusCode}");
                await answer.ShouldBeProblemAsync((int)answer.StatusCode);
            }
        }

        await hub.ShouldWorkAsync();
    }

    [Theory]
    [InlineData("bytes=0-99", 206, 100)]
    [InlineData("bytes=-10", 206, 10)]
    [InlineData("bytes=99999-", 206, 1)]
    [InlineData("bytes=0-99999999999", 206, 100_000)]
    [InlineData("bytes=100000-", 416, 0)]
    [InlineData("bytes=100-50", 200, 100_000)]
    [InlineData("bytes=9223372036854775807-", 416, 0)]
    [InlineData("bytes=99999999999999999999999-", 200, 100_000)]
    [InlineData("bytes=-0", 416, 0)]
    [InlineData("bytes=--5", 200, 100_000)]
    [InlineData("bytes=a-b", 200, 100_000)]
    [InlineData("bytes=", 200, 100_000)]
    [InlineData("lines=1-2", 200, 100_000)]
    [InlineData("many", 200, 100_000)]
    public async Task Ranges_OfEveryKind_AreServedOrIgnoredAndNeverMultiplied(string range, int status, int length)
    {
        if (range == "many")
        {
            // Ten thousand overlapping ones would be a gigabyte.
            range = $"bytes={string.Join(',', Enumerable.Repeat("0-", 5_000))}";
        }

        var answer = await RawHttp.AskAsync(hub.Url, $"GET {EdgeHub.PackagePath} HTTP/1.1\nHost: x\nRange: {range}\n\n");

        answer.Status.ShouldBe(status, answer.Headers);
        if (status == 416)
        {
            ProblemAnswer.Check(answer.Body, 416, answer["X-Request-Id"]).ShouldContain("100000");
            answer["Content-Range"].ShouldBe("bytes */100000");
        }
        else
        {
            answer.Body.Length.ShouldBe(length);
        }

        await hub.ShouldWorkAsync();
    }

    [Fact]
    public async Task IdleConnections_AThousandAtOnce_AreInNobodysWay()
    {
        var idle = new List<RawHttp>();
        try
        {
            for (var i = 0; i < 1000; i++)
            {
                idle.Add(await RawHttp.ConnectAsync(hub.Url));
                if (i % 2 == 0)
                {
                    await idle[^1].SendAsync("GET /api/queue/stats HTTP/1.1\nHost: x\nX-Never-Ends: ");
                }
            }

            await hub.ShouldWorkAsync();
            using var admin = hub.Client(hub.Admin);
            (await admin.GetAsync("/api/v1/tokens", Cancelled)).StatusCode.ShouldBe(HttpStatusCode.OK);

            // They were there all the time: some of those that said nothing ask now.
            foreach (var raw in idle.Where((_, i) => i % 100 == 1))
            {
                await raw.SendAsync("GET /api/queue/stats HTTP/1.1\nHost: x\n\n");
                (await raw.AnswerAsync()).Status.ShouldBe(200);
            }
        }
        finally
        {
            idle.ForEach(raw => raw.Dispose());
        }

        await hub.ShouldWorkAsync();
    }

    [Fact]
    public async Task Tokens_OfEveryWrongKind_ChangeNothing()
    {
        var ended = await hub.TokenAsync(TokenRole.Admin, expires: TimeProvider.System.GetUtcNow().AddMilliseconds(-1));
        var revoked = await hub.TokenAsync(TokenRole.Admin);
        await hub.Tokens.RevokeAsync(hub.Tokens.Find(revoked)!.Id, Cancelled);
        foreach (var (token, status) in new (string?, int)[]
        {
            (null, 401), (ended, 401), (revoked, 401), ("caur_", 401), (new string('x', 10_000), 401),
            (await hub.TokenAsync(TokenRole.Reader), 403), (await hub.TokenAsync(TokenRole.Builder, "box"), 403),
            (await hub.TokenAsync(TokenRole.Ci, targets: "side"), 403),
        })
        {
            using var client = hub.Client();
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", token is null ? null : $"Bearer {token}");
            foreach (var (path, body) in new[]
            {
                ("/api/queue/schedule", """{"source_repo":"packages","target_repo":"farm","all":true}"""),
                ("/api/v1/repositories/farm/x86_64/remove", """{"names":["hello"]}"""),
                ("/api/v1/repositories/farm/x86_64/rollback", """{"generation":1}"""),
                ("/api/v1/builds/farm/x86_64/other/1/cancel", ""),
                ("/api/queue/promote", """{"pkgbase":"other","target_repo":"farm"}"""),
                ("/api/v1/tokens", """{"role":"admin"}"""),
            })
            {
                using var answer = await client.PostAsync(path, new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")), Cancelled);
                await answer.ShouldBeProblemAsync(status);
            }
        }

        await hub.ShouldWorkAsync();
    }

    [Fact]
    public async Task Schedule_WithAKey_IsTheSameOperationAgain()
    {
        using var ci = hub.Client(await hub.TokenAsync(TokenRole.Ci, targets: "farm"));
        ci.DefaultRequestHeaders.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var content = new StringContent("""{"source_repo":"packages","target_repo":"farm","packages":[{"pkgbase":"hello"}]}""", Encoding.UTF8, "application/json");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ci.PostAsync("/api/queue/schedule", content, Cancelled)));

        var texts = await Task.WhenAll(answers.Select(answer => answer.Content.ReadAsStringAsync(Cancelled)));
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        texts.Distinct().Count().ShouldBe(1);
        answers.Count(answer => answer.Headers.Contains("Idempotency-Replayed")).ShouldBe(3);
        await hub.ShouldWorkAsync();
    }

    private static void ShouldSayNothingOfTheInside(RawAnswer answer, string what)
    {
        foreach (var inside in new[] { "   at ", "Exception", "/tmp/", ".cs:line" })
        {
            (answer.Headers + answer.Body).ShouldNotContain(inside, customMessage: what);
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
