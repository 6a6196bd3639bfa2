using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Builds;

/// <summary>One build from its acceptance on; its key is the <see cref="BuildId"/>.</summary>
[Alias("caur.IBuildGrain")]
public interface IBuildGrain : IGrainWithStringKey
{
    /// <summary>Starts an attempt. Repeating it for the current attempt of the same builder changes nothing.</summary>
    [Alias("Accept")]
    Task<BuildStatus> AcceptAsync(BuildRequest request, BuildAttempt attempt);

    /// <summary>Notes that the current attempt uploads.</summary>
    [Alias("Uploading")]
    Task<BuildStatus> UploadingAsync(BuildAttempt attempt);

    /// <summary>Ends an attempt. With archives, the target repository has the order to publish them when this answers.</summary>
    [Alias("Complete")]
    Task<BuildStatus> CompleteAsync(AttemptReport report, FinalVerdict? verdict);

    /// <summary>Ends a build that no builder accepted, or whose attempts are used up.</summary>
    [Alias("Close")]
    Task<BuildStatus> CloseAsync(BuildRequest request, FinalVerdict verdict);

    /// <summary>News from the target repository.</summary>
    [Alias("Published")]
    [OneWay]
    Task PublishedAsync(PublicationNews news);

    /// <summary>Asks the target repository again how a publication stands, and answers with what is known then.</summary>
    [Alias("Reconcile")]
    Task<BuildStatus> ReconcileAsync();

    /// <summary>The build as people see it; null when no builder ever accepted it and nothing ended it.</summary>
    [Alias("Get")]
    [ReadOnly]
    Task<BuildView?> GetAsync();
}

/// <summary>A build's state as one grain tells another.</summary>
/// <param name="Current">False when the call named an attempt that is not the current one: nothing was changed.</param>
/// <param name="State">The state after the call.</param>
/// <param name="Attempts">How many attempts there were.</param>
/// <param name="Reason">One line for people.</param>
[GenerateSerializer, Alias("caur.BuildStatus"), Immutable]
public sealed record BuildStatus(
    [property: Id(0)] bool Current, [property: Id(1)] BuildState State, [property: Id(2)] int Attempts, [property: Id(3)] string Reason);

/// <summary>A final state and why.</summary>
/// <param name="State">A final state.</param>
/// <param name="Reason">One line for people.</param>
[GenerateSerializer, Alias("caur.FinalVerdict"), Immutable]
public sealed record FinalVerdict([property: Id(0)] BuildState State, [property: Id(1)] string Reason);
