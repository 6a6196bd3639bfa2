using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Repositories;
using Caur.Storage.Files;
using Caur.Tests.Grains;
using Caur.Tests.Sources;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Caur.Tests.Api;

/// <summary>The gateway with all its routes over HTTP, grains on the embedded engine, and a real git repository; only what publishes is in
/// memory. Builders are a test's own.</summary>
internal sealed class ApiHub : IAsyncDisposable
{
    public const string Source = "packages";

    public static readonly TargetId Target = new("repo", "x86_64");

    private readonly TemporaryFolder? _own;
    private readonly WebApplication _app;
    private readonly ErrorLog _log = new();

    private ApiHub(string? folder, Action<IServiceCollection>? more)
    {
        _own = folder is null ? new TemporaryFolder() : null;
        Folder = folder ?? _own!.Path;
        _app = TestGateway.Build(DataFolders.Resolve(Path.Combine(Folder, "data")), services =>
        {
            services.AddSingleton<IRepositoryPublisher>(Publisher);
            services.Configure<FarmOptions>(options =>
            {
                options.SourceRepositories[Source] = new SourceRepositoryOptions { Url = SourceFolder };
                options.TargetRepositories[Target.Name] = new TargetRepositoryOptions { Architectures = ["x86_64", "aarch64"] };
                options.LogsUrl = "https://builds.example.org/logs.html";
            });
            more?.Invoke(services);
        }, _log);
    }

    public string Folder { get; }

    public FakePublisher Publisher { get; } = new();

    public string SourceFolder => Path.Combine(Folder, "source");

    public IServiceProvider Services => _app.Services;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    public Uri Url => new(_app.Urls.Single());

    /// <summary>Without a token.</summary>
    public HttpClient Http { get; private set; } = null!;

    public HttpClient Admin { get; private set; } = null!;

    public IBuildQueueGrain Queue(string arch = "x86_64") => Grains.GetGrain<IBuildQueueGrain>(arch);

    /// <param name="folder">A folder that outlives the hub; null for one of its own.</param>
    /// <param name="more">Changes services before the gateway adds its own.</param>
    public static async Task<ApiHub> StartAsync(string? folder = null, Action<IServiceCollection>? more = null)
    {
        var hub = new ApiHub(folder, more);
        try
        {
            await hub._app.StartAsync();
        }
        catch (OperationCanceledException)
        {
            // Something of it failed beside, and the host called the start off.
            hub._log.Errors.ShouldBeEmpty();
            throw;
        }

        // A stream that is closed is closed: this client would read on for two seconds, in case the connection can be used again.
        hub.Http = new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = hub.Url };
        hub.Admin = await hub.ClientAsync(TokenRole.Admin);
        return hub;
    }

    public async Task<HttpClient> ClientAsync(TokenRole role)
    {
        var (_, token) = await Services.GetRequiredService<TokenStore>().CreateAsync(role, $"the {role}", null, CancellationToken.None);
        var client = new HttpClient { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public static BuildRequest Request(string pkgbase, params string[] dependsOn) => new()
    {
        Package = new PackageKey(Target, pkgbase),
        SourceRepository = Source,
        Commit = "0123456789",
        DependsOn = [.. dependsOn],
        Pkgnames = [pkgbase],
    };

    public async Task<BuildId> EnqueueAsync(string pkgbase, params string[] dependsOn) => (await EnqueueAsync(Request(pkgbase, dependsOn)))[0];

    public async Task<BuildId[]> EnqueueAsync(params BuildRequest[] requests) =>
        [.. (await Queue(requests[0].Package.Target.Arch).EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [.. requests] })).Select(reply => reply.Build)];

    /// <summary>Commits a folder per package, with what it depends on.</summary>
    /// <returns>The commit.</returns>
    public Task<string> CommitAsync(params (string Pkgbase, string? DependsOn)[] packages) => new GitWorkTree(SourceFolder).CommitAsync(
        [.. packages.Select(package => ($"{package.Pkgbase}/PKGBUILD", "")), .. packages.Select(package => ($"{package.Pkgbase}/.SRCINFO", Srcinfo(package.Pkgbase, package.DependsOn)))]);

    private static string Srcinfo(string pkgbase, string? dependsOn)
    {
        var depends = dependsOn is null ? "" : $"makedepends = {dependsOn}\n";
        return $"pkgbase = {pkgbase}\npkgver = 1\npkgrel = 1\narch = any\n{depends}\npkgname = {pkgbase}\n";
    }

    public async Task<JsonElement> GetAsync(string path) => await AnswerAsync(await Http.GetAsync(path), path);

    public async Task<JsonElement> PostAsync(string path, object? body = null) =>
        await AnswerAsync(body is null ? await Admin.PostAsync(path, null) : await Admin.PostAsJsonAsync(path, body), path);

    /// <summary>The status and the detail of a refusal.</summary>
    public static async Task<(HttpStatusCode Status, string Detail)> RefusalAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBeInRange(400, 499, text);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", text);
        var detail = JsonSerializer.Deserialize<JsonElement>(text).TryGetProperty("detail", out var said) ? said.GetString() : null;
        detail.ShouldNotBeNullOrEmpty(text);
        return (answer.StatusCode, detail);
    }

    /// <summary>All items of a list, page by page.</summary>
    public async Task<List<JsonElement>> ReadAllAsync(string path, int limit, Func<Task>? between = null)
    {
        var (items, after) = (new List<JsonElement>(), (string?)null);
        do
        {
            var page = await GetAsync($"{path}{(path.Contains('?') ? '&' : '?')}limit={limit}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            page.GetProperty("items").GetArrayLength().ShouldBeLessThanOrEqualTo(limit);
            items.AddRange(page.GetProperty("items").EnumerateArray());
            after = page.GetProperty("next").GetString();
            await (between?.Invoke() ?? Task.CompletedTask);
        }
        while (after is not null);

        return items;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (!await condition())
        {
            limit.IsCancellationRequested.ShouldBeFalse($"{what} did not happen");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        Admin?.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _own?.Dispose();
    }

    private static async Task<JsonElement> AnswerAsync(HttpResponseMessage answer, string path)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)answer.StatusCode} {text}");
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
    }
}
