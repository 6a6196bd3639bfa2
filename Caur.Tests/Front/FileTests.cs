using System.Net;
using System.Net.Http.Headers;
using System.Runtime.Versioning;
using Caur.Tests.Logs;
using Caur.Tests.Publication;
using Caur.Tests.Storage.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Front;

/// <summary>The repositories through <c>caur web</c>.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TestFarm _farm = new(key.Gpg.Signer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task Pacman_ThroughIt_InstallsUpgradesAndFindsEverythingSigned()
    {
        await _farm.PublishAsync("p", "1-1");
        await using var gateway = await Gateway.StartAsync(_farm.Root);
        await using var front = await FrontServer.StartAsync(new Uri(new Uri(gateway.Server), "/"));
        await using var pacman = await PacmanClient.CreateAsync(key.Gpg.Signer, $"{front.Url}repos/$repo/$arch");

        await pacman.MustAsync("-Sy", "p");
        await _farm.PublishAsync("p", "2-1");
        await pacman.MustAsync("-Syu");

        (await pacman.InstalledAsync()).ShouldBe(["p 2-1"]);
        front.Cache.Bytes.ShouldBeGreaterThan(0);
    }

    /// <summary>Before it is kept, and from the cache: the same status, headers and bytes as at the hub, also behind a folder.</summary>
    [Fact]
    public async Task Answers_AboutFiles_AreThoseOfTheHub()
    {
        await _farm.PublishAsync("p", "1-1");
        using var folder = new TemporaryFolder();
        await using var gateway = await LogGateway.StartAsync(folder.Path);
        Directory.CreateSymbolicLink(Path.Combine(gateway.Repositories, "farm"), Path.Combine(_farm.Root, "farm"));
        var hub = gateway.Url;
        await using var front = await FrontServer.StartAsync(hub);
        const string Package = "/repos/farm/x86_64/p-1-1-x86_64.pkg.tar.zst";
        var tag = "";
        using (var http = new HttpClient())
        {
            using var answer = await http.GetAsync(new Uri(hub, Package), Token);
            tag = answer.Headers.ETag!.ToString();
        }

        (string, string)[] headers =
        [
            ("X", ""), ("Range", "bytes=0-9"), ("Range", "bytes=5-"), ("Range", "bytes=-7"), ("Range", "bytes=0-1,4-5"), ("Range", "bytes=999999-"), ("Range", "lines=1-2"),
            ("If-None-Match", tag), ("If-None-Match", "\"other\""), ("If-Match", "\"other\""), ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"), ("If-Range", "\"other\""),
        ];
        foreach (var path in (string[])[Package, $"{Package}.sig", "/repos/farm/x86_64/farm.db", "/repos/farm/x86_64/farm.db.sig", "/repos/farm/x86_64/.gen/1/farm.db", "/repos/farm/x86_64/none", "/repos", "/repos/"])
        {
            foreach (var (name, value) in headers.Concat(headers))
            {
                foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
                {
                    (await AskAsync(front.Url, path, method, name, value)).ShouldBe(await AskAsync(hub, path, method, name, value), $"{method} {path} with {name}: {value}");
                }
            }
        }

        (await AskAsync(front.Url, "/repos/farm/x86_64/farm.db", HttpMethod.Get, "X", "")).ShouldContain("Location: .gen/1/farm.db\n");
    }

    [Fact]
    public async Task File_ThatIsKept_ComesFromHereUntilTheHubSaysOtherwise()
    {
        var (tag, reads) = ("\"1\"", 0);
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            context.Response.Headers.ETag = tag;
            context.Response.Headers.CacheControl = "public, max-age=31536000";
            if (tag == "")
            {
                context.Response.StatusCode = 404;
            }
            else if (context.Request.Headers.IfNoneMatch == tag)
            {
                context.Response.StatusCode = 304;
            }
            else if (HttpMethods.IsGet(context.Request.Method))
            {
                Interlocked.Increment(ref reads);
                context.Response.ContentLength = 10;
                await context.Response.WriteAsync($"content {tag[1]}.");
            }
        });
        using var folder = new TemporaryFolder();
        await using (var front = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.Zero, folder: folder["cache"]))
        {
            using var http = new HttpClient { BaseAddress = front.Url };
            (await http.GetStringAsync("/repos/a/b/c", Token)).ShouldBe("content 1.");
            await Until.TrueAsync(() => front.Cache.Count == 1, "the file in the cache");
        }

        // Also after a restart.
        await using var again = await FrontServer.StartAsync(hub.Url, options => options.FreshFor = TimeSpan.Zero, folder: folder["cache"]);
        using var client = new HttpClient { BaseAddress = again.Url };
        (await client.GetStringAsync("/repos/a/b/c", Token)).ShouldBe("content 1.");
        using var part = new HttpRequestMessage(HttpMethod.Get, "/repos/a/b/c") { Headers = { Range = new RangeHeaderValue(2, 4) } };
        using var answer = await client.SendAsync(part, Token);
        (answer.StatusCode, await answer.Content.ReadAsStringAsync(Token)).ShouldBe((HttpStatusCode.PartialContent, "nte"));
        reads.ShouldBe(1);

        tag = "\"2\"";
        (await client.GetStringAsync("/repos/a/b/c", Token)).ShouldBe("content 2.");
        (await client.GetStringAsync("/repos/a/b/c", Token)).ShouldBe("content 2.");
        reads.ShouldBe(2);
        tag = "";
        using var gone = await client.GetAsync("/repos/a/b/c", Token);
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        again.Cache.Bytes.ShouldBe(0);
    }

    /// <summary>Half a file is nobody's file: neither the client's nor the cache's. And a hub that is away is not asked for what is here.</summary>
    [Fact]
    public async Task File_WhenTheHubBreaksOff_IsNotKept()
    {
        var breaks = true;
        await using var hub = await ScriptedHub.StartAsync(async context =>
        {
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.CacheControl = "public, max-age=31536000";
            context.Response.ContentLength = 10;
            await context.Response.WriteAsync("01234");
            await context.Response.Body.FlushAsync();
            if (breaks)
            {
                context.Abort();
            }
            else
            {
                await context.Response.WriteAsync("56789");
            }
        });
        await using var door = new TcpDoor();
        door.Open(hub.Url);
        await using var front = await FrontServer.StartAsync(new Uri(door.Url), options => options.FreshFor = TimeSpan.Zero);
        using var http = new HttpClient { BaseAddress = front.Url };

        await Should.ThrowAsync<HttpRequestException>(() => http.GetStringAsync("/repos/a/b/c", Token));
        await Until.TrueAsync(() => front.Cache.Bytes == 0, "the cache's end of it");
        breaks = false;
        var both = await Task.WhenAll(http.GetStringAsync("/repos/a/b/c", Token), http.GetStringAsync("/repos/a/b/c", Token));
        both.ShouldAllBe(text => text == "0123456789");
        await Until.TrueAsync(() => front.Cache.Count == 1, "the file in the cache");
        front.Cache.Bytes.ShouldBe(10);

        door.Cut();
        (await http.GetStringAsync("/repos/a/b/c", Token)).ShouldBe("0123456789");
        using var other = await http.GetAsync("/repos/a/b/d", Token);
        other.StatusCode.ShouldBe(HttpStatusCode.BadGateway, "the door takes connections and closes them");
    }

    private static async Task<string> AskAsync(Uri server, string path, HttpMethod method, string name, string value)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var message = new HttpRequestMessage(method, new Uri(server, path));
        message.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        message.Headers.Add("X-Request-Id", "same");
        if (name == "If-Range")
        {
            message.Headers.Range = new RangeHeaderValue(0, 3);
        }

        using var answer = await http.SendAsync(message, Token);
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not "Date")
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}\n");
        return $"{(int)answer.StatusCode}\n{string.Concat(headers.Order(StringComparer.Ordinal))}\n{Convert.ToHexString(await answer.Content.ReadAsByteArrayAsync(Token))}";
    }
}
