using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Tests.Sources;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Caur.Tests.Edge;

/// <summary>The hub as <c>caur database --slots 0</c> composes it, in this process, with a source repository of two packages and a package
/// file in its repository. Shared by the tests that attack it, each of which asks at the end whether it is as it was.</summary>
public sealed class EdgeHub : IAsyncLifetime
{
    /// <summary>What lies in the repository, byte by byte.</summary>
    public static readonly byte[] Package = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31 >> 3))];

    public const string PackagePath = "/repos/farm/x86_64/hello-1-1-any.pkg.tar.zst";

    private readonly TemporaryFolder _folder = new();
    private WebApplication? _app;

    public Uri Url { get; private set; } = null!;

    public string Admin { get; private set; } = "";

    public string Ci { get; private set; } = "";

    internal TokenStore Tokens => _app!.Services.GetRequiredService<TokenStore>();

    internal string Data => _folder["data"];

    internal IBuildQueueGrain Queue => _app!.Services.GetRequiredService<IClusterClient>().GetGrain<IBuildQueueGrain>("x86_64");

    public async ValueTask InitializeAsync()
    {
        await new GitWorkTree(_folder["source"]).CommitAsync(
            ("hello/PKGBUILD", ""),
            ("hello/.SRCINFO", "pkgbase = hello\npkgver = 1\npkgrel = 1\narch = any\n\npkgname = hello\n"),
            ("other/PKGBUILD", ""),
            ("other/.SRCINFO", "pkgbase = other\npkgver = 1\npkgrel = 1\narch = any\n\npkgname = other\n"));
        var variables = new Dictionary<string, string>
        {
            ["PACKAGE_REPOS"] = JsonSerializer.Serialize(new { packages = new { url = _folder["source"] } }),
            ["PACKAGE_TARGET_REPOS"] = """{"farm":{},"side":{}}""",
            ["CAUR_MAX_BODY"] = "2",

            // Thousands of requests come from one address here.
            ["CAUR_RATE_READ"] = "0",
            ["CAUR_RATE_WRITE"] = "0",
            ["CAUR_RATE_ANONYMOUS"] = "0",
        };
        _app = QuietHub.Build(new HubSettings
        {
            DataFolder = Data,
            WebPort = 0,
            RunAgent = false,
            Variable = name => variables.GetValueOrDefault(name),
        });
        var repository = Directory.CreateDirectory(Path.Combine(_app.Services.GetRequiredService<DataFolders>().Repositories, "farm", "x86_64"));
        await File.WriteAllBytesAsync(Path.Combine(repository.FullName, "hello-1-1-any.pkg.tar.zst"), Package);
        await _app.StartAsync();
        Url = new Uri($"http://127.0.0.1:{new Uri(_app.Urls.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal).Replace("*", "127.0.0.1", StringComparison.Ordinal)).Port}");
        Admin = await TokenAsync(TokenRole.Admin);
        Ci = await TokenAsync(TokenRole.Ci);
        using var client = Client(Ci);
        (await client.PostAsJsonAsync("/api/queue/schedule", Schedule("other"))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    public static object Schedule(string pkgbase, string target = "farm") =>
        new { source_repo = "packages", target_repo = target, packages = new[] { new { pkgbase } } };

    public async Task<string> TokenAsync(
        TokenRole role, string name = "test", DateTimeOffset? expires = null, params string[] targets) =>
        (await Tokens.CreateAsync(new TokenOrder { Role = role, Name = name, Expires = expires, Targets = targets }, CancellationToken.None)).Token;

    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>The farm works, and has what it had: it answers, schedules, serves its package, and its queue holds what was put there.</summary>
    public async Task ShouldWorkAsync()
    {
        using var client = Client(Ci);
        (await client.GetStringAsync("/health/ready")).ShouldBe("ok\n");
        (await client.GetByteArrayAsync(PackagePath)).ShouldBe(Package);
        using var scheduled = await client.PostAsJsonAsync("/api/queue/schedule", Schedule("hello"));
        scheduled.StatusCode.ShouldBe(HttpStatusCode.OK, await scheduled.Content.ReadAsStringAsync());
        (await Queue.GetAsync()).Items.Select(item => item.Build.Package.ToString()).Order()
            .ShouldBe([new PackageKey(new TargetId("farm", "x86_64"), "hello").ToString(), "farm/x86_64/other"]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _folder.Dispose();
    }
}

/// <summary>One hub for all who attack it.</summary>
[CollectionDefinition(Name)]
public sealed class EdgeCollection : ICollectionFixture<EdgeHub>
{
    public const string Name = "edge";
}
