using Caur.Contracts.Builds;

namespace Caur.Grains.Builds;

/// <summary>The farm's own lines at the end of an attempt.</summary>
internal static class BuildLogLines
{
    public static string For(BuildRecord record) => record.State switch
    {
        BuildState.Waiting => $"{record.Reason}. The build is tried again.",
        BuildState.Publishing => "Build finished. Waiting for publication...",
        BuildState.Published => $"Package successfully deployed: {record.Reason}.",
        BuildState.AlreadyBuilt => "Build skipped because package was already built.",
        BuildState.Skipped => "Build skipped intentionally via build tools.",
        BuildState.TimedOut => $"Build timed out: {record.Reason}.",
        BuildState.Replaced => $"Build canceled and {record.Reason}.",
        BuildState.Cancelled => $"Build canceled: {record.Reason}.",
        _ => $"Build failed ({record.State}): {record.Reason}.",
    };
}
