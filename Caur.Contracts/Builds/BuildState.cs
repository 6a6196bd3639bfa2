using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Builds;

/// <summary>Where a build is in its life.</summary>
[GenerateSerializer, Alias("caur.BuildState")]
[JsonConverter(typeof(JsonStringEnumConverter<BuildState>))]
public enum BuildState
{
    /// <summary>In the queue; the queue knows why.</summary>
    Waiting,

    /// <summary>Offered to a builder that has not accepted yet.</summary>
    Assigned,

    /// <summary>A builder has it, under a lease.</summary>
    Running,

    /// <summary>Its archives are on their way to the landing zone. From here on it is not cancelled any more.</summary>
    Uploading,

    /// <summary>The target repository has its archives.</summary>
    Publishing,

    /// <summary>Its packages are in the target repository.</summary>
    Published,

    /// <summary>The target repository had this version before.</summary>
    AlreadyBuilt,

    /// <summary>The package's own files decided against a build.</summary>
    Skipped,

    /// <summary>The package does not build, or what was built is not what was ordered.</summary>
    Failed,

    /// <summary>It ran longer than it may.</summary>
    TimedOut,

    /// <summary>It said nothing for longer than it may.</summary>
    Stalled,

    /// <summary>It wanted more memory than it may have.</summary>
    OutOfMemory,

    /// <summary>Somebody ended it.</summary>
    Cancelled,

    /// <summary>A newer order for the same package took its place.</summary>
    Replaced,

    /// <summary>Builders, engine or storage failed it again and again; the package did nothing wrong.</summary>
    SystemError,
}

/// <summary>Questions about a <see cref="BuildState"/>.</summary>
public static class BuildStates
{
    /// <summary>True when nothing changes any more.</summary>
    public static bool IsFinal(this BuildState state) => state >= BuildState.Published;

    /// <summary>True when what depends on this build may go on: the target repository has a usable version.</summary>
    public static bool ReleasesDependants(this BuildState state) =>
        state is BuildState.Published or BuildState.AlreadyBuilt or BuildState.Skipped or BuildState.Replaced;

    /// <summary>True when what depends on this build is held.</summary>
    public static bool HoldsDependants(this BuildState state) => state.IsFinal() && !state.ReleasesDependants();
}
