using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Caur.Api.Audit;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Tests.Api;
using Caur.Tests.Link;
using Caur.Tests.Logs;
using Caur.Tests.Mirrors;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Caur.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Deploy.Containers;

/// <summary>The files of deploy/nginx in a real nginx, before a gateway with all its routes.</summary>
public sealed class NginxTests(SubPathFarm farm) : IClassFixture<SubPathFarm>
{
    /// <summary>Also on a machine that has much else to do. What lies in a buffer of nginx's would not come at all.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private DataFolders Folders => farm.Hub.Hub.Services.GetRequiredService<DataFolders>();

    [Fact]
    public async Task Log_WhoseBuildGoesOn_ComesLineByLineToWhoeverFollowsAndFromABuilderBehindIt()
    {
        var (session, _) = await farm.Hub.JoinAsync("follower", farm.Url);
        // Or a build of another test's, whose builder has gone: they all have names that have to be escaped.
        var attempt = await farm.Hub.StartAsync(session, "follow+2.0@x");
        await SayAsync(0, "first\n");
        var path = $"api/logs/{Uri.EscapeDataString(attempt.Build.Split('/')[2])}/{attempt.Build.Split('/')[3]}";
        using var answer = await farm.Http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Token).Timeout(Soon, "the log's beginning");
        answer.EnsureSuccessStatusCode();
        using var log = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        await SeeAsync("first");

        // Each line is all that there is: nothing behind it pushes it on.
        await SayAsync(6, "second\n");
        await SeeAsync("second");
        await SayAsync(13, "third\n");
        await SeeAsync("third");

        async Task SayAsync(long offset, string line) =>
            (await session.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = offset, Offset = offset, Bytes = Encoding.UTF8.GetBytes(line) }, Token))
                .Status.ShouldBe(LogStatus.Appended);

        async Task SeeAsync(string line)
        {
            while (await log.ReadLineAsync(Token).AsTask().Timeout(Soon, $"the line {line}") is { } read && !read.Contains(line, StringComparison.Ordinal))
            {
            }
        }
    }

    /// <summary>Both ends say every 2 s that they are there, and give the other up after 5.</summary>
    [Fact]
    public async Task Link_ThatHasNothingToSayForLongerThanItsSilence_StaysAndBringsWork()
    {
        var since = TimeProvider.System.GetTimestamp();
        var (session, agent) = await farm.Hub.JoinAsync("patient", farm.Url);
        await Until.TrueAsync(() => TimeProvider.System.GetElapsedTime(since) > Caur.Protocol.Link.LinkProtocol.Silence + TimeSpan.FromSeconds(1), "a silence");

        await farm.Hub.Hub.EnqueueAsync("later+2.0@x");

        await agent.Work.WaitAsync(Soon, TimeProvider.System, Token);
        var order = (await session.TakeAsync(1, Token)).ShouldHaveSingleItem();
        (await session.AcceptAsync(order.Attempt, Token)).ShouldBeTrue();
        agent.Rejoins.ShouldBe(0, "it is the same link");
    }

    [Fact]
    public async Task Archive_OfHundredsOfMegabytesInOneRequest_GoesOnWhileItComes()
    {
        const long Length = 200_000_000;
        var session = farm.Hub.Session((await farm.Hub.TokenAsync("north")).Token, farm.Url, piece: (int)Length);
        (await session.HelloAsync(LinkHub.Hello("north"), new TestAgent(), Token)).Accepted.ShouldBeTrue();
        var attempt = await farm.Hub.StartAsync(session, "large+2.0@x");
        var archive = new ArchiveInfo("large-1-1-any.pkg.tar", Length, await HashOfZerosAsync(Length));
        var there = 0L;

        // The second half is sent when the hub has some of the first: an nginx that took the request in first would never pass it on.
        var reply = await session.UploadAsync(attempt, archive, _ => new(new HalfwayStream(Length, SeenAsync)), Token).DefaultTimeout("the upload");

        reply.Stored.ShouldBeTrue(reply.Reason);
        there.ShouldBeGreaterThan(0);
        new FileInfo(farm.Hub.Hub.Services.GetRequiredService<LandingZone>().List(attempt.Build, attempt.Number).ShouldHaveSingleItem().Path).Length.ShouldBe(Length);

        Task SeenAsync() => Until.TrueAsync(
            () => (there = Directory.EnumerateFiles(Folders.Landing, $".{archive.Sha256}.part", SearchOption.AllDirectories).Sum(static file => new FileInfo(file).Length)) > 0,
            "the arrival of the first half");
    }

    [Fact]
    public async Task Events_AsTheyHappen_ComeAtOnce()
    {
        using var events = await SseClient.OpenAsync(farm.Http, "api/v1/events?topics=build");
        var build = await EnqueueForNobodyAsync("heard");

        SseEvent heard;
        do
        {
            heard = await events.NextAsync().Timeout(Soon, "the event");
        }
        while (heard.ToString() != "heard Waiting");

        heard.Data.GetProperty("build").GetString().ShouldBe(build.ToString());
    }

    [Fact]
    public async Task Database_InTheFolder_IsARedirectIntoItsGenerationThatStaysInTheFolder()
    {
        var (database, _) = await AddRepositoryAsync(Folders.Repositories, "shown");

        using var redirect = await farm.Http.GetAsync(new Uri("repos/shown/x86_64/shown.db", UriKind.Relative), Token);
        redirect.StatusCode.ShouldBe(HttpStatusCode.Found);
        redirect.Headers.CacheControl.ShouldNotBeNull().NoCache.ShouldBeTrue();
        var target = new Uri(redirect.RequestMessage!.RequestUri!, redirect.Headers.Location!);
        target.AbsolutePath.ShouldBe("/caur/repos/shown/x86_64/.gen/3/shown.db");
        using var file = await farm.Http.GetAsync(target, Token);
        (await file.Content.ReadAsStringAsync(Token)).ShouldBe(database);
        file.Headers.CacheControl.ShouldNotBeNull().MaxAge.ShouldNotBeNull().ShouldBeGreaterThan(TimeSpan.FromDays(30));
    }

    [Fact]
    public async Task Address_OfWhatWasMade_IsInTheFolder()
    {
        using var admin = farm.Client(farm.Hub.Hub.Admin.DefaultRequestHeaders.Authorization);
        using var made = await admin.PostAsJsonAsync("api/v1/tokens", new { role = "Reader", name = "somebody" }, Token);

        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        made.Headers.Location.ShouldNotBeNull().OriginalString.ShouldStartWith("/caur/api/v1/tokens/", Case.Sensitive);
    }

    [Fact]
    public async Task Client_WhoSaysToBeSomebodyElse_IsWhoItIs()
    {
        using var admin = farm.Client(farm.Hub.Hub.Admin.DefaultRequestHeaders.Authorization);
        admin.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.7");
        admin.DefaultRequestHeaders.Add("X-Request-Id", "a-liar");
        using var made = await admin.PostAsJsonAsync("api/v1/tokens", new { role = "Reader", name = "liar" }, Token);
        made.EnsureSuccessStatusCode();

        var lines = await farm.Hub.Hub.Services.GetRequiredService<AuditLog>().ReadAsync(0, 1000, Token);
        lines.First(static line => line.Request == "a-liar").Address.ShouldBe("127.0.0.1");
    }

    [Theory]
    [InlineData("/caur/", 200, "<!doctype html", null)]
    [InlineData("/caur/logs.html", 200, "<!doctype html", null)]
    [InlineData("/caur/logs/logs.html", 200, "<!doctype html", null)]
    [InlineData("/caur/health/ready", 503, "not yet", null)]
    [InlineData("/caur/openapi/v1.json", 200, "{", null)]
    [InlineData("/caur/api/nothing", 404, "urn:caur", null)]
    [InlineData("/caur/repos/none/x86_64/none.db", 404, "urn:caur", null)]
    [InlineData("/caur/repos/..%2f..%2fetc/passwd", 404, "nginx", null)]
    [InlineData("/caur", 308, "", "/caur/")]
    [InlineData("/", 404, "nginx", null)]
    [InlineData("/api/queue/stats", 404, "nginx", null)]
    public async Task Path_InOrBesideTheFolder_IsTheGatewaysOrNot(string path, int status, string says, string? location)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html");
        using var answer = await farm.Http.SendAsync(request, Token);

        ((int)answer.StatusCode).ShouldBe(status);
        (await answer.Content.ReadAsStringAsync(Token)).ShouldContain(says, Case.Insensitive);
        answer.Headers.Location?.OriginalString.ShouldBe(location);
    }

    [Fact]
    public async Task SiteOfItsOwn_SpeaksTlsAndSendsEverybodyThere()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority();
        var (database, package) = await AddRepositoryAsync(Folders.Repositories, "own");
        await using var nginx = await StartSecureAsync(folder, authority);
        using var http = Secure(folder["tls"], authority);

        using (var plain = await farm.Http.GetAsync(new Uri($"http://127.0.0.1:{nginx.Port}/logs.html?id=a+b"), Token))
        {
            plain.StatusCode.ShouldBe(HttpStatusCode.PermanentRedirect);
            plain.Headers.Location.ShouldNotBeNull().OriginalString.ShouldBe("https://farm.example.org/logs.html?id=a+b");
        }

        using var stats = await http.GetAsync(new Uri("api/queue/stats", UriKind.Relative), Token);
        (stats.StatusCode, stats.Version).ShouldBe((HttpStatusCode.OK, HttpVersion.Version20));
        using var redirected = await http.GetAsync(new Uri("repos/own/x86_64/own.db", UriKind.Relative), Token);
        redirected.RequestMessage!.RequestUri!.AbsolutePath.ShouldBe("/repos/own/x86_64/.gen/3/own.db");
        (await redirected.Content.ReadAsStringAsync(Token)).ShouldBe(database);
        (await http.GetStringAsync(new Uri("repos/own/x86_64/p-1-1-any.pkg.tar.zst", UriKind.Relative), Token)).ShouldBe(package);
        using var events = await SseClient.OpenAsync(http, "api/v1/events?topics=build");
        await EnqueueForNobodyAsync("secured");
        (await events.NextAsync().Timeout(Soon, "the event")).Name.ShouldBe("build");
    }

    /// <summary>nginx has the data folder at hand: what never changes comes from the disk, the rest from the gateway, and nothing else.</summary>
    [Fact]
    public async Task SiteOfItsOwn_ThatSeesTheDataFolder_ServesTheRepositoriesFromItAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority();
        await AddRepositoryAsync(Folders.Repositories, "disk");
        await AddRepositoryAsync(folder["repos"], "disk");
        await File.WriteAllTextAsync(folder["repos", "disk", "x86_64", "p-1-1-any.pkg.tar.zst"], "of the disk", Token);
        await File.WriteAllTextAsync(folder["tokens.json"], "secret", Token);
        await using var nginx = await StartSecureAsync(
            folder, authority, site => site.With("include snippets/caur-repos.conf;", $"root {folder.Path}; include snippets/caur-repos-disk.conf;"));
        using var http = Secure(folder["tls"], authority);

        using var package = await http.GetAsync(new Uri("repos/disk/x86_64/p-1-1-any.pkg.tar.zst", UriKind.Relative), Token);
        (await package.Content.ReadAsStringAsync(Token)).ShouldBe("of the disk");
        package.Headers.CacheControl.ShouldNotBeNull().MaxAge.ShouldBe(TimeSpan.FromDays(365));
        using var database = await http.GetAsync(new Uri("repos/disk/x86_64/disk.db", UriKind.Relative), Token);
        database.RequestMessage!.RequestUri!.AbsolutePath.ShouldEndWith("/.gen/3/disk.db");
        database.EnsureSuccessStatusCode();
        foreach (var path in (string[])["repos/disk/x86_64/", "repos/disk/x86_64/.gen/3/generation.json", "repos/..%2ftokens.json", "tokens.json"])
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Token);
            answer.IsSuccessStatusCode.ShouldBeFalse(path);
        }
    }

    /// <summary>Whatever is added to the folder is looked at here too.</summary>
    [Fact]
    public void Files_OfTheFolder_AreThoseThatTheseTestsUse()
    {
        Directory.EnumerateFiles(NginxSite.Folder, "*", SearchOption.AllDirectories).Select(static path => Path.GetRelativePath(NginxSite.Folder, path))
            .ShouldBe(["conf.d/caur.conf", "sites/farm.conf", "sites/sub-path.conf", "snippets/caur-proxy.conf", "snippets/caur-repos-disk.conf", "snippets/caur-repos.conf"], ignoreOrder: true);
    }

    /// <summary>Queues a build for an architecture that no builder of these tests has.</summary>
    private async Task<BuildId> EnqueueForNobodyAsync(string pkgbase) =>
        (await farm.Hub.Hub.EnqueueAsync(ApiHub.Request(pkgbase) with { Package = new PackageKey(new TargetId(ApiHub.Target.Name, "aarch64"), pkgbase) }))[0];

    /// <summary>A repository with a generation 3 and a package.</summary>
    /// <returns>What the database and the package hold.</returns>
    private static async Task<(string Database, string Package)> AddRepositoryAsync(string root, string name)
    {
        var folder = Path.Combine(root, name, "x86_64");
        var generation = Directory.CreateDirectory(Path.Combine(folder, ".gen", "3")).FullName;
        await File.WriteAllTextAsync(Path.Combine(generation, $"{name}.db.tar.gz"), $"the database of {name}", Token);
        await File.WriteAllTextAsync(Path.Combine(generation, "generation.json"), "{}", Token);
        File.CreateSymbolicLink(Path.Combine(generation, $"{name}.db"), $"{name}.db.tar.gz");
        File.CreateSymbolicLink(Path.Combine(folder, ".gen", "current"), "3");
        await File.WriteAllTextAsync(Path.Combine(folder, "p-1-1-any.pkg.tar.zst"), $"a package of {name}", Token);
        return ($"the database of {name}", $"a package of {name}");
    }

    private static async Task<string> HashOfZerosAsync(long length)
    {
        await using var zeros = new HalfwayStream(length, static () => Task.CompletedTask);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(zeros, Token));
    }

    /// <summary>The site with TLS, which is spoken at the socket <c>tls</c> of the folder.</summary>
    private async Task<Nginx> StartSecureAsync(TemporaryFolder folder, TestAuthority authority, Func<string, string>? change = null)
    {
        var (chain, key) = authority.Issue(1);
        await File.WriteAllTextAsync(folder["chain.pem"], chain, Token);
        await File.WriteAllTextAsync(folder["key.pem"], key, Token);
        var site = (await NginxSite.ReadAsync("farm.conf", farm.Hub.Hub.Url))
            .With("listen 443 ssl", $"listen unix:{folder["tls"]} ssl")
            .With("/etc/letsencrypt/live/farm.example.org/fullchain.pem", folder["chain.pem"])
            .With("/etc/letsencrypt/live/farm.example.org/privkey.pem", folder["key.pem"]);
        return await Nginx.StartAsync(change?.Invoke(site) ?? site);
    }

    private static HttpClient Secure(string socket, TestAuthority authority)
    {
        var handler = new SocketsHttpHandler
        {
            ResponseDrainTimeout = TimeSpan.Zero,
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                return new NetworkStream(connection, ownsSocket: true);
            },
        };
        handler.SslOptions.CertificateChainPolicy = new System.Security.Cryptography.X509Certificates.X509ChainPolicy
        {
            TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust,
            RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(authority.Root);
        return new HttpClient(handler) { BaseAddress = new Uri("https://localhost/"), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }
}
