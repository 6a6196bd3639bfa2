using Caur.Contracts.Builds;

namespace Caur.Grains.Notifications;

/// <summary>How a build stands, in a forge's words.</summary>
/// <param name="State">The forge's word.</param>
/// <param name="Description">One line for people.</param>
internal readonly record struct CommitStatus(string State, string Description)
{
    /// <summary>GitLab's; the texts are the original's where it had one.</summary>
    public static CommitStatus OfGitLab(BuildState state) => state switch
    {
        BuildState.Waiting or BuildState.Assigned => new("pending", "Waiting for builder..."),
        BuildState.Running => new("running", "Build in progress..."),
        BuildState.Uploading => new("running", "Uploading packages..."),
        BuildState.Publishing => new("running", "Publishing packages..."),
        BuildState.Published => new("success", "Package successfully deployed."),
        BuildState.AlreadyBuilt => new("canceled", "Build skipped because package was already built."),
        BuildState.Skipped => new("canceled", "Build skipped intentionally via build tools."),
        BuildState.TimedOut => new("failed", "Build timed out."),
        BuildState.Stalled => new("failed", "Build timed out: it said nothing for too long."),
        BuildState.OutOfMemory => new("failed", "Build failed: it ran out of memory."),
        BuildState.Cancelled => new("canceled", "Build canceled."),
        BuildState.Replaced => new("canceled", "Build canceled and replaced."),
        BuildState.SystemError => new("failed", "Build failed: builders or their system failed it."),
        _ => new("failed", "Build failed."),
    };

    /// <summary>GitHub's, which knows no cancellation: what need not be built went well, and what somebody ended did not.</summary>
    public static CommitStatus OfGitHub(BuildState state)
    {
        var (word, description) = OfGitLab(state);
        return new(
            state switch
            {
                BuildState.AlreadyBuilt or BuildState.Skipped => "success",
                BuildState.Cancelled or BuildState.Replaced or BuildState.SystemError => "error",
                _ => word switch { "running" => "pending", "failed" => "failure", _ => word },
            },
            description);
    }
}
