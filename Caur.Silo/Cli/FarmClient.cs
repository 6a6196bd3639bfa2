using System.Globalization;
using System.Net;
using Caur.Api.Builders;
using Caur.Api.Builds;
using Caur.Api.Farm;
using Caur.Api.Logs;
using Caur.Api.Packages;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Api.Sources;
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

    private const int PageLimit = 1000;

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
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="role">The roles that what comes next wants, for people.</param>
    public Task<FarmReply> FarmAsync(CancellationToken cancellationToken, string role = FarmOrders.Readers) =>
        Http.GetAsync<FarmReply>("api/v1/farm", cancellationToken, role);

    /// <summary>The queues of all architectures.</summary>
    public Task<IReadOnlyList<QueueSnapshot>> QueueAsync(CancellationToken cancellationToken) => QueuePages.ReadAsync(
        path => Http.GetAsync<QueuePage>(path, cancellationToken), path => Http.GetAsync<Page<BuilderBody>>(path, cancellationToken));

    /// <summary>Queues builds.</summary>
    public async Task<ScheduleReply> ScheduleAsync(ScheduleBody body, CancellationToken cancellationToken) => (await Http.OrderAsync<ScheduleAnswer>(
        FarmOrders.Schedule(body), HttpMethod.Post, "api/queue/schedule", body, cancellationToken, ScheduleLimit)).Reply;

    /// <summary>One build; null when the farm does not know it.</summary>
    public Task<BuildReply?> BuildAsync(BuildId build, CancellationToken cancellationToken) =>
        Http.FindAsync<BuildReply>(BuildPath(build), cancellationToken);

    /// <summary>The builds of a pkgbase that are queued or still have a log, the newest first. Not by <c>packages/PKGBASE/builds</c>: behind the
    /// name of a source repository, which a package may have too, that is a package called <c>builds</c>.</summary>
    public Task<IReadOnlyList<BuildSummary>> BuildsOfAsync(string pkgbase, CancellationToken cancellationToken) =>
        BuildsAsync(FarmPaths.Query(("package", pkgbase)), PageLimit, cancellationToken);

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

    /// <summary>The pkgbases that the farm knows of, by name.</summary>
    /// <param name="part">Only those that have this in their name; null for all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<IReadOnlyList<string>> PackageNamesAsync(string? part, CancellationToken cancellationToken) =>
        [.. (await AllAsync<PackageSummary>($"api/v1/packages{FarmPaths.Query(("name", part))}", cancellationToken)).Select(one => one.Pkgbase)];

    /// <summary>What is queued or with builders, and the queues in numbers.</summary>
    /// <param name="query">Which of it, as <see cref="FarmPaths.Query"/> makes it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="all">False for one page alone.</param>
    public async Task<(IReadOnlyList<QueuedBuildBody> Items, IReadOnlyList<QueueCounts> Queues)> QueueItemsAsync(
        string query, CancellationToken cancellationToken, bool all = true)
    {
        var items = new List<QueuedBuildBody>();
        string? after = null;
        while (true)
        {
            var page = await Http.GetAsync<QueuePage>(Paged($"api/v1/queue{query}", after), cancellationToken);
            items.AddRange(page.Items);
            if (page.Next is null || !all)
            {
                return (items, page.Queues);
            }

            after = page.Next;
        }
    }

    /// <summary>Builds, the newest first.</summary>
    /// <param name="query">Which.</param>
    /// <param name="most">So many at most.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<IReadOnlyList<BuildSummary>> BuildsAsync(string query, int most, CancellationToken cancellationToken)
    {
        var builds = new List<BuildSummary>();
        string? after = null;
        do
        {
            var page = await Http.GetAsync<Page<BuildSummary>>(Paged($"api/v1/builds{query}", after, Math.Min(PageLimit, most)), cancellationToken);
            builds.AddRange(page.Items.Take(most - builds.Count));
            after = page.Next;
        }
        while (after is not null && builds.Count < most);

        return builds;
    }

    /// <summary>The builders, by name.</summary>
    public Task<IReadOnlyList<BuilderBody>> BuildersAsync(CancellationToken cancellationToken) => AllAsync<BuilderBody>("api/v1/builders", cancellationToken);

    /// <summary>Lets a builder take no more builds, or take them again.</summary>
    public Task<BuilderBody> DrainAsync(BuilderId builder, bool drain, CancellationToken cancellationToken) => Http.OrderAsync<BuilderBody>(
        FarmOrders.Drain(builder, drain), HttpMethod.Post, $"{FarmPaths.Builder(builder)}/{(drain ? "drain" : "resume")}", null, cancellationToken);

    /// <summary>Stops or resumes handing out builds.</summary>
    public Task<PauseReply> PauseAsync(bool paused, string? arch, CancellationToken cancellationToken) => Http.OrderAsync<PauseReply>(
        FarmOrders.Pause(paused, arch), HttpMethod.Post, $"api/v1/queue/{(paused ? "pause" : "resume")}", new PauseBody { Arch = arch }, cancellationToken);

    /// <summary>Cancels everything that waits.</summary>
    public Task<QueueResetReply> ResetAsync(string? arch, string? reason, CancellationToken cancellationToken) => Http.OrderAsync<QueueResetReply>(
        FarmOrders.Reset(arch), HttpMethod.Post, "api/v1/queue/reset", new ResetBody { Arch = arch, Reason = reason }, cancellationToken, ScheduleLimit);

    /// <summary>Builds the same again.</summary>
    public Task<RetryReply> RetryAsync(BuildId build, Guid operation, CancellationToken cancellationToken) => Http.OrderAsync<RetryReply>(
        FarmOrders.Retry(build, operation), HttpMethod.Post, $"{BuildPath(build)}/retry", new RetryBody { Operation = operation }, cancellationToken, ScheduleLimit);

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

    /// <summary>The source repositories, by id, and how they are followed.</summary>
    public Task<IReadOnlyList<SourceView>> SourcesAsync(CancellationToken cancellationToken) =>
        Http.GetAsync<IReadOnlyList<SourceView>>("api/v1/sources", cancellationToken);

    /// <summary>The runs of a source repository that are remembered, the newest first.</summary>
    public Task<IReadOnlyList<RunSummary>> RunsAsync(string source, CancellationToken cancellationToken) =>
        Http.GetAsync<IReadOnlyList<RunSummary>>($"{FarmPaths.Source(source)}/runs", cancellationToken);

    /// <summary>A run as it stands.</summary>
    public Task<RunView> RunAsync(string source, long number, CancellationToken cancellationToken) =>
        Http.GetAsync<RunView>(string.Create(CultureInfo.InvariantCulture, $"{FarmPaths.Source(source)}/runs/{number}"), cancellationToken);

    /// <summary>Orders a run.</summary>
    public Task<StartRunReply> StartRunAsync(string source, StartRunBody body, CancellationToken cancellationToken) =>
        Http.OrderAsync<StartRunReply>(FarmOrders.Run(source, body), HttpMethod.Post, $"{FarmPaths.Source(source)}/runs", body, cancellationToken);

    /// <summary>What is followed of a package, what was decided of it, and why.</summary>
    public Task<PackageWhy> WhyAsync(string source, string pkgbase, CancellationToken cancellationToken) =>
        Http.GetAsync<PackageWhy>($"api/v1/packages/{Uri.EscapeDataString(source)}/{Uri.EscapeDataString(pkgbase)}/why", cancellationToken);

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
            var nearest = await PackageNames.NearestAsync(this, pkgbase, cancellationToken);
            throw new FarmException(ExitCodes.Failed, $"there is no build of '{pkgbase}'{which} in the queue, and no log of one{(nearest.Length > 0 ? nearest : ". 'caur queue' shows what is queued.")}");
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

    private static string RepositoryPath(TargetId target) => FarmPaths.Repository(target);

    private static string BuildPath(BuildId build) => FarmPaths.Build(build);

    private static string Paged(string path, string? after, int limit = PageLimit) => string.Create(
        CultureInfo.InvariantCulture,
        $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");

    private async Task<IReadOnlyList<T>> AllAsync<T>(string path, CancellationToken cancellationToken)
    {
        var items = new List<T>();
        string? after = null;
        do
        {
            var page = await Http.GetAsync<Page<T>>(Paged(path, after), cancellationToken);
            items.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);

        return items;
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
