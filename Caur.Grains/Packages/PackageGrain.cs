using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Grains.State;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Grains.Packages;

/// <summary>What was learned of one package folder. It calls nobody. A schedule asks thousands at once and none of them again for long, so
/// none stays in memory for that; two minutes, because idle grains are looked for every minute.</summary>
[CollectionAgeLimit(Minutes = 2)]
internal sealed partial class PackageGrain(
    [PersistentState("package", GrainStorageNames.Farm)] IPersistentState<BuildHistory> history, ILogger<PackageGrain> logger) : Grain, IPackageGrain
{
    public async Task FinishedAsync(FinishedBuild build)
    {
        var next = history.State.With(build);
        if (ReferenceEquals(next, history.State))
        {
            return;
        }

        history.State = next;
        try
        {
            await history.WriteStateAsync();
        }
        catch (Exception exception)
        {
            // Nobody waits for this, and it costs no more than an estimate.
            LogNotWritten(logger, build.Build, exception);
            DeactivateOnIdle();
        }
    }

    public Task<TimeSpan> EstimateAsync(string arch)
    {
        DeactivateOnIdle();
        return Task.FromResult(DurationEstimate.For(history.State.Newest, arch));
    }

    public Task<ImmutableArray<FinishedBuild>> GetHistoryAsync()
    {
        if (history.State.Newest.IsEmpty)
        {
            // Any name can be asked for: none of them stays.
            DeactivateOnIdle();
        }

        return Task.FromResult<ImmutableArray<FinishedBuild>>([.. history.State.Newest.Reverse()]);
    }

    public async Task DecidedAsync(DecidedPackage decision)
    {
        history.State = history.State.With(decision);
        try
        {
            await history.WriteStateAsync();
        }
        catch
        {
            // Memory is ahead of storage; who told it tells it again.
            DeactivateOnIdle();
            throw;
        }
    }

    public Task<ImmutableArray<DecidedPackage>> GetDecisionsAsync()
    {
        if (history.State.Decisions.IsEmpty)
        {
            DeactivateOnIdle();
        }

        return Task.FromResult<ImmutableArray<DecidedPackage>>([.. history.State.Decisions.Reverse()]);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "How long {Build} took could not be written and is forgotten")]
    private static partial void LogNotWritten(ILogger logger, BuildId build, Exception exception);
}
