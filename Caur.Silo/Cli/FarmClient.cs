using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Api.Builders;
using Caur.Api.Builds;
using Caur.Api.Farm;
using Caur.Api.Logs;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;

namespace Caur.Silo.Cli;

/// <summary>The gateway's routes as methods. Every failure is a <see cref="FarmException"/> that people can act on.</summary>
internal sealed class FarmClient : IDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(100);

    /// <summary>Scheduling may have to clone a large source repository first; the farm itself gives up after ten minutes.</summary>
    private static readonly TimeSpan ScheduleLimit = TimeSpan.FromMinutes(11);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly bool _hasToken;

    public FarmClient(Uri server, string? token, TimeProvider time, string? traceParent = null)
    {
        _time = time;
        _hasToken = token is not null;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),

            // A token must not follow a redirect to somebody else.
            AllowAutoRedirect = false,
            UseProxy = !server.IsLoopback,
            UseCookies = false,
        })
        {
            BaseAddress = server,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = Bearer(token);
        }

        if (traceParent is not null)
        {
            _http.DefaultRequestHeaders.TryAddWithoutValidation("traceparent", traceParent);
        }
    }

    public Uri Server => _http.BaseAddress!;

    public void Dispose() => _http.Dispose();

    /// <summary>What the farm builds from and for.</summary>
    public Task<FarmReply> FarmAsync(CancellationToken cancellationToken) => GetAsync<FarmReply>("api/v1/farm", cancellationToken);

    /// <summary>The queues of all architectures.</summary>
    public Task<IReadOnlyList<QueueSnapshot>> QueueAsync(CancellationToken cancellationToken) => QueuePages.ReadAsync(
        path => GetAsync<QueuePage>(path, cancellationToken), path => GetAsync<Page<BuilderBody>>(path, cancellationToken));

    /// <summary>Queues builds.</summary>
    public async Task<ScheduleReply> ScheduleAsync(ScheduleBody body, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body, options: JsonText.Wire);
        using var answer = await SendAsync(HttpMethod.Post, "api/queue/schedule", content, ScheduleLimit, cancellationToken);
        return await ReadAsync<ScheduleReply>(answer, cancellationToken);
    }

    /// <summary>One build; null when the farm does not know it.</summary>
    public async Task<BuildReply?> BuildAsync(BuildId build, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, BuildPath(build), null, CallLimit, cancellationToken, notFoundIsAnswer: true);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync<BuildReply>(answer, cancellationToken);
    }

    /// <summary>The builds of a pkgbase, the newest first.</summary>
    public Task<IReadOnlyList<PackageBuild>> BuildsOfAsync(string pkgbase, CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<PackageBuild>>($"api/v1/packages/{Uri.EscapeDataString(pkgbase)}/builds", cancellationToken);

    /// <summary>Cancels a build.</summary>
    public async Task<CancelReply> CancelAsync(BuildId build, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"{BuildPath(build)}/cancel", null, CallLimit, cancellationToken);
        return await ReadAsync<CancelReply>(answer, cancellationToken);
    }

    /// <summary>Promotes a build.</summary>
    public async Task<PromoteReply> PromoteAsync(BuildId build, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"{BuildPath(build)}/promote", null, CallLimit, cancellationToken);
        return await ReadAsync<PromoteReply>(answer, cancellationToken);
    }

    /// <summary>All target repositories.</summary>
    public Task<IReadOnlyList<RepositoryReply>> RepositoriesAsync(CancellationToken cancellationToken) =>
        GetAsync<IReadOnlyList<RepositoryReply>>("api/v1/repositories", cancellationToken);

    /// <summary>One target repository.</summary>
    public Task<RepositoryReply> RepositoryAsync(TargetId target, CancellationToken cancellationToken) =>
        GetAsync<RepositoryReply>(RepositoryPath(target), cancellationToken);

    /// <summary>All packages of the current generation, by name.</summary>
    public async Task<PackagePage> PackagesAsync(TargetId target, CancellationToken cancellationToken)
    {
        var (packages, generation) = (new List<PublishedPackage>(), default(int?));
        while (true)
        {
            var after = packages.Count == 0 ? "" : $"?after={Uri.EscapeDataString(packages[^1].Pkgname)}";
            var page = await GetAsync<PackagePage>($"{RepositoryPath(target)}/packages{after}", cancellationToken);
            if (packages.Count > 0 && page.Generation != generation)
            {
                // Another generation came in between: from the start.
                packages.Clear();
                continue;
            }

            generation = page.Generation;
            packages.AddRange(page.Packages);
            if (page.Next is null)
            {
                return page with { Packages = [.. packages] };
            }
        }
    }

    /// <summary>Orders a change, or asks what it would do.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="verb">remove, keep or rollback.</param>
    /// <param name="body">What is wanted.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<RepositoryChangeView> ChangeAsync(TargetId target, string verb, ChangeBody body, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body, options: JsonText.Wire);
        using var answer = await SendAsync(HttpMethod.Post, $"{RepositoryPath(target)}/{verb}", content, CallLimit, cancellationToken);
        return await ReadAsync<RepositoryChangeView>(answer, cancellationToken);
    }

    /// <summary>How a change stands.</summary>
    public Task<RepositoryChangeView> ChangeAsync(TargetId target, Guid operation, CancellationToken cancellationToken) =>
        GetAsync<RepositoryChangeView>($"{RepositoryPath(target)}/changes/{operation}", cancellationToken);

    /// <summary>Begins to verify a repository.</summary>
    public async Task<VerificationView> BeginVerificationAsync(TargetId target, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"{RepositoryPath(target)}/verify", null, CallLimit, cancellationToken);
        return await ReadAsync<VerificationView>(answer, cancellationToken);
    }

    /// <summary>How the newest verification stands.</summary>
    public Task<VerificationView> VerificationAsync(TargetId target, CancellationToken cancellationToken) =>
        GetAsync<VerificationView>($"{RepositoryPath(target)}/verify", cancellationToken);

    /// <summary>Opens a log. Dispose of what is returned.</summary>
    /// <param name="pkgbase">Whose.</param>
    /// <param name="timestamp">Of which build; null for the newest.</param>
    /// <param name="offset">From which byte.</param>
    /// <param name="follow">False ends it with what is there.</param>
    /// <param name="cancellationToken">Ends the call, not the reading.</param>
    public async Task<LogAnswer> OpenLogAsync(string pkgbase, long? timestamp, long offset, bool follow, CancellationToken cancellationToken)
    {
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"api/logs/{Uri.EscapeDataString(pkgbase)}{(timestamp is null ? "" : $"/{timestamp}")}?offset={offset}&follow={(follow ? "true" : "false")}");
        var answer = await SendAsync(HttpMethod.Get, path, null, CallLimit, cancellationToken, notFoundIsAnswer: true);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            answer.Dispose();
            var which = timestamp is null ? "" : string.Create(CultureInfo.InvariantCulture, $" of {timestamp}");
            throw new FarmException(ExitCodes.Failed, $"there is no build of '{pkgbase}'{which} in the queue, and no log of one. 'caur queue' shows what is queued.");
        }

        var named = answer.Headers.TryGetValues(LogEndpoints.BuildHeader, out var values) ? values.FirstOrDefault() : null;
        return new LogAnswer(
            answer, await answer.Content.ReadAsStreamAsync(cancellationToken), BuildId.TryParse(named, null, out var build) ? build : null);
    }

    /// <summary>True when the hub answers that it is ready.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await SendAsync(HttpMethod.Get, "health/ready", null, TimeSpan.FromSeconds(5), cancellationToken);
            return true;
        }
        catch (FarmException)
        {
            return false;
        }
    }

    /// <summary>The farm's public key, armored.</summary>
    public async Task<string> PublicKeyAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, "key.asc", null, CallLimit, cancellationToken);
        return await answer.Content.ReadAsStringAsync(cancellationToken);
    }

    private static AuthenticationHeaderValue Bearer(string token)
    {
        try
        {
            return new AuthenticationHeaderValue("Bearer", token.Any(c => c is <= ' ' or >= (char)127) ? throw new FormatException() : token);
        }
        catch (FormatException)
        {
            throw new FarmException(ExitCodes.Usage, "the token holds characters that no token has (--token, CAUR_TOKEN)");
        }
    }

    private static string RepositoryPath(TargetId target) =>
        $"api/v1/repositories/{Uri.EscapeDataString(target.Name)}/{Uri.EscapeDataString(target.Arch)}";

    private static string BuildPath(BuildId build) => string.Create(
        CultureInfo.InvariantCulture,
        $"api/v1/builds/{Uri.EscapeDataString(build.Target.Name)}/{Uri.EscapeDataString(build.Arch)}/{Uri.EscapeDataString(build.Pkgbase)}/{build.Timestamp}");

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, CallLimit, cancellationToken);
        return await ReadAsync<T>(answer, cancellationToken);
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync<T>(JsonText.Wire, cancellationToken) ?? throw new JsonException("the answer is null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new FarmException(
                ExitCodes.Failed, $"{answer.RequestMessage?.RequestUri} answered what this version does not understand. Is {Server} a Caur hub of this version? ({error.Message})", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw FarmFailures.Unreachable(Server, error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, TimeSpan limit, CancellationToken cancellationToken, bool notFoundIsAnswer = false)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw FarmFailures.Unreachable(Server, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw FarmFailures.TooSlow(Server, limit, error);
        }

        if (answer.IsSuccessStatusCode || (notFoundIsAnswer && answer.StatusCode == HttpStatusCode.NotFound))
        {
            return answer;
        }

        using (answer)
        {
            throw await FarmFailures.RefusedAsync(Server, method, path, answer, _hasToken, linked.Token);
        }
    }
}

/// <summary>An opened log.</summary>
/// <param name="Answer">Owns the connection.</param>
/// <param name="Bytes">The log from the offset on. A clean end is the log's end; a break is an exception.</param>
/// <param name="Build">Whose log it is, if the hub says so.</param>
internal sealed record LogAnswer(HttpResponseMessage Answer, Stream Bytes, BuildId? Build) : IDisposable
{
    public void Dispose()
    {
        Bytes.Dispose();
        Answer.Dispose();
    }
}
