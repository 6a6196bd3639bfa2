using System.Globalization;
using System.Net;
using Caur.Api.Builds;
using Caur.Api.Farm;
using Caur.Api.Logs;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;

namespace Caur.Silo.Cli;

/// <summary>The gateway's routes as methods. Every failure is a <see cref="FarmException"/> that people can act on.</summary>
internal sealed class FarmClient(FarmHttp http) : IDisposable, IAsyncDisposable
{
    /// <summary>Scheduling may have to clone a large source repository first; the farm itself gives up after ten minutes.</summary>
    private static readonly TimeSpan ScheduleLimit = TimeSpan.FromMinutes(11);

    public FarmClient(Uri server, string? token, TimeProvider time)
        : this(new FarmHttp(server, token, time))
    {
    }

    /// <summary>The calls themselves.</summary>
    public FarmHttp Http { get; } = http;

    public Uri Server => Http.Server;

    public void Dispose() => Http.Dispose();

    public ValueTask DisposeAsync() => Http.DisposeAsync();

    /// <summary>What the farm builds from and for.</summary>
    public Task<FarmReply> FarmAsync(CancellationToken cancellationToken) => Http.GetAsync<FarmReply>("api/v1/farm", cancellationToken);

    /// <summary>The queues of all architectures.</summary>
    public Task<IReadOnlyList<QueueSnapshot>> QueueAsync(CancellationToken cancellationToken) =>
        Http.GetAsync<IReadOnlyList<QueueSnapshot>>("api/v1/queue", cancellationToken);

    /// <summary>Queues builds.</summary>
    public Task<ScheduleReply> ScheduleAsync(ScheduleBody body, CancellationToken cancellationToken) =>
        Http.OrderAsync<ScheduleReply>(FarmOrders.Schedule(body), HttpMethod.Post, "api/queue/schedule", body, cancellationToken, ScheduleLimit);

    /// <summary>One build; null when the farm does not know it.</summary>
    public Task<BuildReply?> BuildAsync(BuildId build, CancellationToken cancellationToken) =>
        Http.FindAsync<BuildReply>(BuildPath(build), cancellationToken);

    /// <summary>The builds of a pkgbase, the newest first.</summary>
    public Task<IReadOnlyList<PackageBuild>> BuildsOfAsync(string pkgbase, CancellationToken cancellationToken) =>
        Http.GetAsync<IReadOnlyList<PackageBuild>>($"api/v1/packages/{Uri.EscapeDataString(pkgbase)}/builds", cancellationToken);

    /// <summary>Cancels a build.</summary>
    public Task<CancelReply> CancelAsync(BuildId build, CancellationToken cancellationToken) =>
        Http.OrderAsync<CancelReply>(FarmOrders.Build("cancel", build), HttpMethod.Post, $"{BuildPath(build)}/cancel", null, cancellationToken);

    /// <summary>Promotes a build.</summary>
    public Task<PromoteReply> PromoteAsync(BuildId build, CancellationToken cancellationToken) =>
        Http.OrderAsync<PromoteReply>(FarmOrders.Build("promote", build), HttpMethod.Post, $"{BuildPath(build)}/promote", null, cancellationToken);

    /// <summary>All target repositories.</summary>
    public Task<IReadOnlyList<RepositoryReply>> RepositoriesAsync(CancellationToken cancellationToken) =>
        Http.GetAsync<IReadOnlyList<RepositoryReply>>("api/v1/repositories", cancellationToken);

    /// <summary>One target repository.</summary>
    public Task<RepositoryReply> RepositoryAsync(TargetId target, CancellationToken cancellationToken) =>
        Http.GetAsync<RepositoryReply>(RepositoryPath(target), cancellationToken);

    /// <summary>All packages of the current generation, by name.</summary>
    public async Task<PackagePage> PackagesAsync(TargetId target, CancellationToken cancellationToken)
    {
        var (packages, generation) = (new List<PublishedPackage>(), default(int?));
        while (true)
        {
            var after = packages.Count == 0 ? "" : $"?after={Uri.EscapeDataString(packages[^1].Pkgname)}";
            var page = await Http.GetAsync<PackagePage>($"{RepositoryPath(target)}/packages{after}", cancellationToken);
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

    /// <summary>The pkgbases that the farm knows of.</summary>
    public async Task<IReadOnlyList<string>> PackageNamesAsync(CancellationToken cancellationToken)
    {
        var queued = (await QueueAsync(cancellationToken)).SelectMany(queue => queue.Items).Select(item => item.Build.Pkgbase);
        return [.. queued.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>Orders a change, or asks what it would do.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="verb">remove, keep or rollback.</param>
    /// <param name="body">What is wanted.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<RepositoryChangeView> ChangeAsync(TargetId target, string verb, ChangeBody body, CancellationToken cancellationToken) =>
        Http.OrderAsync<RepositoryChangeView>(FarmOrders.Change(target, verb, body), HttpMethod.Post, $"{RepositoryPath(target)}/{verb}", body, cancellationToken);

    /// <summary>How a change stands.</summary>
    public Task<RepositoryChangeView> ChangeAsync(TargetId target, Guid operation, CancellationToken cancellationToken) =>
        Http.GetAsync<RepositoryChangeView>($"{RepositoryPath(target)}/changes/{operation}", cancellationToken);

    /// <summary>Begins to verify a repository.</summary>
    public Task<VerificationView> BeginVerificationAsync(TargetId target, CancellationToken cancellationToken) =>
        Http.OrderAsync<VerificationView>(FarmOrders.Verify(target), HttpMethod.Post, $"{RepositoryPath(target)}/verify", null, cancellationToken);

    /// <summary>How the newest verification stands.</summary>
    public Task<VerificationView> VerificationAsync(TargetId target, CancellationToken cancellationToken) =>
        Http.GetAsync<VerificationView>($"{RepositoryPath(target)}/verify", cancellationToken);

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
        var answer = await Http.OpenAsync(path, null, cancellationToken, notFoundIsAnswer: true);
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
            using var answer = await Http.OpenAsync("health/ready", TimeSpan.FromSeconds(5), cancellationToken);
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
        using var answer = await Http.OpenAsync("key.asc", null, cancellationToken);
        return await answer.Content.ReadAsStringAsync(cancellationToken);
    }

    private static string RepositoryPath(TargetId target) =>
        $"api/v1/repositories/{Uri.EscapeDataString(target.Name)}/{Uri.EscapeDataString(target.Arch)}";

    private static string BuildPath(BuildId build) => string.Create(
        CultureInfo.InvariantCulture,
        $"api/v1/builds/{Uri.EscapeDataString(build.Target.Name)}/{Uri.EscapeDataString(build.Arch)}/{Uri.EscapeDataString(build.Pkgbase)}/{build.Timestamp}");
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
