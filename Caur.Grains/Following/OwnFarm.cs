using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Caur.Pipelines.Hosting;
using Orleans;

namespace Caur.Grains.Following;

/// <summary>This farm, for a pipeline that it runs itself. A source repository's own settings say what is ordered, so it orders for itself
/// alone.</summary>
/// <param name="source">The source repository that is run for.</param>
/// <param name="named">The source repository that its settings name.</param>
/// <param name="priority">Of the builds that it orders.</param>
/// <param name="grains">The farm.</param>
/// <param name="farm">Its configuration.</param>
/// <param name="clock">The clock.</param>
internal sealed class OwnFarm(string source, string named, BuildPriority priority, IGrainFactory grains, FarmOptions farm, TimeProvider clock) : IFarm
{
    /// <summary>A change that is ordered is durable; whether it is refused shows much earlier than this.</summary>
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    public Task<FarmNames> DescribeAsync(CancellationToken cancellationToken) => Task.FromResult(named != source && farm.SourceRepositories.ContainsKey(named)
        ? throw Refused($"BUILD_REPO in .ci/config is '{named}', and this is the source repository {source}: it can only order for itself")
        : new FarmNames(
        [.. farm.SourceRepositories.Keys.Order(StringComparer.Ordinal)],
        [
            .. farm.TargetRepositories.OrderBy(target => target.Key, StringComparer.Ordinal)
                .Select(target => new FarmTargetName(target.Key, [.. target.Value.Architectures])),
        ]));

    public async Task<ScheduleOutcome> ScheduleAsync(ScheduleOrder order, CancellationToken cancellationToken)
    {
        // The names were compared before; another one's builds are not ordered here in any case.
        var reply = await CallAsync(() => grains.GetGrain<ISourceRepositoryGrain>(source).ScheduleAsync(new ScheduleRequest
        {
            Operation = order.Operation,
            Target = new TargetId(order.TargetRepository, order.Arch),
            Commit = order.Commit,
            Pipeline = order.Pipeline,
            Packages = [.. order.Packages.Select(package => new ScheduledPackage(package.Pkgbase, package.BuilderClass))],
            Priority = priority,
        }));
        return reply.Error is { } error ? throw new FarmUnavailableException(error) { IsRefusal = !reply.MayPass } : new ScheduleOutcome(
            reply.Builds.GroupBy(build => build.Build.Pkgbase, StringComparer.Ordinal)
                .ToImmutableDictionary(group => group.Key, group => group.Last().Build.ToString(), StringComparer.Ordinal),
            reply.Refused.GroupBy(refused => refused.Pkgbase, StringComparer.Ordinal)
                .ToImmutableDictionary(group => group.Key, group => group.Last().Reason, StringComparer.Ordinal),
            reply.Notes);
    }

    public async Task<RemovalOutcome> KeepAsync(KeepOrder order, CancellationToken cancellationToken)
    {
        var target = new TargetId(order.TargetRepository, order.Arch);
        var repository = grains.GetGrain<ITargetRepositoryGrain>(target.ToString());
        var change = new RepositoryChange
        {
            Operation = order.Operation,
            Kind = RepositoryChangeKind.Keep,
            Names = order.Pkgbases,
            Force = order.Force,
        };
        var view = await CallAsync(() => order.DryRun ? repository.PlanChangeAsync(change) : repository.ChangeAsync(change));
        var since = clock.GetTimestamp();
        while (view.State == RepositoryChangeState.Pending && clock.GetElapsedTime(since) < ChangeLimit)
        {
            await Task.Delay(AskEvery, clock, cancellationToken);
            view = await CallAsync(() => repository.GetChangeAsync(order.Operation)) ?? view;
        }

        return view.Refusal == RepositoryChangeRefusal.None
            ? new RemovalOutcome(
                view.Changes.GroupBy(one => one.Pkgbase, StringComparer.Ordinal).ToImmutableDictionary(
                    group => group.Key, group => group.Select(one => one.Pkgname).ToImmutableArray(), StringComparer.Ordinal),
                view.State != RepositoryChangeState.Pending ? null : view.Reason.Length > 0 ? view.Reason : "other changes are before it")
            : throw Refused($"{target} keeps its packages: {view.Reason}");
    }

    private static FarmUnavailableException Refused(string message) => new(message) { IsRefusal = true };

    /// <summary>A grain that fails, or does not answer, may do so in a moment.</summary>
    private static async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new FarmUnavailableException($"the farm could not be asked: {error.Message}", error);
        }
    }
}
