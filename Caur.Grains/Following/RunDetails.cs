using Caur.Contracts.Sources;

namespace Caur.Grains.Following;

/// <summary>What is durable of one run that ended; it gives its place to the run that comes <see cref="FollowMachine.Kept"/> later.</summary>
internal sealed record RunDetails
{
    public RunView? View { get; init; }
}
