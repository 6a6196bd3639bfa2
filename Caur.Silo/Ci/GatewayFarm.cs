using System.Collections.Immutable;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Pipelines.Hosting;
using Caur.Silo.Cli;

namespace Caur.Silo.Ci;

/// <summary>A farm behind its gateway.</summary>
/// <param name="farm">The gateway.</param>
/// <param name="context">For the clock and what is told while it waits.</param>
/// <param name="priority">Of the builds that are ordered.</param>
/// <param name="quiet">Nothing is told.</param>
internal sealed class GatewayFarm(FarmClient farm, CliContext context, BuildPriority priority, bool quiet) : IFarm
{
    /// <summary>A change that is ordered is durable; whether it is refused shows much earlier than this.</summary>
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromMinutes(5);

    /// <summary>A hub that restarts is back before these are over.</summary>
    private static readonly TimeSpan[] Pauses = [.. new[] { 1, 2, 4, 8, 15 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    /// <summary>What went wrong last; null when nothing did.</summary>
    public FarmException? Failure { get; private set; }

    public Task<FarmNames> DescribeAsync(CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var known = await farm.FarmAsync(cancellationToken, FarmOrders.Pipelines);
            return new FarmNames(
                [.. known.SourceRepositories],
                [.. known.TargetRepositories.Select(target => new FarmTargetName(target.Name, [.. target.Architectures]))]);
        },
        again: false,
        cancellationToken);

    public Task<ScheduleOutcome> ScheduleAsync(ScheduleOrder order, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var reply = await farm.ScheduleAsync(
                new ScheduleBody
                {
                    Arch = order.Arch,
                    TargetRepo = order.TargetRepository,
                    SourceRepo = order.SourceRepository,
                    Commit = order.Pipeline is null ? order.Commit : $"{order.Commit}:{order.Pipeline}",
                    Packages = [.. order.Packages.Select(Package)],
                    Operation = order.Operation,
                    Priority = priority,
                },
                cancellationToken);
            return new ScheduleOutcome(
                reply.Builds.GroupBy(build => build.Build.Pkgbase, StringComparer.Ordinal)
                    .ToImmutableDictionary(group => group.Key, group => group.Last().Build.ToString(), StringComparer.Ordinal),
                reply.Refused.GroupBy(refused => refused.Pkgbase, StringComparer.Ordinal)
                    .ToImmutableDictionary(group => group.Key, group => group.Last().Reason, StringComparer.Ordinal),
                [.. reply.Notes]);
        },
        again: true,
        cancellationToken);

    public Task<RemovalOutcome> KeepAsync(KeepOrder order, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var target = RepositoryChoice.Of(order.TargetRepository, order.Arch);
            var view = await farm.ChangeAsync(
                target,
                "keep",
                new ChangeBody
                {
                    Names = [.. order.Pkgbases],
                    Force = order.Force,
                    DryRun = order.DryRun,
                    Operation = order.Operation,
                    Reason = order.Reason,
                },
                cancellationToken);
            view = await FollowAsync(target, view, cancellationToken);
            return view.Refusal == RepositoryChangeRefusal.None
                ? new RemovalOutcome(
                    view.Changes.GroupBy(change => change.Pkgbase, StringComparer.Ordinal).ToImmutableDictionary(
                        group => group.Key, group => group.Select(change => change.Pkgname).ToImmutableArray(), StringComparer.Ordinal),
                    view.State != RepositoryChangeState.Pending ? null : view.Reason.Length > 0 ? view.Reason : "other changes are before it")
                : throw new FarmException(ExitCodes.Failed, $"{target} keeps its packages: {view.Reason}");
        },
        again: true,
        cancellationToken);

    private static ScheduleBodyPackage Package(WantedPackage package) =>
        PackageArgument.TryParse(package.BuilderClass is null ? package.Pkgbase : $"{package.Pkgbase}/{package.BuilderClass}", out var problem)
        ?? throw new FarmException(ExitCodes.Failed, problem!);

    /// <summary>Waits until a change is in effect or refused, but not for ever.</summary>
    private async Task<RepositoryChangeView> FollowAsync(TargetId target, RepositoryChangeView view, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ChangeLimit, context.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await new ChangeFollower(farm, context) { IsQuiet = quiet }.WaitAsync(target, view, linked.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return await farm.ChangeAsync(target, view.Operation, cancellationToken);
        }
    }

    /// <summary>What is ordered with an operation's id can be ordered again.</summary>
    private async Task<T> CallAsync<T>(Func<Task<T>> call, bool again, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await call();
            }
            catch (FarmException error) when (again && error.IsTransient && tries < Pauses.Length)
            {
                context.Error.WriteLine($"note: {error.Message.Split('\n')[0]}. It is tried again in {Pauses[tries].TotalSeconds:0} s.");
                await Task.Delay(Pauses[tries], context.Time, cancellationToken);
            }
            catch (FarmException error)
            {
                Failure = error;
                throw new FarmUnavailableException(error.Message, error);
            }
        }
    }
}
